"""Even ground for people."""
