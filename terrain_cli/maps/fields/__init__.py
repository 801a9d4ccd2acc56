"""Arrival times over a map: the eikonal equation."""
