"""Events of a study on standard error: bars on a terminal, lines in a log."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from paribus.events import (
    AnalysisBegins,
    CheckpointPassedOver,
    DataRead,
    EngineMissing,
    EpochDone,
    Event,
    FilesLeftOut,
    RecordSetAside,
    RunAnalyzed,
    RunBegins,
    RunEnded,
    StudyChanged,
    TrainingBegins,
    WorkerKilled,
)
from paribus.log import says
from paribus.names import printable, safe_class, safe_name

if TYPE_CHECKING:
    import pandas as pd

    from paribus.claims.judge import ClaimVerdict
    from paribus.execution.estimate import Outlook

_VERDICT_STYLES = {"supported": "green", "refuted": "bold red", "undecided": "yellow"}

#: What the columns of failed cases mean that don't say so themselves.
_FAILURE_COLUMNS = (
    "p: probability of the true class and of the most frequent wrong one, mean over the seeds. "
    "label: rank by suspicion that the label is wrong, 1 for the most suspicious test image."
)

#: More files left out than this are counted, not named.
MOST_FILES = 20
MOST_CHANGES = 20


class Screen:
    """Shows events; use it as a context, and pass `show` as the watch of a study."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._bars: dict[str, TaskID] = {}
        self._last_line = 0.0
        self._ended = self._left = 0

    def __enter__(self) -> Screen:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def show(self, event: Event) -> None:
        """Show one event."""
        match event:
            case DataRead():
                self._data(event)
            case FilesLeftOut():
                self._left_out(event)
            case TrainingBegins():
                self._begin(event)
            case RunBegins(epoch=epoch) if epoch:
                self._progress.advance(self._bar("training", None), epoch)
                self._say(says(event))
            case EpochDone():
                self._progress.advance(self._bar("training", None))
            case StudyChanged():
                self._changed(event)
            case EngineMissing() | RecordSetAside() | CheckpointPassedOver() | WorkerKilled():
                self._say(says(event), style="yellow")
            case RunEnded():
                self._run_ended(event)
            case AnalysisBegins():
                self._begin_analysis(event)
            case RunAnalyzed():
                self._run_analyzed(event)

    def _data(self, event: DataRead) -> None:
        bar = self._bar(event.what, event.total)
        self._progress.update(bar, completed=event.done, total=event.total)
        now = time.monotonic()
        if not self._console.is_terminal and now - self._last_line > 10:
            self._last_line = now
            total = f" of {event.total:,}" if event.total else ""
            self._say(f"{event.what}: {event.done:,}{total}")

    def _left_out(self, event: FilesLeftOut) -> None:
        count = len(event.files)
        self._say(f"{count} {'file is' if count == 1 else 'files are'} left out:", style="yellow")
        for file in event.files[:MOST_FILES]:
            self._say(f"  {file}")
        if count > MOST_FILES:
            self._say(f"  and {count - MOST_FILES} more; `paribus data verify` lists all")

    def _changed(self, event: StudyChanged) -> None:
        self._say("Since the records there were made, this has changed:", style="yellow")
        for change in event.changes[:MOST_CHANGES]:
            self._say(f"  {change}")
        if len(event.changes) > MOST_CHANGES:
            self._say(f"  and {len(event.changes) - MOST_CHANGES} more")
        runs = "1 run is" if event.again == 1 else f"{event.again} runs are"
        stay = "1 stays" if event.kept == 1 else f"{event.kept} stay"
        self._say(f"{runs} trained again for it; {stay} as they are")

    def _begin(self, event: TrainingBegins) -> None:
        self._left = event.left
        self._clear_bars()
        done = event.runs - event.left
        already = f", {done} of {event.runs} done before" if done else ""
        workers = "1 process" if event.jobs == 1 else f"{event.jobs} processes"
        runs = "1 run" if event.left == 1 else f"{event.left} runs"
        self._say(f"{runs} to train in {workers}{already}")
        if event.left:
            self._bar("training", event.epochs)

    def _run_ended(self, event: RunEnded) -> None:
        self._ended += 1
        line = f"[{self._ended}/{self._left}] {event.setting}, seed {event.seed}: {event.status}"
        if event.status == "finished":
            self._say(f"{line} in {duration(event.seconds)}")
        else:
            self._say(f"{line}. {event.message}", style="bold red")

    def _begin_analysis(self, event: AnalysisBegins) -> None:
        self._clear_bars()
        if event.left:
            networks = "1 network" if event.left == 1 else f"{event.left} networks"
            self._say(f"{networks} to analyze: what each looks at, and why it fails")
            self._bar("analyzing", event.left)

    def _run_analyzed(self, event: RunAnalyzed) -> None:
        self._progress.advance(self._bar("analyzing", None))
        if event.status != "finished":
            line = f"{event.setting}, seed {event.seed}: not analyzed. {event.message}"
            self._say(line, style="yellow")

    def _clear_bars(self) -> None:
        for bar in self._bars.values():
            self._progress.remove_task(bar)
        self._bars.clear()

    def _bar(self, what: str, total: int | None) -> TaskID:
        if what not in self._bars:
            self._bars[what] = self._progress.add_task(what, total=total)
        return self._bars[what]

    def _say(self, line: str, style: str | None = None) -> None:
        self._console.print(printable(line), style=style, markup=False, soft_wrap=True)


def show_outlook(outlook: Outlook) -> None:
    """Print a plan on standard output: what each setting changes, the runs, the time."""
    console = Console(highlight=False)
    seen = outlook.sizes
    channels, height, width = seen.shape
    color = "color" if channels == 3 else "gray"
    console.print(printable(outlook.study), style="bold", markup=False)
    console.print(
        f"{outlook.source}: {seen.training:,} training, {seen.validation:,} validation and "
        f"{seen.test:,} test images, {height}x{width} {color}, {seen.classes} classes\n"
    )
    table = Table("setting", "changes", "parameters", "epochs", "a run takes", box=SIMPLE_HEAD)
    for setting in outlook.settings:
        changes = "\n".join(f"{k}: {a} -> {b}" for k, (a, b) in setting.changes.items())
        table.add_row(
            Text(setting.name),
            Text(changes or "(the baseline)"),
            f"{setting.parameters:,}",
            str(setting.epochs),
            duration(setting.run_seconds),
        )
    console.print(table)
    alike: dict[tuple[str, str], list[str]] = {}
    for setting in outlook.settings:
        alike.setdefault((setting.engine, setting.why), []).append(setting.name)
    for (engine, why), names in alike.items():
        whose = f"engine {engine}, {', '.join(names)}" if len(alike) > 1 else f"engine {engine}"
        console.print(printable(f"{whose}: {why}"), markup=False)
    seeds = 1 + max(seed for _, seed in outlook.runs)
    console.print(f"{len(outlook.runs)} runs, {seeds} seeds, in this order:")
    for seed in range(seeds):
        its = ", ".join(name for name, k in outlook.runs if k == seed)
        console.print(f"  seed {seed}: {its}", markup=False)
    processes = "1 process" if outlook.jobs == 1 else f"{outlook.jobs} processes"
    console.print(f"\nAbout {duration(outlook.seconds)} in {processes}, by steps measured just now")


def show_claims(study: str, claims: Sequence[ClaimVerdict]) -> None:
    """Print the verdict on every claim on standard output, with the evidence for it."""
    from paribus.narrative.claims import evidence

    console = Console(highlight=False)
    console.print(printable(study), style="bold", markup=False)
    if not claims:
        console.print("This study claims nothing, so there is nothing to check.")
        return
    table = Table("verdict", "claim", box=SIMPLE_HEAD)
    for found in claims:
        said = Text.assemble((found.claim.id, "bold"), f"\n{printable(found.claim.says)}\n")
        table.add_row(
            Text(found.verdict, style=_VERDICT_STYLES[found.verdict]),
            said.append(printable(evidence(found)), style="dim"),
            end_section=True,
        )
    console.print(table)
    counts = Counter(found.verdict for found in claims)
    console.print(
        f"{counts['supported']} supported, {counts['refuted']} refuted, "
        f"{counts['undecided']} undecided"
    )


def show_failures(listed: pd.DataFrame, matching: int) -> None:
    """Print failed cases on standard output, as `paribus.tables.failures` has them.

    Args:
        matching: how many there are, of which `listed` are the first.
    """
    console = Console(highlight=False)
    if not matching:
        console.print("No failed case matches.")
        return
    table = Table("setting", "image", "true", "the seeds say", "wrong", box=SIMPLE_HEAD)
    for name in ("p true", "p wrong", "label"):
        table.add_column(name, justify="right")
    for row in listed.itertuples():
        table.add_row(*map(Text, _failure(row)))
    console.print(table)
    many = "1 failed case matches" if matching == 1 else f"{matching:,} failed cases match"
    rest = "" if matching == len(listed) else f"; the first {len(listed):,} are shown"
    console.print(f"{many}{rest}. {_FAILURE_COLUMNS}")


def _failure(row: Any) -> tuple[str, ...]:
    """A failed case's cells; classes are named by strangers, so nothing in them may control."""
    kind = ", ".join(word for word in (row.kind, row.change) if word)
    probabilities = (row.true_probability, row.predicted_probability)
    return (
        row.setting,
        str(row.image),
        safe_class(row.true),
        safe_name(row.votes),
        f"{row.wrong} of {row.seeds}\n{kind}",
        *("" if math.isnan(p) else f"{p:.2f}" for p in probabilities),
        f"{row.suspicion_rank:,}",
    )


def duration(seconds: float) -> str:
    """A time for people: "0.4 s", "48 s", "12 min", "3 h 20 min"."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
