"""Ray in this process without its messages, and without its hand on this process's signals."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from ray._private import worker
from ray.util import client

# Ray declares no types for these.
_worker: Any = worker
_client: Any = client.ray


@contextmanager
def silent() -> Iterator[None]:
    """Keep what Ray tells of its nodes out of standard output, which is for results.

    A lost node is told to the study's watch in a sentence; Ray prints twenty lines of its log,
    and has no switch for it. If it calls that otherwise one day, they are back.
    """
    before = getattr(_worker, "print_to_stdstream", None)
    try:
        _worker.print_to_stdstream = _not_shown
        yield
    finally:
        _worker.print_to_stdstream = before


def silence_client() -> None:
    """The same for a connection by `ray://`, which prints what the cluster's head does."""
    with suppress(AttributeError):
        _client.get_context().client_worker.log_client.disable_logs()


def _not_shown(*_: object, **__: object) -> None:
    pass


@contextmanager
def own_signals() -> Iterator[None]:
    """Ray takes over SIGTERM when it connects; whoever had it gets it back."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before if before is not None else signal.SIG_DFL)
