"""The site of the documents, built once for all tests of a process."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
NEEDED = ("mkdocs", "material", "mkdocstrings", "pymdownx")


@dataclass(frozen=True)
class Built:
    """Where the site lies, how its build ended and what it said."""

    folder: Path
    code: int
    said: str


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    for name in NEEDED:
        pytest.importorskip(name, reason="the site needs: pip install 'paribus[docs]'")
    folder = tmp_path_factory.mktemp("site").resolve()
    done = subprocess.run(
        # Not --quiet, with which --strict sees no warning.
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
        cwd=REPOSITORY,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )
    return Built(folder, done.returncode, done.stdout + done.stderr)
