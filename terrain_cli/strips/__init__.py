"""Strips of ground: the puzzle of the post, with everything that is known about it."""
