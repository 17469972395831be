"""Files: written whole or not at all, read within bounds, and the lock on a folder."""
