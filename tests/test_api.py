"""Studies run from a script or a notebook: what is shown, and what is raised."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import paribus
from faults.here import in_this_process
from paribus.errors import RunsFailedError
from paribus.events import Event, TrainingBegins
from paribus.study.spec import Study

Build = Callable[..., Study]


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No worker processes, and no report, which takes seconds."""
    monkeypatch.setattr("paribus.pipeline.write_report", lambda *_, **__: None)
    with in_this_process():
        yield


def test_progress_is_shown_unless_a_watch_is_given(
    tmp_path: Path, small_study: Build, capsys: pytest.CaptureFixture[str]
) -> None:
    study, heard = small_study(variations={}), list[Event]()
    paribus.run(study, tmp_path / "out", jobs=1)
    shown = capsys.readouterr()
    assert "1 run to train in 1 process" in shown.err
    assert "[1/1] baseline, seed 0: finished" in shown.err
    assert shown.out == ""
    paribus.run(study, tmp_path / "out", jobs=1, watch=heard.append)
    assert capsys.readouterr().err == ""
    assert TrainingBegins(runs=1, left=0, epochs=0, jobs=1) in heard


def test_results_are_read_where_they_lie_whatever_the_current_folder_is_then(
    tmp_path: Path, small_study: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    results = paribus.run(small_study(variations={}), "out", jobs=1)
    read = paribus.read_results("out")
    monkeypatch.chdir("/")
    for one in (results, read):
        assert one.report == tmp_path / "out" / "report.html"
        assert len(one.table("interventions")) > 0
        assert one.missing == ()
    shutil.rmtree(tmp_path / "out" / "analysis")
    (said,) = replace(read).missing
    assert said.startswith("Analyses of the networks are missing in the only finished run")


def test_it_is_an_error_if_every_run_fails(tmp_path: Path, small_study: Build) -> None:
    study = small_study(optimizer={"kind": "sgd", "lr": 1e30}, variations={}, seeds=2)
    with pytest.raises(RunsFailedError) as failed:
        paribus.run(study, tmp_path / "out", jobs=1)
    title, *runs = str(failed.value).splitlines()
    assert title == f"No run of 'small' finished; {tmp_path}/out/report.html shows what there is."
    assert [line[:18] for line in runs] == ["baseline, seed 0: ", "baseline, seed 1: "]
