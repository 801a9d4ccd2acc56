"""Batches: any number of scenarios, solved from one file to another; interrupted runs can be resumed."""
