"""Expression trees in the terminal and as drawings."""
