"""Events of a study in a notebook: one output below the cell, which is replaced as it goes on."""

from __future__ import annotations

import io
import time
from collections import deque
from collections.abc import Iterable, Iterator
from html import escape

from rich.console import Console, RenderableType
from rich.progress import Task

from paribus.cli.show import count, duration
from paribus.io.notebook import Output

#: Seconds between two states of the output, at least.
BETWEEN = 0.3
#: Messages that are kept, the last ones, and warnings that are shown, the first ones.
MOST_MESSAGES, MOST_WARNINGS = 500, 20

_BAR = "width: 14em; max-width: 40%; vertical-align: middle"
_WARNING = "margin: .2em 0; padding-left: .6em; border-left: 3px solid #d55e00"
_PRE = "margin: .3em 0; max-height: 24em; overflow: auto; line-height: 1.35; font-size: .9em"


class Notebook:
    """Bars, warnings, and every message folded away; a saved notebook has the last state alone."""

    draws = True

    def __init__(self) -> None:
        self._output = Output()
        self._messages: deque[str] = deque(maxlen=MOST_MESSAGES)
        self._warnings: list[str] = []
        self._said = 0
        self._began, self._shown = time.monotonic(), 0.0

    def say(self, line: str, style: str | None) -> None:
        """Keep a line; one in yellow or red is a warning, which isn't folded away."""
        self._said += 1
        self._messages.append(line)
        if style and ("yellow" in style or "red" in style):
            self._warnings.append(line)

    def table(self, *parts: RenderableType) -> None:
        """Keep tables as text."""
        page = Console(file=io.StringIO(), width=100, color_system=None, force_jupyter=False)
        page.print(*parts)
        self.say(page.file.getvalue().rstrip(), None)  # type: ignore[attr-defined]  # as given

    def refresh(self, bars: Iterable[Task]) -> None:
        """Show how far the bars have come, unless that was shown a moment ago."""
        if time.monotonic() - self._shown > BETWEEN:
            self._show(bars, self._messages[-1] if self._messages else "")

    def end(self, whole: bool) -> None:
        """Show what is left to be read later; `whole`: nothing stopped it."""
        how = "Done in" if whole else "Stopped after"
        if self._said:
            self._show((), f"{how} {duration(time.monotonic() - self._began)}")

    def _show(self, bars: Iterable[Task], now: str) -> None:
        self._shown = time.monotonic()
        bars = list(bars)
        text = "; ".join([*map(_told, bars), now])
        self._output.show("\n".join(self._html(bars, now)), text)

    def _html(self, bars: list[Task], now: str) -> Iterator[str]:
        for bar in bars:
            far = f'value="{bar.completed}" max="{bar.total}"' if bar.total else ""
            yield f'<div><progress {far} style="{_BAR}"></progress> {escape(_told(bar))}</div>'
        for line in self._warnings[:MOST_WARNINGS]:
            yield f'<div style="{_WARNING}">{escape(line)}</div>'
        if (left := len(self._warnings) - MOST_WARNINGS) > 0:
            yield f'<div style="{_WARNING}">and {left} more below</div>'
        first = self._said - len(self._messages)
        lines = [f"... {count(first, 'message')} before", *self._messages][first == 0 :]
        yield f"<details><summary>{escape(now)} ({count(self._said, 'message')})</summary>"
        yield f'<pre style="{_PRE}">{escape(chr(10).join(lines))}</pre></details>'


def _told(bar: Task) -> str:
    """A bar in words: "training: 12 of 30, 8.2 s, about 12 s left"."""
    total = f" of {bar.total:,.0f}" if bar.total else ""
    parts = [f"{bar.description}: {bar.completed:,.0f}{total}"]
    if bar.elapsed:
        parts.append(duration(bar.elapsed))
    if bar.time_remaining:
        parts.append(f"about {duration(bar.time_remaining)} left")
    return ", ".join(parts)
