"""One setting and one seed become a trained network."""
