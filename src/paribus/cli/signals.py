"""A polite end by a signal is as Ctrl-C: workers stop, and the same command goes on."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Stopped(KeyboardInterrupt):
    """The process was asked to end by a signal."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(signal.Signals(number).name)


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Raise `Stopped` on SIGTERM and SIGHUP, unless the caller ignores them, as nohup does."""
    taken = [
        one for one in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(one) is signal.SIG_DFL
    ]
    for one in taken:
        signal.signal(one, _stop)
    try:
        yield
    finally:
        for one in taken:
            signal.signal(one, signal.SIG_DFL)


def exit_code(interrupt: KeyboardInterrupt) -> int:
    """128 and the signal's number, as a shell has it."""
    return 128 + (interrupt.number if isinstance(interrupt, Stopped) else signal.SIGINT)


def _stop(number: int, _frame: FrameType | None) -> None:
    raise Stopped(number)
