"""The program of a worker process: take a task, perform it, say how it ended."""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
from contextlib import nullcontext, suppress
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from paribus.errors import DiskError
from paribus.io.disk import checked

if TYPE_CHECKING:
    from paribus.execution.place import Task
    from paribus.io.lock import Hold

#: In a worker. More would change the last bits of every sum, and share the core anyway.
THREADS = 1


def main() -> None:
    """Serve the process at the other end of the connection that the command line names."""
    # Standard output is for results: what users' code prints there goes to standard error.
    with suppress(OSError):
        os.dup2(2, 1)
    sys.stdout = sys.stderr
    # These reach the whole group of processes; the parent decides what becomes of workers.
    for one in (signal.SIGINT, signal.SIGHUP):
        signal.signal(one, signal.SIG_IGN)
    connection: Connection[object, tuple[Task, Hold | None]] = Connection(int(sys.argv[1]))
    # A program that a user's network starts would keep it open after this process has died.
    os.set_inheritable(connection.fileno(), False)
    threading.Thread(target=_end_with_parent, args=(connection.fileno(),), daemon=True).start()
    serve(connection)


def serve(connection: Connection[object, tuple[Task, Hold | None]]) -> None:
    """Perform every task that arrives and say how it ended, until the other end is closed.

    With each comes what holds the folder that it writes into, so that nothing is written there
    once the parent has lost it.
    """
    with suppress(EOFError, ConnectionError):  # the parent is gone
        while True:
            task, hold = connection.recv()  # loads what the task needs
            use_one_thread()
            try:
                with checked(hold.path.parent, hold.check) if hold else nullcontext():
                    connection.send(task.perform(connection.send))
            except DiskError as error:
                connection.send(error)


def use_one_thread() -> None:
    """Have PyTorch compute on one core, if this process has loaded it."""
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(THREADS)


def _end_with_parent(connection: int) -> None:
    """End this process at once when its parent has, however that came about."""
    hangup = select.poll()
    hangup.register(connection, 0)  # of all that could be waited for, a hangup is always told
    hangup.poll()
    os._exit(1)


if __name__ == "__main__":
    main()
