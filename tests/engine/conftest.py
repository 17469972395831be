"""The engine under test: the installed one, or in `make sanitize` the one that watches itself."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from paribus.engine import library


@pytest.fixture(scope="session")
def engine() -> Iterator[library.Library]:
    """The engine's library; tests that need one are skipped where none was compiled."""
    with pytest.MonkeyPatch.context() as patch:
        if folder := os.environ.get("SANITIZED"):
            patch.setattr(library, "FOLDER", Path(folder))
        library.library.cache_clear()
        try:
            yield library.library()
        except library.NoLibrary as reason:
            pytest.skip(f"no engine: {reason}")
    library.library.cache_clear()
