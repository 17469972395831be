"""The source distribution, the wheel that is made of it, and Paribus installed away from here."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest

REPOSITORY = Path(__file__).parents[1]
PACKAGE = REPOSITORY / "src" / "paribus"

#: What is in the package besides modules: what a wheel must have, too.
BESIDE = sorted(
    path.relative_to(REPOSITORY / "src").as_posix()
    for pattern in ("py.typed", "report/templates/*", "examples/*.yaml", "examples/*/*.*")
    for path in PACKAGE.glob(pattern)
)
#: A build by the backend that pyproject.toml names, without pip and without a network.
BUILD = "import sys; from setuptools import build_meta; build_meta.build_{}(sys.argv[1])"


class Built(NamedTuple):
    """The two files, and the folder that the wheel was unpacked into."""

    sdist: Path
    wheel: Path
    installed: Path


def started(*words: str | Path, cwd: Path, path: Path | None = None) -> str:
    """Standard output of a command by this Python; `path` is where it looks for modules first."""
    environment = os.environ | ({"PYTHONPATH": str(path)} if path else {})
    done = subprocess.run(
        [sys.executable, *map(str, words)],
        cwd=cwd, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def _compiled_already(unpacked: Path) -> None:
    """Put the engine's libraries where a build would: it takes a minute to make the same again."""
    engine = unpacked / "lib" / "paribus" / "engine"
    engine.mkdir(parents=True)
    for library in (PACKAGE / "engine").glob("*.so"):
        shutil.copy(library, engine)
    (unpacked / "setup.cfg").write_text("[build]\nbuild_lib = lib\n")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Built once: a wheel from the source distribution, so that both are whole."""
    folder = tmp_path_factory.mktemp("wheel")
    started("-c", BUILD.format("sdist"), folder, cwd=REPOSITORY)
    (sdist,) = folder.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    unpacked = folder / sdist.name.removesuffix(".tar.gz")
    _compiled_already(unpacked)
    started("-c", BUILD.format("wheel"), folder, cwd=unpacked)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "installed")  # noqa: S202 - our own
    return Built(sdist, wheel, folder / "installed")


def test_the_wheel_has_every_module_and_whatever_they_read(built: Built) -> None:
    modules = {
        path.relative_to(REPOSITORY / "src").as_posix()
        for path in PACKAGE.rglob("*.py")
        if "examples" not in path.parts
    }
    assert len(BESIDE) > 20
    with zipfile.ZipFile(built.wheel) as archive:
        names = {name for name in archive.namelist() if name.startswith("paribus/")}
    engine = {name for name in names if name.startswith("paribus/engine/") and "." in name}
    libraries = {name for name in engine if name.endswith(".so")}
    assert names - libraries == modules | {*BESIDE}  # no test, no C++, nothing of this machine


def test_the_wheel_serves_every_python_of_its_platform(built: Built, native: object) -> None:
    python, abi, platform = built.wheel.stem.split("-")[-3:]
    assert (python, abi) == ("py3", "none")
    assert platform != "any"  # it has machine code
    here = {path.name for path in (PACKAGE / "engine").glob("*.so")}
    assert {path.name for path in (built.installed / "paribus/engine").glob("*.so")} == here


def test_the_source_distribution_has_the_engines_source_and_the_license(built: Built) -> None:
    with tarfile.open(built.sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    native_code = {
        path.relative_to(REPOSITORY).as_posix() for path in (PACKAGE / "engine/native").iterdir()
    }
    assert {"LICENSE", "README.md", "pyproject.toml", "setup.py", *native_code} <= names
    assert not any(name.startswith("tests") or name.endswith(".so") for name in names)


def test_installed_elsewhere_it_writes_a_study_and_trains_it(
    built: Built, native: object, tmp_path: Path
) -> None:
    def paribus(*words: str) -> str:
        return started("-m", "paribus", *words, cwd=tmp_path, path=built.installed)

    where = started(
        "-c", "import paribus; print(paribus.__file__)", cwd=tmp_path, path=built.installed
    )
    assert Path(where.strip()).is_relative_to(built.installed)
    assert paribus("--version") == "paribus, version 0.1.0\n"
    assert "Next: cd mine" in paribus("new", "mine")
    assert "Next: cd shell" in paribus("new", "--from", "shell")
    assert "out/digits in the current" in " ".join(paribus("demo", "--help").split())
    quick = ("--engine", "native", "--seeds", "1", "--epochs", "1", "--jobs", "1", "--out", "out")
    assert paribus("run", "mine/study.yaml", *quick) == "out/report.html\n"
    assert len(list((tmp_path / "out/runs").glob("*/seed-0/record.json"))) == 3
