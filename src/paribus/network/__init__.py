"""The networks that are trained, and what they say of themselves."""
