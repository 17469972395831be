"""Runs in parallel, one process per core."""
