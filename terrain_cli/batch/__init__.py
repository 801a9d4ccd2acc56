"""Batches: any number of scenarios from a file to a file, resumable."""
