"""Charts are drawn in a process of their own: what ends it leaves the report without charts."""

import resource
import signal
import sys
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from subprocess import PIPE, Popen
from typing import Any

from paribus.errors import ParibusError
from paribus.io.strict_json import dumps, loads
from paribus.names import harmless
from paribus.report.charts.svg import Svg, tidied

#: A chart in Vega-Lite's JSON.
Specification = dict[str, Any]

#: The current folder isn't on its import path (-P): it may be a stranger's.
ARTIST = (sys.executable, "-P", "-m", "paribus.report.charts.artist")


class ChartsError(ParibusError):
    """Charts that can't be drawn here; the message is a clause that says why."""


Draw = Callable[[Mapping[str, Callable[[], Specification]]], dict[str, Svg]]
_Ask = Callable[[Iterable[Any]], list[str]]


@contextmanager
def artist() -> Iterator[Draw]:
    """Start the process that draws, and give the function that has it draw all charts, once.

    It gets ready while the caller works out what to draw. The function raises ChartsError where
    the process can't be started, or ends too soon.
    """
    with _process() as ask:
        yield partial(_draw, ask)


def _draw(ask: _Ask, charts: Mapping[str, Callable[[], Specification]]) -> dict[str, Svg]:
    drawings = ask(harmless(chart()) for chart in charts.values())
    return {name: tidied(svg) for name, svg in zip(charts, drawings, strict=True)}


def pdfs(svgs: Mapping[str, str]) -> dict[str, bytes]:
    """Drawings as PDFs of one page each, as large as the SVGs say.

    What a page shows is the same every time, the order of the objects in its file isn't.

    Raises:
        ChartsError: the process that makes them can't be started, or ends too soon.
    """
    return _converted(svgs, "pdf")


def pngs(svgs: Mapping[str, str]) -> dict[str, bytes]:
    """Drawings as PNGs, with 300 pixels to an inch; raises as `pdfs` does."""
    return _converted(svgs, "png")


def _converted(svgs: Mapping[str, str], kind: str) -> dict[str, bytes]:
    with _process() as ask:
        made = ask([kind, svg] for svg in svgs.values())
    return {name: b64decode(content) for name, content in zip(svgs, made, strict=True)}


@contextmanager
def _process() -> Iterator[_Ask]:
    try:
        process = Popen(ARTIST, stdin=PIPE, stdout=PIPE, stderr=PIPE, text=True)
    except OSError as error:
        yield partial(_refuse, f"can't be started ({error.strerror})")
    else:
        with process:
            try:
                yield partial(_answers, process)
            finally:
                process.kill()  # where nobody wants its charts any more; else it has ended


def _refuse(why: str, questions: object) -> list[str]:
    raise ChartsError(why)


def _answers(process: Popen[str], questions: Iterable[Any]) -> list[str]:
    lines = "".join(f"{dumps(question)}\n" for question in questions)
    answer, errors = process.communicate(lines)  # which doesn't mind if it has ended already
    if process.returncode:
        raise ChartsError(_how_it_ended(process.returncode, errors))
    return [loads(line) for line in answer.splitlines()]


def _how_it_ended(code: int, errors: str) -> str:
    limited = resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY
    hint = "; `ulimit -v` leaves it too little address space" if limited else ""
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}{hint}"
    return f"failed ({(errors.splitlines() or ['without words'])[-1]}){hint}"
