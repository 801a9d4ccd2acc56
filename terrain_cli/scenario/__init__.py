"""Scenario files: read, checked, and handed to their kind."""
