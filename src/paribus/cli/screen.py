"""Events of a study on standard error: bars on a terminal, lines in a log."""

from __future__ import annotations

import time
from types import TracebackType

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

from paribus.cli.show import duration
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
from paribus.names import printable

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
        self._say(f"Skipped {'1 file' if count == 1 else f'{count} files'}:", style="yellow")
        for file in event.files[:MOST_FILES]:
            self._say(f"  {file}")
        if count > MOST_FILES:
            self._say(f"  and {count - MOST_FILES} more; `paribus data verify` lists all")

    def _changed(self, event: StudyChanged) -> None:
        self._say("Changed since the existing records were made:", style="yellow")
        for change in event.changes[:MOST_CHANGES]:
            self._say(f"  {change}")
        if len(event.changes) > MOST_CHANGES:
            self._say(f"  and {len(event.changes) - MOST_CHANGES} more")
        runs = "1 run" if event.again == 1 else f"{event.again} runs"
        self._say(f"Retraining {runs} because of this; keeping {event.kept}")

    def _begin(self, event: TrainingBegins) -> None:
        self._left = event.left
        self._clear_bars()
        done = event.runs - event.left
        already = f", {done} of {event.runs} already done" if done else ""
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
