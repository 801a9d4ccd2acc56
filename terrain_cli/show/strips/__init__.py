"""Strips in the terminal, in figures and on the page of a report."""
