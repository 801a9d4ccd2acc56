"""Maps in the terminal and in figures."""
