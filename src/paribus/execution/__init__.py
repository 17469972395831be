"""Runs in parallel, one process a core."""
