"""Into which folder runs are written, what is replaced there, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import paribus
from export.made import some_results
from paribus.errors import ChoiceError, ExportError, FolderError
from paribus.events import Event, RunExported
from paribus.export import write
from paribus.export.runs import exported_runs
from paribus.export.target import Target
from paribus.export.write import ABOUT, TARGETS, export_runs
from paribus.results import Results
from paribus.study.folder import OWN
from paribus.study.plan import runs as planned


@pytest.fixture
def results(tmp_path: Path) -> Results:
    return some_results(tmp_path / "out")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_same_export_again_replaces_the_first(results: Results) -> None:
    made = export_runs(results, "csv")
    before = contents(made.folder)
    (made.folder / "left over").write_text("of an earlier export")
    assert export_runs(results, "csv") == made
    assert contents(made.folder) == before
    assert [path.name for path in made.folder.parent.iterdir()] == ["csv"], "nothing beside it"
    assert (made.finished, made.failed) == (3, 1)


def test_its_place_is_one_of_paribuss_own(results: Results) -> None:
    folder = export_runs(results, "csv").folder
    assert folder.relative_to(results.out).parts == ("export", "csv") and "export" in OWN


def test_a_folder_with_other_files_is_refused_and_left(results: Results, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "thesis.txt").write_text("a year of work")
    with pytest.raises(FolderError, match="got one with other files"):
        export_runs(results, "csv", folder)
    assert contents(folder) == {"thesis.txt": b"a year of work"}


def test_a_file_that_only_has_the_name_makes_no_export(results: Results, tmp_path: Path) -> None:
    (tmp_path / ABOUT).write_text("my notes about this export")
    with pytest.raises(FolderError):
        export_runs(results, "csv", tmp_path)


def test_an_empty_folder_and_a_new_one_are_taken(results: Results, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("empty", "new/below"):
        assert (export_runs(results, "csv", tmp_path / name).folder / "runs.csv").is_file()


def test_a_file_is_no_folder(results: Results, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FolderError, match="got a file"):
        export_runs(results, "csv", tmp_path / "file")


def test_a_link_is_followed_where_it_was_given_and_refused_among_results(
    results: Results, tmp_path: Path
) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "far")
    export_runs(results, "csv", tmp_path / "link")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "far" / "runs.csv").is_file()
    results.out.mkdir()
    (results.out / "export").symlink_to(tmp_path / "far")
    with pytest.raises(FolderError, match="a link that leads out"):
        export_runs(results, "csv")


def test_a_missing_library_is_told_with_the_extra_that_brings_it(
    results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write, "find_spec", lambda name: None)
    for to in set(TARGETS) - {"csv"}:
        with pytest.raises(ExportError) as refused:
            export_runs(results, to)  # type: ignore[arg-type]
        assert str(refused.value) == (
            f"writing for {TARGETS[to].tool} needs {to}: pip install 'paribus[trackers]'"
        )
    export_runs(results, "csv")
    assert not (results.out / "export" / "mlflow").exists()


def test_a_folder_of_runs_is_no_library(
    results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "runs_of_it").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(TARGETS, "csv", replace(TARGETS["csv"], library="runs_of_it"))
    with pytest.raises(ExportError, match="needs runs_of_it"):
        export_runs(results, "csv")


def test_what_a_library_refuses_is_told_as_its_own_and_leaves_the_last_export(
    results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(export_runs(results, "csv").folder)

    def fail(study: str, runs: object, folder: Path) -> None:
        (folder / "half").write_text("")
        raise ValueError("no such thing\nand more")

    monkeypatch.setitem(TARGETS, "csv", Target("Tool", fail))
    with pytest.raises(ExportError, match=r"^Tool's library failed: no such thing$"):
        export_runs(results, "csv")
    assert contents(results.out / "export" / "csv") == before
    assert [path.name for path in (results.out / "export").iterdir()] == ["csv"]


def test_it_is_one_of_the_functions_of_the_package() -> None:
    assert paribus.export_runs is export_runs and "export_runs" in paribus.__all__


def test_an_unknown_tool_is_told_with_the_known_ones(results: Results) -> None:
    with pytest.raises(ChoiceError, match="did you mean 'mlflow'"):
        export_runs(results, "mlfow")  # type: ignore[arg-type]


def test_progress_is_told_run_by_run(results: Results) -> None:
    heard: list[Event] = []
    export_runs(results, "csv", watch=heard.append)
    assert heard == [RunExported(done, 4) for done in range(5)]


def test_the_folder_says_what_it_is_and_what_is_not_in_it(results: Results) -> None:
    lost = planned(results.study)[0]
    made = export_runs(
        replace(results, records=results.records[1:], absent=((lost, "not trained yet"),)), "csv"
    )
    about = (made.folder / ABOUT).read_text().splitlines()
    assert about[0] == (
        "Written by `paribus export` for a CSV table: 3 runs of the study "
        "'LeNet-5 on synthetic images'."
    )
    assert about[-1] == "main, seed 0: not trained yet"
    assert made.left_out == ("main, seed 0: not trained yet",)
    assert len(exported_runs(results)) == 4
