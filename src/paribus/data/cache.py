"""Where Paribus keeps what it can make again: resized pictures and downloads."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def cache_folder() -> Path:
    """The folder named by PARIBUS_CACHE, or the user's cache folder on this system."""
    named = os.environ.get("PARIBUS_CACHE")
    return Path(named) if named else platformdirs.user_cache_path("paribus")
