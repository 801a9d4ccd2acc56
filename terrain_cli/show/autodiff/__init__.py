"""Expression trees on screen and as drawings."""
