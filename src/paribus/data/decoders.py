"""Files taken by as many processes as there are cores: decoding them is all work and no waiting.

Threads would do for photographs, during whose decoding Pillow lets others run; of small images
most of the time is spent in Python (docs/benchmarks.md).
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from itertools import islice
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Self

import paribus
from paribus.data.decoder import Answer
from paribus.data.taking import File, Place, Taken, taking
from paribus.errors import DataError, DiskError, ReadError
from paribus.search_path import safe_path

#: At most so many files, or bytes of them, are taken at once: what a kill loses, and what one
#: process may still have to do when the others are done.
MOST_FILES, MOST_BYTES = 200, 2_000_000
#: Fewer files and bytes are taken by this process: others take half a second to start.
FEW_FILES, FEW_BYTES = 10_000, 10_000_000
#: Lists of files that a process has waiting, so that it never waits for this one.
AHEAD = 2


def taken(files: Sequence[File], place: Place | None) -> Iterator[list[Taken]]:
    """What comes of files, list by list, in any order; pixels go to `place`, where there is one.

    Raises:
        ReadError: a file can't be read now.
        DiskError: the pixels can't be written.
        DataError: a process was killed.
    """
    lists = _lists(files)
    few = len(files) < FEW_FILES and sum(file.size for file in files) < FEW_BYTES
    processes = min(_cores(), len(lists))
    if few or processes < 2:
        with taking(place) as taker:
            yield from map(taker.take, lists)
        return
    with ExitStack() as started:
        decoders = [started.enter_context(_Decoder(place)) for _ in range(processes)]
        yield from _shared(lists, decoders)


def _lists(files: Sequence[File]) -> list[list[File]]:
    lists: list[list[File]] = []
    bytes_ = MOST_BYTES
    for file in files:
        if bytes_ >= MOST_BYTES or len(lists[-1]) == MOST_FILES:
            lists.append([])
            bytes_ = 0
        lists[-1].append(file)
        bytes_ += file.size
    return lists


def _shared(lists: Sequence[list[File]], decoders: "Sequence[_Decoder]") -> Iterator[list[Taken]]:
    waiting = iter(lists)
    for _ in range(AHEAD):
        for decoder, files in zip(decoders, waiting, strict=False):
            decoder.give(files)
    by_connection = {decoder.connection: decoder for decoder in decoders}
    while busy := [connection for connection, one in by_connection.items() if one.given]:
        for connection in wait(busy):
            assert isinstance(connection, Connection)
            decoder = by_connection[connection]
            answer = decoder.listen()
            for more in islice(waiting, 1):
                decoder.give(more)
            yield answer


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Decoder:
    """A process that takes files, and the connection to it."""

    def __init__(self, place: Place | None) -> None:
        self.given = 0  # lists that it hasn't answered
        self.connection, theirs = Pipe()
        # A program of its own, for the reasons of `execution/workers.py`.
        home = str(Path(paribus.__file__).parents[1])
        path = os.pathsep.join(entry for entry in (*safe_path(), home) if os.pathsep not in entry)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "paribus.data.decoder", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": path},
        )
        theirs.close()
        self._send(place)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self.connection.close()

    def give(self, files: list[File]) -> None:
        self.given += 1
        self._send(files)

    def listen(self) -> list[Taken]:
        """Its next answer; raises as `taken` does."""
        try:
            answer: Answer = self.connection.recv()
        except (EOFError, ConnectionError):
            code = self._process.wait()
            why = f"signal {-code}" if code < 0 else f"exit code {code}"
            raise DataError(
                f"A process that decodes images has ended ({why}); it may have wanted more memory "
                "than there is. Fix this and rerun: it resumes."
            ) from None
        if isinstance(answer, DiskError | ReadError):
            raise answer
        self.given -= 1
        return answer

    def _send(self, message: Place | list[File] | None) -> None:
        with suppress(ConnectionError):  # it has just died, as `listen` will find
            self.connection.send(message)
