"""What all running studies share: which runs are to be made, and that they are, once each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from paribus import events
from paribus.errors import RecordError
from paribus.events import Watch
from paribus.execution.place import Making, Outcome, Place, is_final
from paribus.io.disk import sweep
from paribus.io.lock import writing_report
from paribus.io.reading import names_in, ways_out
from paribus.narrative.planned import on_changes
from paribus.records.store import recorded_runs, run_folder, set_aside
from paribus.records.types import Record
from paribus.results import Results, collect
from paribus.study.folder import JOBS, OWN, WORK
from paribus.study.ledger import NO_LEDGER, Ledger, declare, read_ledger
from paribus.study.read import StudyRecords, read_records, read_study_copy
from paribus.study.spec import Planned


@dataclass
class UnderWay:
    """A study under way."""

    study: Planned
    out: Path
    place: Place
    watch: Watch
    on_disk: StudyRecords
    ledger: Ledger = field(default=NO_LEDGER, kw_only=True)
    # Runs, which are tried once each.
    tried: set[tuple[str, int]] = field(default_factory=set, kw_only=True)

    def tasks(self, seeds: Mapping[str, int]) -> Sequence[Making]:
        """What makes every run, `seeds` a setting."""
        raise NotImplementedError

    def begin(self, tasks: Sequence[Making], done: set[tuple[str, int]]) -> None:
        """Get ready for the tasks; the runs `done` have good records."""

    def finish(self) -> None:
        """What is done once every run is made."""

    def records(self) -> tuple[Record, ...]:
        """The records that count, as they are now."""
        return tuple(self.on_disk.sorted()[0].values())

    def results(self) -> Results:
        """What the study has come to, from the records as they are now."""
        return collect(self.on_disk)

    def train(self, seeds: Mapping[str, int]) -> list[Outcome]:
        """Make every run, `seeds` a setting, that has no good record of this configuration.

        Raises:
            ResumeError: there are runs that were begun elsewhere, and that wasn't allowed.
        """
        planned = self.tasks(seeds)
        self._set_unreadable_aside(planned)
        done = {task.run.key for task in planned if self._is_done(task)}
        over = done | self.tried
        tasks = [task for task in planned if task.run.key not in over]
        self.begin(tasks, done)
        self.tried |= {task.run.key for task in tasks}
        self._tell_changes(tasks, len(planned))
        jobs = self.place.needed(tasks)
        steps = sum(task.steps for task in tasks)
        self.watch(events.TrainingBegins(len(planned), len(tasks), steps, jobs))

        def ended(o: Outcome) -> None:
            self.on_disk.look(o.run)
            self.watch(events.RunEnded(*o.run.key, o.status, o.seconds, o.message))

        return self.place.perform(tasks, self.watch, ended)

    def _set_unreadable_aside(self, planned: Sequence[Making]) -> None:
        for task in planned:
            if why := self.on_disk.unreadable.get(task.run.key):
                where = set_aside(self.out, run_folder(self.out, *task.run.key))
                self.watch(events.RecordSetAside(*task.run.key, str(where), why))
                self.on_disk.look(task.run)

    def _is_done(self, task: Making) -> bool:
        record = self.on_disk.read.get(task.run.key)
        if record is None or record.facts.digest != task.follows_from.digest:
            return False
        return is_final(record.facts)

    def _tell_changes(self, tasks: Sequence[Making], planned: int) -> None:
        """Say what has changed since the records that are there, if anything has."""
        changes = {
            task.run.key: task.follows_from.changes_since(record.facts)
            for task in tasks
            if (record := self.on_disk.read.get(task.run.key))
        }
        lines = dict.fromkeys(f"{name}: {c}" for (name, _), cs in changes.items() for c in cs)
        if lines:
            again = sum(map(bool, changes.values()))
            self.watch(events.StudyChanged(tuple(lines), again, planned - len(tasks)))


def prepare_folder(out: Path, study: Planned, watch: Watch) -> StudyRecords:
    """Refuse what must not be there, sweep what a kill left, and read what is there."""
    for link in ways_out(out, leaving=out / WORK):
        raise RecordError(f"{link}: expected a folder, got a link that leads out of {out}")
    if not names_in(out / JOBS):  # whose jobs may be writing
        with writing_report(out, watch):
            sweep(out, OWN - {WORK})  # what scripts left there is theirs
    return read_records(out, study)


def declare_plan(out: Path, on_disk: StudyRecords, watch: Watch) -> Ledger:
    """Write down what the study plans, and say what of it is changed after results were seen."""
    study, ended, before = on_disk.study, len(recorded_runs(out)), read_ledger(out)
    begun = read_study_copy(out) if ended and not before.plan else None
    ledger = declare(out, study, ended, begun, counting=len(on_disk.sorted()[0]))
    if said := on_changes(ledger, len(before.changes), study):
        watch(events.PlanChanged(said))
    return ledger
