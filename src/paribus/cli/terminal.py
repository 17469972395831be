"""Standard output and standard error: text alone is written, and a failure to write is told.

Results go to standard output: where they can't be written, a command fails. Everything else goes
to standard error: where that can't be written, the work goes on without it.
"""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

from rich.console import Console, RenderableType

from paribus.errors import ParibusError
from paribus.io.strict_json import dumps
from paribus.names import printable


class OutputError(ParibusError):
    """Standard output can't be written."""


class ReaderGoneError(OutputError):
    """Who reads standard output has seen enough, as `head` has: no words, and a shell's code."""

    exit_code = 128 + signal.SIGPIPE


def open_streams() -> None:
    """Let both streams take any text, in any encoding, and give closed ones a place to go."""
    with suppress(OSError):
        # A file opened next would get the number of a closed stream, and what is meant for it.
        while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
            pass
        os.close(number)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


class _Console(Console):
    def on_broken_pipe(self) -> None:
        raise  # rich would end the process; what to do is decided below


def console(*, stderr: bool = False) -> Console:
    """A stream as it is, where nothing in a text counts as markup."""
    return _Console(stderr=stderr, highlight=False, markup=False, emoji=False)


def write(*parts: RenderableType) -> None:
    """Write to standard output, each part below the one before; a string is one unbroken line.

    Strangers' texts in other parts must be printable already: `names.harmless` makes them so.

    Raises:
        OutputError: it can't be written.
    """
    with _required():
        for part in parts:
            if isinstance(part, str):
                print(printable(part), flush=True)
            else:
                console().print(part)


def write_json(value: Any, indent: int | None = 1) -> None:
    """Write JSON, which is ASCII alone, to standard output; raises as `write` does."""
    with _required():
        print(dumps(value, indent=indent, default=str), flush=True)


def tell(text: str, style: str | None = None) -> None:
    """Write lines to standard error, if it can be written."""
    with unheard():
        for line in text.split("\n") if text else ():
            console(stderr=True).print(printable(line), style=style, soft_wrap=True)


@contextmanager
def piped() -> Iterator[None]:
    """Raise ReaderGoneError where no one reads standard output any more."""
    try:
        yield
    except BrokenPipeError:
        _silence(sys.stdout)
        raise ReaderGoneError from None


@contextmanager
def _required() -> Iterator[None]:
    try:
        with piped():
            yield
    except OSError as error:
        _silence(sys.stdout)
        reason = f"standard output: can't be written ({error.strerror})"
        raise OutputError(reason) from None


@contextmanager
def unheard() -> Iterator[None]:
    """Go on without standard error once it can't be written."""
    try:
        yield
    except OSError:
        _silence(sys.stderr)


def _silence(stream: TextIO | None) -> None:
    """Drop what a stream still holds and will get: Python would fail over it again at its end."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())  # type: ignore[union-attr]  # None has none to silence
        os.close(nowhere)
