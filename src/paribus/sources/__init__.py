"""Runs that other tools left on disk: a small reader for each layout, behind one interface."""
