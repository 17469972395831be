"""What happened to a study, one JSON object a line, in `log.jsonl` beside its results.

Each line has the time, the kind of event, what is known of it, and a sentence for people. The
log is bounded: a file that has grown too large becomes `log-before.jsonl` and a new one begins.
Lines aren't synced, for nothing that must not be lost is in them.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from paribus import events
from paribus.errors import DiskError
from paribus.events import Event, Watch
from paribus.io.disk import append_line, move
from paribus.io.reading import UnfitError, read_inside
from paribus.io.strict_json import dumps, loads

LOG, BEFORE = "log.jsonl", "log-before.jsonl"

#: Bytes of a file of the log; there are two at most.
LARGEST = 1_000_000


def logged(out: Path, watch: Watch) -> Watch:
    """A watch that keeps what it hears in the log of `out`, and passes it on."""

    def hear(event: Event) -> None:
        if sentence := says(event):
            kind, now = type(event).__name__, datetime.now(UTC).isoformat(timespec="milliseconds")
            entry = {"time": now, "event": kind, **asdict(event), "says": sentence}
            if (out / LOG).exists() and (out / LOG).stat().st_size > LARGEST:
                move(out / LOG, out / BEFORE)
            append_line(out / LOG, dumps(entry).encode())
        watch(event)

    return hear


@contextmanager
def study_log(out: Path, study: str, watch: Watch) -> Iterator[Watch]:
    """A `logged` watch for the work on a study, which hears its beginning and its end."""
    watch = logged(out, watch)
    watch(events.StudyBegins(study, os.getpid()))
    try:
        yield watch
    except BaseException as error:
        with suppress(DiskError):
            watch(events.StudyEnded(f"stopped: {error or type(error).__name__}"))
        raise
    watch(events.StudyEnded("the report is written"))


def read_log(out: Path) -> Iterator[dict[str, Any]]:
    """The entries of a log, the oldest first; a line that a kill cut short is left out."""
    for name in (BEFORE, LOG):
        try:
            lines = read_inside(out / name, out, 2 * LARGEST).splitlines()
        except UnfitError:
            continue
        for line in lines:
            with suppress(ValueError):
                entry = loads(line)
                if isinstance(entry, dict):
                    yield entry


def says(event: Event) -> str:
    """An event as a sentence; "" for those that a log is better without."""
    match event:
        case events.StudyBegins():
            return f"{event.study} started"
        case events.StudyEnded() | events.Waiting():
            return event.message
        case events.ImagesReady():
            images = sum(map(sum, event.counts))
            seen = f"{images} images of {len(event.classes)} classes ({event.source})"
            left_out = f"{len(event.left_out)} files left out: {', '.join(event.left_out[:3])}"
            lines = [*event.notes, left_out] if event.left_out else event.notes
            return " ".join([f"{seen}, fingerprint {event.fingerprint[:8]}.", *lines])
        case events.EngineMissing():
            return f"training with PyTorch: {event.message}"
        case events.NetworkNoticed():
            return f"{event.setting}: {event.message}"
        case events.ChartsMissing() | events.PlanChanged() | events.ScriptNoticed():
            return event.message
        case events.RunsFound():
            runs = sum(number for _, number, _, _ in event.settings)
            found = f"{runs} runs of {len(event.settings)} settings"
            lines = [*event.notes, *event.warnings]
            return " ".join([f"{found}, {len(event.left_out)} left out.", *lines])
        case events.StudyChanged():
            return (
                f"changed since the existing records: {'; '.join(event.changes)}. "
                f"Retraining {event.again}, keeping {event.kept}"
            )
        case events.RecordSetAside():
            return f"{_run(event)}: set aside as {event.where}. {event.message}"
        case events.TrainingBegins():
            return f"{event.left} of {event.runs} runs to train"
        case events.RunBegins():
            resumed = f"resumed after epoch {event.epoch}"
            return f"{_run(event)}: {resumed if event.epoch else 'started'}"
        case events.CheckpointPassedOver():
            return f"{_run(event)}: skipped a damaged checkpoint, {event.file}"
        case events.EpochDone():
            return f"{_run(event)}: epoch {event.epoch} of {event.epochs}"
        case events.WorkerKilled():
            return f"{_run(event)}: {event.message}; will be tried again"
        case events.RunEnded():
            return f"{_run(event)}: {event.status} {event.message}".strip()
        case events.AnalysisBegins():
            return f"{event.left} of {event.runs} networks to analyze"
        case events.RunAnalyzed():
            return f"{_run(event)}: analysis {event.status} {event.message}".strip()
    return ""  # how far the reading of images has come


def _run(event: events.RunEvent) -> str:
    return f"{event.setting}, seed {event.seed}"
