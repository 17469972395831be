"""Random changes to training images: what is drawn for them, and how they are made."""
