"""Arrival times over a map: solvers of the eikonal equation."""
