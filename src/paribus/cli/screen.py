"""Events of a study as they are shown: on standard error, or below a notebook's cell."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Protocol

from rich.console import RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from paribus import events
from paribus.cli.notebook import Notebook
from paribus.cli.show import count, duration, images_seen, runs_found
from paribus.cli.terminal import console, unheard
from paribus.events import Event
from paribus.io.notebook import in_notebook
from paribus.log import says
from paribus.names import printable

#: More files or changes than this are counted, not named.
MOST_LINES = 20
#: Seconds between what runs of scripts print, at least; files have all.
BETWEEN = 0.1


class Place(Protocol):
    """Where lines, tables and bars are shown; `draws`: bars move there."""

    draws: bool

    def say(self, line: str, style: str | None) -> None:
        """Show a line."""

    def table(self, *parts: RenderableType) -> None:
        """Show tables."""

    def refresh(self, bars: Iterable[Task]) -> None:
        """Show how far the bars have come."""

    def end(self, whole: bool) -> None:
        """Show no more; `whole`: nothing stopped the work."""


class Stream:
    """Standard error: bars on a terminal, which draw themselves, and lines in a log."""

    def __init__(self) -> None:
        self.console = console(stderr=True)
        self.draws = self.console.is_terminal

    def say(self, line: str, style: str | None) -> None:
        """Print a line, however long."""
        self.console.print(line, style=style, soft_wrap=True)

    def table(self, *parts: RenderableType) -> None:
        """Print tables."""
        self.console.print(*parts)

    def refresh(self, bars: Iterable[Task]) -> None:
        """Nothing: what is printed stays, and bars draw themselves."""

    def end(self, whole: bool) -> None:
        """Nothing is left to be shown."""


class Screen:
    """Shows events; use it as a context, and pass `show` as the watch of a study."""

    def __init__(self) -> None:
        stream = Stream()
        self._place: Place = Notebook() if in_notebook() else stream
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=stream.console,
            transient=True,
            disable=self._place is not stream or not stream.draws,
        )
        self._bars: dict[str, TaskID] = {}
        self._last_line = self._last_printed = 0.0
        self._ended = self._wanted = 0  # runs, over all rounds of a study that adds seeds
        self._by_run = False  # whether the bar counts runs, since nothing tells of epochs

    def __enter__(self) -> Screen:
        with unheard():
            self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with unheard():
            self._progress.stop()
            self._place.end(kind is None)

    def show(self, event: Event) -> None:
        """Show one event, if standard error can be written."""
        with unheard():
            self._show(event)
            self._place.refresh(self._progress.tasks)

    def _show(self, event: Event) -> None:
        match event:
            case events.DataRead():
                self._data(event)
            case events.RunExported(done, total):
                self._progress.update(self._bar("exporting", total), completed=done)
            case events.ImagesReady():
                self._clear_bars()
                self._place.table(*images_seen(event))
                for line in event.notes:
                    self._say(line, style="yellow")
                self._list("Left out:", event.left_out)
            case events.RunsFound():
                self._clear_bars()
                self._place.table(runs_found(event))
                for line in event.notes:
                    self._say(line)
                for line in event.warnings:
                    self._say(line, style="yellow")
                self._list("Left out:", event.left_out)
            case events.StudyChanged(changes):
                self._list("Changed since the existing records were made:", changes)
                again = count(event.again, "run")
                self._say(f"Retraining {again} because of this; keeping {event.kept}")
            case events.TrainingBegins():
                self._begin(event)
            case events.RunBegins(epoch=epoch) if epoch:
                self._progress.advance(self._bar("training"), epoch)
                self._say(says(event))
            case events.EpochDone():
                self._progress.advance(self._bar("training"))
            case events.RunEnded():
                self._run_ended(event)
            case events.AnalysisBegins(left=left):
                self._clear_bars()
                if left:
                    networks = count(left, "network")
                    self._say(f"{networks} to analyze: what each looks at, and why it fails")
                    self._bar("analyzing", left)
            case events.RunAnalyzed():
                self._progress.advance(self._bar("analyzing"))
                if event.status != "finished":
                    run = f"{event.setting}, seed {event.seed}"
                    self._say(f"{run}: not analyzed. {event.message}", style="yellow")
            case events.EngineMissing() | events.RecordSetAside() | events.Waiting():
                self._say(says(event), style="yellow")
            case events.ChartsMissing() | events.NetworkNoticed() | events.PlanChanged():
                self._say(says(event), style="yellow")
            case events.ScriptNoticed() | events.LiveReportNoticed():
                self._say(event.message, style="yellow")
            case events.RunPrinted():
                self._printed(event)
            case events.CheckpointPassedOver() | events.WorkerKilled():
                self._say(says(event), style="yellow")

    def _data(self, event: events.DataRead) -> None:
        bar = self._bar(event.what, event.total)
        self._progress.update(bar, completed=event.done, total=event.total)
        now = time.monotonic()
        if not self._place.draws and now - self._last_line > 10:
            self._last_line = now
            total = f" of {event.total:,}" if event.total else ""
            self._say(f"{event.what}: {event.done:,}{total}")

    def _begin(self, event: events.TrainingBegins) -> None:
        self._wanted = self._ended + event.left
        self._clear_bars()
        done = event.runs - event.left
        already = f", {done} of {event.runs} already done" if done else ""
        workers = count(event.jobs, "process", "processes")
        self._say(f"{count(event.left, 'run')} to train in {workers}{already}")
        if event.left:
            self._by_run = not event.epochs
            self._bar("training", event.epochs or event.left)

    def _printed(self, event: events.RunPrinted) -> None:
        now = time.monotonic()
        if now - self._last_printed < BETWEEN:  # hundreds of runs may print at once
            return
        self._last_printed = now
        run = f"{event.setting}, seed {event.seed}"
        more = [f"... {count(event.more, 'line')} not shown"] if event.more else []
        for line in (*more, *event.lines):
            self._say(f"{run} | {line}", style="dim")

    def _run_ended(self, event: events.RunEnded) -> None:
        self._ended += 1
        if self._by_run:
            self._progress.advance(self._bar("training"))
        line = f"[{self._ended}/{self._wanted}] {event.setting}, seed {event.seed}: {event.status}"
        if event.status == "finished":
            self._say(f"{line} in {duration(event.seconds)}")
        else:
            self._say(f"{line}. {event.message}", style="bold red")

    def _list(self, title: str, lines: Sequence[str]) -> None:
        if lines:
            self._say(title, style="yellow")
        for line in lines[:MOST_LINES]:
            self._say(f"  {line}")
        if len(lines) > MOST_LINES:
            self._say(f"  and {len(lines) - MOST_LINES} more")

    def _clear_bars(self) -> None:
        for bar in self._bars.values():
            self._progress.remove_task(bar)
        self._bars.clear()

    def _bar(self, what: str, total: int | None = None) -> TaskID:
        if what not in self._bars:
            self._bars[what] = self._progress.add_task(what, total=total)
        return self._bars[what]

    def _say(self, line: str, style: str | None = None) -> None:
        self._place.say(printable(line), style)
