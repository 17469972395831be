"""Runs written by the real libraries, in a process of their own, where they are installed."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest


def write(libraries: str, script: str, folder: Path) -> None:
    """Run a script in a folder; the test is skipped where a library isn't installed."""
    for library in libraries.split():
        if importlib.util.find_spec(library) is None:
            pytest.skip(f"{library} isn't installed (the extra `trackers`)")
    settings = {
        "WANDB_MODE": "offline",
        "WANDB_SILENT": "true",
        "TRACKIO_DIR": str(folder),
        "HF_HUB_OFFLINE": "1",
        "MLFLOW_ALLOW_FILE_STORE": "true",
        "HOME": str(folder),
    }
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
