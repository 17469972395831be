"""What a head and its jobs tell each other in files, and what of it is believed."""

from __future__ import annotations

import hashlib
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from paribus.errors import DiskError, InUseError, PlaceError, ReadError
from paribus.events import EpochDone, RunBegins, Waiting
from paribus.io.disk import checked, write_file
from paribus.io.reading import UnfitError
from paribus.places import slurm_worker
from paribus.places.slurm_files import (
    Planned,
    Turn,
    TurnLostError,
    arrays_in,
    close,
    kept,
    plan,
    read_submission,
    read_tasks,
    require_no_jobs,
)
from paribus.places.slurm_messages import (
    Begun,
    Broken,
    Ended,
    Message,
    event_of,
    last_lines,
    listen,
    passed_on,
    tell,
)
from paribus.places.slurm_packed import OtherTasksError, pack, unpack
from places.trivial import Count, counts


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """That of an array, which `planned` writes."""
    return tmp_path / "out" / "jobs" / "paribus-0123abcd"


def planned(folder: Path, tasks: list[Count], in_a_job: int = 1) -> str:
    items = [(task, Planned(identity=task.identity)) for task in tasks]
    jobs = [items[start : start + in_a_job] for start in range(0, len(items), in_a_job)]
    return plan(folder, "counting", jobs)


def out_of(folder: Path) -> Path:
    return folder.parents[1]


class Evil:
    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, ("evil",)


def test_tasks_are_unpacked_as_they_were_packed(folder: Path) -> None:
    tasks = counts(out_of(folder), 5)
    digest = planned(folder, tasks, in_a_job=2)
    jobs = read_submission(folder, digest).jobs
    assert [task for job in jobs for task in read_tasks(folder, job)] == tasks
    assert [len(job.tasks) for job in jobs] == [2, 2, 1]


def test_what_was_not_packed_is_not_looked_at(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    digest = planned(folder, counts(out_of(folder), 1))
    content, own_digest = pack([Evil()])  # type: ignore[list-item]
    (job,) = read_submission(folder, digest).jobs
    (folder / "tasks").write_bytes(content.ljust(job.size))
    with pytest.raises(OtherTasksError):
        read_tasks(folder, job)
    # Nor with a description of one's own: a job's script has the SHA-256 of the right one.
    said = (folder / "submission.json").read_text().replace(job.sha256, own_digest)
    (folder / "submission.json").write_text(said)
    with pytest.raises(UnfitError, match="not what was submitted"):
        read_submission(folder, digest)
    assert not Path("evil").exists()
    unpack(content, own_digest)
    assert Path("evil").exists()  # it would have run


def test_a_job_tells_events_and_outcomes_a_line_each(folder: Path) -> None:
    event = EpochDone("baseline", 3, 1, 2)
    ended = Ended(task=0, status="failed", seconds=1)
    messages: list[Message] = [Begun(task=0, kept="x"), passed_on(0, event), ended]
    for message in messages[:2]:
        tell(folder, 0, message)
    assert listen(folder, 0) == (messages[:2], position := (folder / "0.jsonl").stat().st_size)
    tell(folder, 0, messages[2])
    assert listen(folder, 0, position)[0] == messages[2:]
    assert event_of(passed_on(0, event), ("baseline", 3)) == event


def test_a_line_that_is_cut_short_or_is_not_ours_says_nothing(folder: Path) -> None:
    tell(folder, 0, Begun(task=0, kept="x"))
    with (folder / "0.jsonl").open("ab") as file:
        file.write(b'null\n[]\n{"kind": "ended"}\n{"kind": "ended", "task": 0, "status": "good"}\n')
        file.write(
            b'{"kind": "ended", "task": 0, "status": "finished", "seconds": NaN}\n\xff\xfe\n'
        )
        file.write(b"[" * 100_000 + b'\n{"kind": "ended", "task": 0, "stat')
    messages, position = listen(folder, 0)
    assert messages == [Begun(task=0, kept="x")]
    tell(folder, 0, Ended(task=0, status="finished", seconds=1))  # by a job that was put back
    assert listen(folder, 0, position)[0] == [Ended(task=0, status="finished", seconds=1)]


def test_only_events_of_the_runs_own_are_believed() -> None:
    key = ("baseline", 0)
    told = passed_on(0, RunBegins("baseline", 0, 0, 1))
    assert event_of(told, key)
    assert event_of(told, ("baseline", 1)) is None
    assert event_of(passed_on(0, Waiting("x")), key) is None
    for change in ({"event": "Watch"}, {"event": "__name__"}, {"of": {"setting": "baseline"}}):
        assert event_of(told.model_copy(update=change), key) is None


def test_a_pipe_in_place_of_what_a_job_tells_is_not_waited_for(folder: Path) -> None:
    folder.mkdir(parents=True)
    os.mkfifo(folder / "0.jsonl")
    with pytest.raises(OSError):
        listen(folder, 0)
    os.mkfifo(folder / "0.txt")
    assert last_lines(folder, 0) == ""


def test_only_who_took_the_turn_last_may_write(folder: Path) -> None:
    planned(folder, counts(out_of(folder), 2))
    first = Turn.taken(folder, 0, "job 1")
    with checked(out_of(folder), first.check):
        write_file(out_of(folder) / "a", b"1")
    second = Turn.taken(folder, 0, "job 1, put back")
    with checked(out_of(folder), first.check), pytest.raises(TurnLostError):
        write_file(out_of(folder) / "a", b"2")
    Turn.taken(folder, 1, "another job").check()
    second.check()
    close(folder, 0)
    with pytest.raises(TurnLostError):
        second.check()
    with pytest.raises(TurnLostError):
        Turn.taken(folder, 0, "late")
    folder.rename(folder.with_name("moved"))
    with pytest.raises(DiskError, match="put it back"):
        second.check()


def test_a_job_that_comes_late_does_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    digest = planned(folder, counts(out_of(folder), 1))
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "0")
    monkeypatch.setenv("SLURM_JOB_ID", "7")

    def job(digest: str) -> int:
        monkeypatch.setattr(sys, "argv", ["slurm_worker", str(folder), digest, ""])
        return slurm_worker.main()

    assert job(hashlib.sha256(b"").hexdigest()) == slurm_worker.NO_TURN
    close(folder, 0)
    assert job(digest) == slurm_worker.NO_TURN
    assert "nothing to do any more" in capsys.readouterr().err
    assert not (out_of(folder) / "begun").exists()
    (folder / "0.turn").unlink()
    assert job(digest) == 0
    assert (out_of(folder) / "begun" / "0").exists()


def test_a_disk_error_is_told_as_what_it_was() -> None:
    for error in (
        DiskError(28, "full", "/x"),
        ReadError(5, "bad", "/y"),
        PlaceError(2, "no", ""),
    ):
        again = slurm_worker._broken(error).as_error()
        assert (type(again), str(again)) == (type(error), str(error))
    told = Broken(error="SystemExit", number=1, reason="x", path=None)
    assert type(told.as_error()) is DiskError


def test_progress_is_any_change_to_what_a_task_keeps(tmp_path: Path) -> None:
    (task,) = counts(tmp_path, 1)
    nothing = kept(task)
    at = tmp_path / "unfinished" / "0" / "count"
    write_file(at, b"1")
    one = kept(task)
    write_file(at, b"2")
    assert len({nothing, one, kept(task)}) == 3
    assert kept(task) == kept(replace(task, steps=9))


def test_a_folder_with_jobs_is_refused_to_others(folder: Path) -> None:
    require_no_jobs(out_of(folder))
    planned(folder, counts(out_of(folder), 1))
    with pytest.raises(InUseError, match=r"--on slurm.*scancel --name=paribus-0123abcd"):
        require_no_jobs(out_of(folder))


def test_names_that_are_not_arrays_and_copies_of_a_folder_are_not_ours(folder: Path) -> None:
    planned(folder, counts(out_of(folder), 1))
    (folder.parent / "somebody").mkdir()
    (folder.parent / "somebody" / "submission.json").write_bytes(b"{}")
    assert arrays_in(out_of(folder)) == [folder]
    copy = out_of(folder).rename(out_of(folder).with_name("copy"))
    with pytest.raises(UnfitError, match="another folder"):
        read_submission(copy / "jobs" / folder.name)
