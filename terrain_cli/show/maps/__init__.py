"""Maps on screen and in figures."""
