"""Questions about even ground."""
