"""Charts are drawn in a process of their own: what ends it leaves the report without charts."""

import resource
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
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


@contextmanager
def artist() -> Iterator[Draw]:
    """Start the process that draws, and give the function that has it draw all charts, once.

    It gets ready while the caller works out what to draw. The function raises ChartsError where
    the process can't be started, or ends too soon.
    """
    try:
        process = Popen(ARTIST, stdin=PIPE, stdout=PIPE, stderr=PIPE, text=True)
    except OSError as error:
        yield partial(_refuse, f"can't be started ({error.strerror})")
    else:
        with process:
            try:
                yield partial(_draw, process)
            finally:
                process.kill()  # where nobody wants its charts any more; else it has ended


def _refuse(why: str, charts: object) -> dict[str, Svg]:
    raise ChartsError(why)


def _draw(process: Popen[str], charts: Mapping[str, Callable[[], Specification]]) -> dict[str, Svg]:
    lines = "".join(f"{dumps(harmless(chart()))}\n" for chart in charts.values())
    answer, errors = process.communicate(lines)  # which doesn't mind if it has ended already
    if process.returncode:
        raise ChartsError(_how_it_ended(process.returncode, errors))
    drawings = map(loads, answer.splitlines())
    return {name: tidied(svg) for name, svg in zip(charts, drawings, strict=True)}


def _how_it_ended(code: int, errors: str) -> str:
    limited = resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY
    hint = "; `ulimit -v` leaves it too little address space" if limited else ""
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}{hint}"
    return f"failed ({(errors.splitlines() or ['without words'])[-1]}){hint}"
