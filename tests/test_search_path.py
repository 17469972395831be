"""The folders in which Python looks for modules, without those that may be a stranger's."""

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from hostile.traps import trapped
from paribus.execution.workers import search_path
from paribus.search_path import local_folders, safe_path


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A process that works in `here`, was started by `scripts/train.py`, and finds `library`."""
    for name in ("here", "scripts", "library"):
        (tmp_path / name).mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    names = ["scripts", "here", "link", "library"]
    local = ["", ".", "nowhere", "below"]
    monkeypatch.setattr(sys, "path", [*(str(tmp_path / name) for name in names), *local])
    main = ModuleType("__main__")
    main.__file__ = str(tmp_path / "scripts" / "train.py")
    monkeypatch.setitem(sys.modules, "__main__", main)
    return main


def test_no_current_folder_no_scripts_folder_and_nothing_relative_is_safe(
    script: ModuleType, tmp_path: Path
) -> None:
    assert safe_path() == [str(tmp_path / "library")]


def test_the_folder_of_a_module_that_was_started_by_name_stays(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As of a notebook's kernel, which lies beside all installed packages.
    monkeypatch.setattr(script, "__spec__", "any")
    assert safe_path() == [str(tmp_path / "scripts"), str(tmp_path / "library")]


def test_a_worker_looks_in_the_users_folders_last_and_only_if_the_study_names_code(
    script: ModuleType, tmp_path: Path
) -> None:
    assert {str(tmp_path / "here"), str(tmp_path / "scripts")} <= set(local_folders())
    without, with_code = search_path(code=False), search_path(code=True)
    assert without[0] == str(tmp_path / "library")
    assert not set(without) & set(local_folders())
    assert with_code[: len(without)] == without
    assert with_code[len(without) :][0] == str(tmp_path / "here")
    assert str(tmp_path / "scripts") in with_code


def test_the_command_started_as_a_module_imports_nothing_from_the_current_folder(
    tmp_path: Path,
) -> None:
    def python(*words: str) -> str:
        command = [sys.executable, *words]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True).stdout

    file = tmp_path / "loaded_by_python.py"
    file.write_text("import sys\nprint(*sys.modules)")
    before = python("-m", "loaded_by_python").split()  # in Python's hands, not in ours
    with trapped(tmp_path, but_for={"paribus", *before}):
        assert python("-m", "paribus", "--help").startswith("Usage: paribus")
