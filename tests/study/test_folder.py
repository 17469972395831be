"""Which folders a study's results may go into: new ones, empty ones, and those of results."""

from collections.abc import Callable
from pathlib import Path

import pytest

import paribus
from faults.here import in_this_process
from paribus.errors import FolderError
from paribus.io.lock import LOCK
from paribus.log import LOG
from paribus.records.images import adopt_images
from paribus.results import Results
from paribus.study.folder import require_own
from paribus.study.read import STUDY, write_study_copy
from paribus.study.spec import Study

Build = Callable[..., Study]


def files(root: Path) -> dict[Path, bytes | None]:
    return {path: path.read_bytes() if path.is_file() else None for path in root.rglob("*")}


@pytest.mark.parametrize(
    "name",
    ["report.md", "results.json", STUDY, "study.yaml", ".git/config", ".hidden.0123abcd.new",
     "runs/events.out", "images/holiday.jpg", "pictures/holiday.jpg"],
)  # fmt: skip
def test_a_folder_with_anything_else_is_refused_before_anything_is_written(
    tmp_path: Path, small_study: Build, name: str
) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("mine")
    before = files(tmp_path)
    with pytest.raises(FolderError) as refused:
        paribus.run(small_study(), tmp_path)
    message = str(refused.value)
    assert message.startswith(f"{tmp_path}: expected a new or empty folder or one of results, got ")
    assert f"got one with {name.split('/')[0]} (" in message
    assert "or write into this one with --into" in message
    assert refused.value.exit_code == 2
    assert files(tmp_path) == before


def test_a_study_written_by_hand_makes_no_folder_of_results(
    tmp_path: Path, small_study: Build
) -> None:
    write_study_copy(tmp_path, small_study())
    with pytest.raises(FolderError, match="a study, but no runs"):
        require_own(tmp_path)
    (tmp_path / LOG).touch()  # a run writes this first
    require_own(tmp_path)


def test_a_damaged_study_is_named_as_the_reason(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / STUDY).write_text("{")
    with pytest.raises(FolderError, match=rf"runs, {STUDY} \({tmp_path / STUDY}: not a study"):
        require_own(tmp_path)


def test_a_file_the_root_and_the_home_folder_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".profile").touch()
    monkeypatch.setenv("HOME", str(tmp_path))
    for folder in (Path("/"), Path.home()):
        with pytest.raises(FolderError, match="--into"):
            require_own(folder)
    with pytest.raises(FolderError, match="expected a folder for results, got a file"):
        require_own(tmp_path / ".profile")


def test_a_folder_that_a_kill_left_at_the_very_beginning_is_its_own(tmp_path: Path) -> None:
    require_own(tmp_path / "new")
    assert not (tmp_path / "new").exists()
    require_own(tmp_path)
    for name in (LOCK, LOG, f".{STUDY}.0123abcd.new"):
        (tmp_path / name).touch()
    require_own(tmp_path)


def test_of_many_files_three_are_named(tmp_path: Path) -> None:
    for name in "abcde":
        (tmp_path / name).touch()
    with pytest.raises(FolderError, match="got one with a, b, c and 2 more"):
        require_own(tmp_path)


def test_with_into_results_are_written_beside_other_files_which_all_stay(
    tmp_path: Path, small_study: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("paribus.pipeline.write_report", adopt)
    others = ["notes.txt", ".notes.0123abcd.new", "photos/.a.0123abcd.new", "pictures/holiday.jpg"]
    for name in others:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("mine")
    before = files(tmp_path)
    (tmp_path / ".report.md.0123abcd.new").touch()
    with in_this_process():
        results = paribus.run(small_study(), tmp_path, into=True)
        assert len(results.records) == 2
        paribus.run(small_study(), tmp_path)  # from now on it is a folder of results
    assert not (tmp_path / ".report.md.0123abcd.new").exists()
    assert before.items() <= files(tmp_path).items()


def adopt(results: Results, **_: object) -> None:
    """Of writing a report, what may give a folder another name."""
    adopt_images(results.out)
