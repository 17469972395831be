"""The engine is compiled without a warning, twice to the same bytes, or not at all, and no harm."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import paribus.engine
from effort import EFFORT

SOURCE = Path(__file__).parents[2]
INSTALLED = Path(paribus.engine.__file__).parent
STRICT = "-Wall -Wextra -Wpedantic -Wshadow -Werror"

pytestmark = pytest.mark.skipif("SANITIZED" in os.environ, reason="compilers needn't be watched")


def compiled(folder: Path, **variables: str) -> tuple[dict[str, bytes], str]:
    """Compile as an installation does; the files by name, and all that was output."""
    command = [sys.executable, "setup.py", "build_ext"]
    command += ["--build-lib", str(folder), "--build-temp", str(folder / "objects")]
    output = subprocess.run(
        command,
        cwd=SOURCE,
        env=os.environ | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    )
    files = (folder / "paribus" / "engine").glob("*.so")
    return {path.name: path.read_bytes() for path in files}, output.stdout


@pytest.mark.skipif(not EFFORT, reason="takes half a minute: make fuzz")
@pytest.mark.skipif(shutil.which("g++") is None, reason="no g++")
def test_it_is_compiled_without_a_warning_and_again_to_the_same_bytes(tmp_path: Path) -> None:
    installed = {path.name: path.read_bytes() for path in INSTALLED.glob("*.so")}
    again, output = compiled(tmp_path, CXX=f"g++ {STRICT}")
    assert "warning" not in output, output
    assert again.keys() == installed.keys(), output
    stale = [name for name, data in again.items() if data != installed[name]]
    assert not stale, "not of these sources; python setup.py build_ext --inplace builds them"


def test_without_a_compiler_the_installation_goes_on(tmp_path: Path) -> None:
    files, output = compiled(tmp_path, CC="/nonexistent/cc", CXX="/nonexistent/c++")
    assert not files
    assert 'building extension "paribus.engine.' in output


@pytest.mark.skipif(shutil.which("nm") is None, reason="no nm")
@pytest.mark.parametrize("build", sorted(INSTALLED.glob("*.so")), ids=lambda path: path.stem)
def test_it_exports_its_own_functions_only(build: Path) -> None:
    listed = subprocess.run(
        ["nm", "--dynamic", "--defined-only", "--format=posix", build],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    names = [line.split()[0] for line in listed.splitlines()]
    assert names
    assert all(name.startswith("paribus_") for name in names)
