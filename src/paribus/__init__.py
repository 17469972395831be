"""Paribus: change one thing in a network; learn what it really did."""

__version__ = "0.1.0"
