"""How far a study has come, from what lies in its folder; needs no torch, and disturbs nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paribus.comparison.sequential import seeds_wanted
from paribus.io.lock import Holder, holder
from paribus.log import read_log
from paribus.records.store import checkpoint_folder, checkpoints, epoch_of
from paribus.records.types import Record
from paribus.study.ledger import holds_anytime, read_ledger
from paribus.study.plan import Run, TrainedSetting, runs
from paribus.study.read import NOT_TRAINED, Key, StudyRecords, read_records, read_study_copy

#: In the order in which they are counted.
STATES = ("done", "running", "failed", "damaged", "interrupted", "left")


@dataclass(frozen=True)
class RunState:
    """One run of a study.

    Attributes:
        state: "done"; "running", now; "failed", with the reason; "damaged", its record can't be
            read; "interrupted", it will resume after `epoch`; or "left", not begun.
    """

    setting: str
    seed: int
    state: str
    epoch: int  # the last one that is known to be complete
    epochs: int
    message: str = ""


@dataclass(frozen=True)
class Status:
    """A study's progress."""

    study: str
    holder: Holder | None  # the process that is at work
    runs: tuple[RunState, ...]
    set_aside: tuple[str, ...]  # records that could not be read, and were moved out of the way
    last: Mapping[str, Any] | None  # the last line of the log

    @property
    def counts(self) -> dict[str, int]:
        """How many runs are in each state."""
        return {state: sum(run.state == state for run in self.runs) for state in STATES}


def status(out: Path) -> Status:
    """How far the study in `out` has come; raises RecordError where no results lie."""
    study = read_study_copy(out)
    at_work = holder(out)
    log = list(read_log(out))
    now, ended = _since_the_last_beginning(log)
    on_disk = read_records(out, study)
    records, reasons = on_disk.sorted()
    anytime = holds_anytime(study, read_ledger(out))
    wanted = seeds_wanted(study, tuple(records.values()), anytime)
    return Status(
        study=study.name,
        holder=at_work,
        runs=tuple(
            RunState(*run.key, "running", now[run.key], _epochs(run))
            if at_work and run.key in now
            else _state(on_disk, run, records.get(run.key), reasons.get(run.key, ""), ended)
            for run in runs(study, wanted)
        ),
        set_aside=tuple(str(p.relative_to(out)) for p in sorted((out / "set-aside").glob("*/*"))),
        last=log[-1] if log else None,
    )


def _epochs(run: Run) -> int:
    """How many epochs a run takes; 0 of one that something else trained."""
    return run.setting.config.epochs if isinstance(run.setting, TrainedSetting) else 0


def _state(
    on_disk: StudyRecords, run: Run, record: Record | None, reason: str, ended: Mapping[Key, str]
) -> RunState:
    """The state of a run that no process has taken; `reason`: why it has no record."""
    epochs = _epochs(run)
    if run.key in on_disk.unreadable:
        return RunState(*run.key, "damaged", 0, epochs, reason)
    if record and record.facts.failure:
        epoch = len(record.curves.values("val_loss"))
        return RunState(*run.key, "failed", epoch, epochs, record.facts.failure.message)
    if record:
        return RunState(*run.key, "done", epochs, epochs)
    if reason != NOT_TRAINED:
        return RunState(*run.key, "left", 0, epochs, reason)
    kept = checkpoints(checkpoint_folder(on_disk.out, *run.key))
    epoch = epoch_of(kept[0]) if kept else 0
    if run.key in ended:
        return RunState(*run.key, "failed", epoch, epochs, ended[run.key])
    return RunState(*run.key, "interrupted" if kept else "left", epoch, epochs)


def _since_the_last_beginning(log: list[Any]) -> tuple[dict[Key, int], dict[Key, str]]:
    """Runs that a process took and has not left, with the last epoch, and those that failed."""
    now: dict[Key, int] = {}
    ended: dict[Key, str] = {}
    for entry in log:
        match entry:
            case {"event": "StudyBegins"}:
                now, ended = {}, {}
            case {"setting": str(name), "seed": int(seed), "epoch": int(epoch)}:
                now[name, seed] = epoch
            case {"event": "WorkerKilled", "setting": str(name), "seed": int(seed)}:
                now.pop((name, seed), None)
            case {"event": "RunEnded", "setting": str(name), "seed": int(seed), **more}:
                now.pop((name, seed), None)
                if more.get("status") != "finished":
                    ended[name, seed] = str(more.get("message", ""))
    return now, ended
