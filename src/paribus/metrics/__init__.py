"""The one registry of metrics, and how each is worked out from a record."""
