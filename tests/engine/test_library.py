"""Which of the engine's builds is loaded, and in which words none is."""

from __future__ import annotations

import hashlib
import platform
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

import paribus.engine
from paribus.engine import library
from paribus.engine.library import VARIABLE, NoLibrary

INSTALLED = Path(paribus.engine.__file__).parent

pytestmark = pytest.mark.skipif(
    platform.machine() not in {"x86_64", "AMD64"}, reason="only x86-64 has several builds"
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A place for builds, with those of this installation."""
    builds = list(INSTALLED.glob("*.so"))
    if not builds:
        pytest.skip("no engine was compiled")
    for build in builds:
        shutil.copy(build, tmp_path)
    monkeypatch.setattr(library, "FOLDER", tmp_path)
    monkeypatch.delenv(VARIABLE, raising=False)
    library.library.cache_clear()
    yield tmp_path
    library.library.cache_clear()


def refusal() -> str:
    with pytest.raises(NoLibrary) as error:
        library.library()
    return str(error.value)


@pytest.mark.parametrize(("able", "level"), [("DEFAULT", 2), ("AVX2", 3), ("AVX512", 4)])
def test_the_best_build_that_the_processor_runs_is_loaded(
    able: str, level: int, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: able)
    chosen = library.library()
    assert chosen.build == f"x86-64-v{level}"
    assert library.library() is chosen


def test_the_digest_is_that_of_the_file(folder: Path) -> None:
    chosen = library.library()
    data = (folder / f"{chosen.build}.so").read_bytes()
    assert chosen.digest == hashlib.sha256(data).hexdigest()


def test_a_build_for_a_later_processor_is_passed_over(folder: Path) -> None:
    best = library.library().build
    (folder / f"{best}.so").rename(folder / "x86-64-v9.so")
    library.library.cache_clear()
    assert library.library().build not in {best, "x86-64-v9"}


def test_a_build_can_be_asked_for_by_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "x86-64-v2")
    assert library.library().build == "x86-64-v2"


def test_a_build_that_is_not_there_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for other in set(folder.glob("*.so")) - {folder / "x86-64-v2.so"}:
        other.unlink()
    monkeypatch.setenv(VARIABLE, "x86-64-v3")
    assert refusal() == ("PARIBUS_ENGINE_BUILD: expected one of x86-64-v2, got 'x86-64-v3'")


def test_a_build_that_the_processor_does_not_run_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for other in set(folder.glob("*.so")) - {folder / "x86-64-v2.so"}:
        other.unlink()
    shutil.copy(folder / "x86-64-v2.so", folder / "x86-64-v9.so")
    monkeypatch.setenv(VARIABLE, "x86-64-v9")
    assert refusal() == (
        "PARIBUS_ENGINE_BUILD: expected a build for this processor (x86-64-v2), got 'x86-64-v9'"
    )


def test_where_nothing_was_compiled_it_says_what_that_needs(folder: Path) -> None:
    for build in folder.glob("*.so"):
        build.unlink()
    assert refusal() == (
        "it was not compiled when Paribus was installed, which needs a C++17 compiler "
        "(GCC 11, Clang 12 or newer)"
    )


def test_a_file_that_is_no_library_is_refused(folder: Path) -> None:
    for build in folder.glob("*.so"):
        build.write_text("no machine code")
    assert re.match(r"x86-64-v\d.so can't be loaded: ", refusal())
