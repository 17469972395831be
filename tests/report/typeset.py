"""TeX itself, where it is installed: whether it sets what we wrote, and what it shows."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ENGINES = ("pdflatex", "xelatex")


def compiled(document: Path, engine: str, into: Path) -> Path:
    """The PDF of a document; the first error of TeX fails the test."""
    if shutil.which(engine) is None:
        pytest.skip(f"{engine} isn't installed")
    words = [engine, "-interaction=nonstopmode", "-halt-on-error", "-output-directory", str(into)]
    done = subprocess.run(
        [*words, document.name], cwd=document.parent, capture_output=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout.decode("utf-8", "replace")[-2000:]
    return into / f"{document.stem}.pdf"


def text_of(pdf: Path) -> str:
    """The words of a PDF as pdftotext finds them, with single spaces."""
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext isn't installed")
    done = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], capture_output=True, check=True)
    return " ".join(done.stdout.decode().split())
