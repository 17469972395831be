"""Which differences are real."""
