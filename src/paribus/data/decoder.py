"""The program of a process that decodes images: take files until there are no more.

It imports little, so that it starts quickly.
"""

from __future__ import annotations

import signal
import sys
from contextlib import suppress
from multiprocessing.connection import Connection

from paribus.data.taking import File, Place, Taken, taking
from paribus.errors import DiskError, ReadError

Answer = list[Taken] | DiskError | ReadError


def main() -> None:
    """Serve the process at the other end of the connection that the command line names."""
    for one in (signal.SIGINT, signal.SIGHUP):  # the parent decides
        signal.signal(one, signal.SIG_IGN)
    connection: Connection[Answer, Place | list[File] | None] = Connection(int(sys.argv[1]))
    with suppress(EOFError, ConnectionError):  # the parent is gone
        serve(connection)


def serve(connection: Connection[Answer, Place | list[File] | None]) -> None:
    """Hear where pixels go; then answer every list of files with what came of them."""
    place = connection.recv()
    assert not isinstance(place, list)
    try:
        with taking(place) as taker:
            while True:
                files = connection.recv()
                assert isinstance(files, list)
                connection.send(taker.take(files))
    except (DiskError, ReadError) as error:
        connection.send(error)


if __name__ == "__main__":
    main()
