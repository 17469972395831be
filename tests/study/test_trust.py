"""A trusted study runs its code without being asked again, until one of its files changes."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from paribus.cli import main
from paribus.errors import StudyError
from paribus.study.read import read_study, require_permission

STUDY = "name: x\ndata: digits\nepochs: 1\nnetwork: 'nets.small:Net'\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a study, the package it names, and what that imports."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    files = {
        "study.yaml": STUDY,
        "nets/__init__.py": "",
        "nets/small.py": "import torch\nimport helper\nfrom . import layers\nraise SystemExit\n",
        "nets/layers.py": "def broken(:",
        "helper.py": "import nets.small",
        "other.py": "",
    }
    work = tmp_path / "work"
    for name, text in files.items():
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_text(text)
    monkeypatch.chdir(work)
    return work


def trust(*words: str) -> Result:
    return CliRunner().invoke(main, ["trust", *words])


def permitted() -> str:
    """Why the study may not run; "" if it may."""
    try:
        require_permission(read_study("study.yaml"), Path("study.yaml"))
    except StudyError as error:
        return str(error)
    return ""


def test_a_trusted_study_needs_no_permission_and_none_of_its_code_is_run_for_that(
    folder: Path,
) -> None:
    assert "or `paribus trust` the study" in permitted()
    done = trust("study.yaml")
    code = ("helper.py", "nets/__init__.py", "nets/layers.py", "nets/small.py")
    assert done.stdout.splitlines() == [str(folder / name) for name in ("study.yaml", *code)]
    assert done.exit_code == 0
    assert permitted() == ""


@pytest.mark.parametrize("name", ["study.yaml", "helper.py", "nets/__init__.py", "nets/layers.py"])
def test_after_a_change_it_is_refused_with_what_changed(folder: Path, name: str) -> None:
    trust("study.yaml")
    with (folder / name).open("a") as file:
        file.write("\n# changed\n")
    assert f"Since you trusted it, {folder / name} changed." in permitted()
    trust("study.yaml")
    assert permitted() == ""


def test_code_that_is_added_in_another_place_counts_as_a_change(folder: Path) -> None:
    trust("study.yaml")
    (folder / "helper.py").unlink()
    (folder / "helper").mkdir()
    (folder / "helper" / "__init__.py").touch()
    assert f"{folder / 'helper.py'}, {folder / 'helper' / '__init__.py'} changed" in permitted()


def test_modules_on_the_path_that_are_not_installed_count_too(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = folder.parent / "library"
    library.mkdir()
    (folder / "helper.py").rename(library / "helper.py")
    monkeypatch.syspath_prepend(library)
    trust("study.yaml")
    with (library / "helper.py").open("a") as file:
        file.write("\n# changed\n")
    assert f"{library / 'helper.py'} changed" in permitted()


def test_what_the_code_does_not_import_may_change(folder: Path) -> None:
    trust("study.yaml")
    (folder / "other.py").write_text("1")
    assert permitted() == ""


def test_the_same_files_elsewhere_are_not_trusted(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust("study.yaml")
    elsewhere = folder.rename(folder.with_name("elsewhere"))
    monkeypatch.chdir(elsewhere)
    assert "--allow-code" in permitted()


def test_trusted_studies_are_listed_and_forgotten(folder: Path) -> None:
    assert trust().stdout == ""
    trust("study.yaml")
    assert trust().stdout.splitlines() == [str(folder / "study.yaml")]
    assert trust("--revoke", "study.yaml").exit_code == 0
    assert "--allow-code" in permitted()
    assert "expected a trusted study" in trust("--revoke", "study.yaml").stderr
    assert trust("--revoke").exit_code == 2


def test_the_list_is_its_users_alone_and_not_believed_otherwise(folder: Path) -> None:
    trust("study.yaml")
    (file,) = (folder.parent / "config").rglob("trusted.json")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.chmod(0o666)
    assert "expected a place of yours alone" in trust().stderr
    file.chmod(0o600)
    file.write_text("[]")
    assert "not a list of trusted studies" in trust().stderr


def test_a_study_without_code_needs_no_trust(folder: Path) -> None:
    (folder / "study.yaml").write_text(STUDY.replace("nets.small:Net", "lenet5"))
    assert "names no code" in trust("study.yaml").stdout
    assert trust().stdout == ""
