"""Strips on screen, in figures and on the page."""
