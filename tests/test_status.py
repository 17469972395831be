"""What `paribus status` says of a study at every stage of it, and the log that it reads."""

import json
import os
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from faults.small import draw_images, small_study, train_until, training
from paribus import cli, log
from paribus.cli.show import show_status
from paribus.errors import DiskError, RecordError
from paribus.events import (
    DataRead,
    EpochDone,
    Event,
    RunBegins,
    RunEnded,
    StudyBegins,
    WorkerKilled,
    quiet,
)
from paribus.io.lock import held, writing_report
from paribus.log import BEFORE, LOG, logged, read_log
from paribus.records.store import run_folder
from paribus.status import RunState, status
from paribus.study.read import write_study_copy
from paribus.study.spec import Study


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return small_study(draw_images(tmp_path_factory.mktemp("status") / "images"))


@pytest.fixture
def out(study: Study, tmp_path: Path) -> Path:
    """A folder in which the study has begun."""
    write_study_copy(tmp_path, study)
    return tmp_path


def states(out: Path) -> dict[str, tuple[str, int]]:
    return {run.setting: (run.state, run.epoch) for run in status(out).runs}


def tell(out: Path, *events: Event) -> None:
    watch = logged(out, quiet)
    for event in events:
        watch(event)


def test_a_run_is_left_then_interrupted_then_done_then_damaged(study: Study, out: Path) -> None:
    assert states(out) == {"baseline": ("left", 0), "l2": ("left", 0)}
    train_until(training(study, out), 3)
    assert states(out)["baseline"][0] == "interrupted"
    assert states(out)["baseline"][1] in (1, 2, 3)  # a checkpoint has its cost
    training(study, out).perform(quiet)
    assert states(out) == {"baseline": ("done", 4), "l2": ("left", 0)}
    (run_folder(out, "baseline", 0) / "record.json").write_text("{}")
    assert states(out)["baseline"] == ("damaged", 0)


def test_while_a_process_is_at_work_its_runs_are_running_with_their_epochs(out: Path) -> None:
    tell(
        out,
        StudyBegins("small", 1),
        RunBegins("baseline", 0, 0, 4),
        EpochDone("baseline", 0, 1, 4),
        RunBegins("l2", 0, 2, 4),
        EpochDone("baseline", 0, 2, 4),
    )
    assert status(out).holder is None
    assert states(out) == {"baseline": ("left", 0), "l2": ("left", 0)}
    with held(out):
        result = status(out)
        assert result.holder is not None
        assert states(out) == {"baseline": ("running", 2), "l2": ("running", 2)}
        assert result.counts["running"] == 2
        tell(out, WorkerKilled("l2", 0, "killed"))
        assert states(out)["l2"] == ("left", 0)


def test_a_run_that_left_no_record_is_failed_with_the_reason_until_the_study_goes_on(
    out: Path,
) -> None:
    tell(out, StudyBegins("small", 1), RunEnded("l2", 0, "killed", 1.0, "no memory"))
    assert status(out).runs[1] == RunState("l2", 0, "failed", 0, 4, "no memory")
    tell(out, StudyBegins("small", 2))
    assert states(out)["l2"] == ("left", 0)


def test_records_that_were_set_aside_are_named(out: Path) -> None:
    (out / "set-aside" / "l2" / "seed-0-1").mkdir(parents=True)
    assert status(out).set_aside == ("set-aside/l2/seed-0-1",)


def test_the_command_prints_every_run_or_json_and_needs_no_torch(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)  # importing it fails from here on
    tell(out, StudyBegins("small", 1), RunEnded("l2", 0, "killed", 1.0, "no memory"))
    shown = CliRunner().invoke(cli.main, ["status", str(out)])
    assert shown.exit_code == 0
    assert "Not running." in shown.stdout
    assert "1 failed, 1 left" in shown.stdout
    assert "no memory" in shown.stdout
    answer = json.loads(CliRunner().invoke(cli.main, ["status", str(out), "--json"]).stdout)
    assert answer["counts"]["failed"] == 1
    assert [run["setting"] for run in answer["runs"]] == ["baseline", "l2"]
    assert answer["last"]["event"] == "RunEnded"


STEERS = "\x1b[2J\x1b]0;owned\x07"


def test_what_a_stranger_left_there_neither_steers_the_terminal_nor_stops_it(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = {"event": "RunEnded", "setting": STEERS, "says": STEERS, "time": STEERS}
    (out / LOG).write_text(json.dumps(entry))
    held_by = {"pid": STEERS, "host": STEERS, "since": STEERS, "command": STEERS}
    (out / "set-aside" / STEERS.replace("/", "")).mkdir(parents=True)
    (out / "set-aside" / STEERS.replace("/", "") / STEERS).mkdir()
    with held(out):
        (out / ".lock").write_text(json.dumps(held_by))
        show_status(status(out))
    shown = capsys.readouterr().out
    assert "owned" in shown
    assert "\x1b[2J" not in shown
    assert "\x07" not in shown


@pytest.mark.parametrize("name", [LOG, ".lock", ".report-lock"])
def test_a_pipe_or_a_link_in_the_place_of_a_file_is_not_followed(
    out: Path, tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "file"
    (out / name).symlink_to(outside)
    assert status(out).holder is None
    with pytest.raises(DiskError), writing_report(out) if "report" in name else held(out):
        tell(out, StudyBegins("a", 1))
    assert not outside.exists()
    (out / name).unlink()
    os.mkfifo(out / name)
    assert status(out).holder is None
    assert not list(read_log(out))


def test_a_folder_without_results_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        RecordError, match="expected a folder that `paribus run` or `paribus compare` filled"
    ):
        status(tmp_path)


# ---- the log --------------------------------------------------------------------------------


def test_a_line_has_the_time_the_event_and_a_sentence(tmp_path: Path) -> None:
    heard: list[Event] = []
    watch = logged(tmp_path, heard.append)
    for event in (DataRead("resizing images", 1, 2), EpochDone("l2", 3, 1, 4)):
        watch(event)
    assert len(heard) == 2
    (line,) = (tmp_path / LOG).read_text().splitlines()  # how far reading came isn't kept
    entry = json.loads(line)
    assert entry.pop("time").startswith("20")
    assert entry == {
        "event": "EpochDone",
        "setting": "l2",
        "seed": 3,
        "epoch": 1,
        "epochs": 4,
        "says": "l2, seed 3: epoch 1 of 4",
    }


def test_the_log_is_bounded_and_keeps_the_newest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "LARGEST", 2000)
    tell(tmp_path, *(EpochDone("l2", 0, epoch, 200) for epoch in range(200)))
    sizes = [(tmp_path / name).stat().st_size for name in (BEFORE, LOG)]
    assert all(size < 2000 + 200 for size in sizes)
    epochs = [entry["epoch"] for entry in read_log(tmp_path)]
    assert epochs == list(range(epochs[0], 200))
    assert len(epochs) > 10


def test_what_is_no_line_of_a_log_is_passed_over(out: Path) -> None:
    strange = ['{"event": "EpochDone"', "[]", '{"event": "EpochDone", "seed": "x"}', "\x00", "7"]
    (out / LOG).write_text("\n".join(strange) + "\n")
    tell(out, EpochDone("l2", 0, 1, 4))
    with held(out):
        assert states(out)["l2"] == ("running", 1)
