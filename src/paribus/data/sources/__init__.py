"""Where pictures come from: digits, STL-10, the user's own folders."""
