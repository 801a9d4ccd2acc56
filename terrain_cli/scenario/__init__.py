"""Scenario files: reading and validation."""
