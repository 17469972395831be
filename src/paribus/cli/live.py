"""`paribus run --open`: the report in the browser, written again as runs finish."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event as Flag
from threading import Lock, Thread

from paribus import events
from paribus.errors import ParibusError
from paribus.events import Event, Watch
from paribus.execution.workers import search_path
from paribus.report.browser import opened
from paribus.report.live import mark_stopped

#: Seconds from the end of one writing to the next, at least, once a run has ended; more where one
#: takes longer than `USUAL` seconds, as of many runs or beside training on all cores, so that it
#: costs little there.
BETWEEN, USUAL = 60.0, 30.0
#: Seconds that a program which writes has to end, once nobody wants its page any more.
PATIENCE = 10.0


class LiveReport:
    """Use it as a context around a study, with `hear` among what hears its events.

    A program of its own writes the page, so neither its memory nor its end touches the study; a
    thread waits for it. It has ended before the finished report is written, and never replaces it.
    """

    def __init__(
        self,
        out: Path,
        tell: Watch,
        *,
        between: float = BETWEEN,
        open_page: Callable[[Path], bool] = opened,
    ) -> None:
        self._out, self._tell, self._between, self._open = out, tell, between, open_page
        self._due, self._over, self._starting = Flag(), Flag(), Lock()
        self._process: subprocess.Popen[str] | None = None
        self._is_open = self._failed = self._has_runs = False
        self._thread = Thread(target=self._follow, daemon=True)

    def __enter__(self) -> LiveReport:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._end()
        if kind is None:
            self._open_once()
        else:
            with suppress(ParibusError):  # what stopped the study is told, and counts more
                mark_stopped(self._out)

    def hear(self, event: Event) -> None:
        """Have the page written when an event changes what it shows."""
        match event:
            case events.TrainingBegins(left=0):
                pass  # the report comes at once
            case events.TrainingBegins() | events.RunEnded():
                self._has_runs |= isinstance(event, events.RunEnded)
                self._due.set()
            case events.ReportBegins():
                self._end()

    def _follow(self) -> None:
        while self._due.wait() and not self._over.is_set():
            self._due.clear()
            began, is_empty = time.monotonic(), not self._has_runs
            self._write()
            if is_empty:
                continue  # the first run's end is news
            took = time.monotonic() - began
            self._over.wait(self._between * max(1.0, took / USUAL))

    def _write(self) -> None:
        with self._starting:
            if self._over.is_set():
                return
            self._process = _started(self._out)
        _, said = self._process.communicate()
        if self._over.is_set():
            return
        if self._process.returncode == 0:
            self._failed = False
            self._open_once()
        elif not self._failed:  # else it has been said
            self._failed = True
            why = (said.splitlines() or [f"exit code {self._process.returncode}"])[-1]
            self._say(f"The report of the runs so far can't be written ({why}); training goes on.")

    def _open_once(self) -> None:
        page = self._out / "report.html"
        if self._is_open or not page.exists():
            return
        self._is_open = True
        if not self._open(page):
            self._say(f"There is no browser here. Open the report in one: {page.absolute()}")

    def _say(self, message: str) -> None:
        self._tell(events.LiveReportNoticed(message))

    def _end(self) -> None:
        """Have no page written any more, and wait until none is."""
        with self._starting:
            self._over.set()
        self._due.set()
        process = self._process
        if process is not None and process.poll() is None:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(PATIENCE)
            process.kill()
        self._thread.join()


def _started(out: Path) -> subprocess.Popen[str]:
    """The program that writes the page once; Ctrl-C in the terminal is for the study alone."""
    quiet = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "paribus.report.live", str(out.absolute())],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | quiet | {"PYTHONPATH": os.pathsep.join(search_path(False))},
    )
