"""The site of the documents, built once for all tests of a run."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest

REPOSITORY = Path(__file__).parents[2]


@cache
def build() -> subprocess.CompletedProcess[str]:
    """What the strict build of the site said; `args[-1]` is where it lies."""
    for needed in ("mkdocs", "material", "mkdocstrings", "pymdownx"):
        pytest.importorskip(needed, reason="the site needs `pip install 'paribus[docs]'`")
    place = mkdtemp(prefix="paribus-site-")
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", place],
        cwd=REPOSITORY,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )


def site() -> Path:
    """The folder of the site."""
    return Path(build().args[-1])
