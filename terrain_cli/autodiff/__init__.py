"""Automatic differentiation made visible: traced programs, and expressions from the command line, as trees."""
