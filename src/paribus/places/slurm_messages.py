"""What a job tells the process that submitted it: lines of JSON, which are checked when read."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from paribus import events
from paribus.errors import DiskError, PlaceError, ReadError
from paribus.io.disk import append_line
from paribus.io.reading import opened, patiently
from paribus.io.strict_json import dumps, loads

#: Bytes of one look at what a job tells, and of a line.
LARGEST_LOOK = 1 << 20
#: Bytes of what a job tells, after which it keeps events to itself and tells outcomes alone.
LARGEST_TOLD = 1 << 24
#: Bytes of a job's output from its end, and lines of it, that a message may have.
LAST_BYTES, LAST_LINES = 4000, 5


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Begun(_Message):
    """A job tells that it begins a task, which has kept so much."""

    kind: Literal["begun"] = "begun"
    task: int
    kept: str


class Told(_Message):
    """A job passes on an event about the run of a task."""

    kind: Literal["event"] = "event"
    task: int
    event: str
    of: dict[str, Any]


class Ended(_Message):
    """A job tells how a task ended."""

    kind: Literal["ended"] = "ended"
    task: int
    status: Literal["finished", "failed", "killed"]
    seconds: float
    message: str = ""


class Broken(_Message):
    """A job tells that something can't be written or read, and stops."""

    kind: Literal["broken"] = "broken"
    error: str
    number: int | None
    reason: str | None
    path: str | None

    def as_error(self) -> DiskError:
        """The error, for the process that submitted the job to raise."""
        kinds = {kind.__name__: kind for kind in (ReadError, PlaceError)}
        return kinds.get(self.error, DiskError)(self.number, self.reason, self.path)


Message = Begun | Told | Ended | Broken
_MESSAGE: TypeAdapter[Message] = TypeAdapter(Message)


def tell(folder: Path, number: int, message: Message) -> None:
    """Say something, as a job."""
    file = folder / f"{number}.jsonl"
    if message.kind == "event" and file.exists() and file.stat().st_size > LARGEST_TOLD:
        return
    append_line(file, dumps(message.model_dump()).encode())


def listen(folder: Path, number: int, position: int = 0) -> tuple[list[Message], int]:
    """What a job has said from a position on, and the position to go on from."""
    path = folder / f"{number}.jsonl"

    def read() -> bytes:
        # Made where it isn't yet: else a network file system may remember for a minute that
        # there was none.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666))
        with opened(path) as file:
            file.seek(position)
            return file.read(LARGEST_LOOK)

    content = patiently(path, read)
    whole = content[: content.rfind(b"\n") + 1]
    if not whole and len(content) == LARGEST_LOOK:
        whole = content  # a line that long is none of ours
    messages = [message for line in whole.splitlines() if (message := _parsed(line))]
    return messages, position + len(whole)


def told_before(folder: Path, number: int) -> list[Message]:
    """All that a job has said so far."""
    told: list[Message] = []
    before, position = -1, 0
    while before < position:
        before = position
        messages, position = listen(folder, number, before)
        told += messages
    return told


def _parsed(line: bytes) -> Message | None:
    """What a line says; None where it was cut short or isn't ours."""
    try:
        return _MESSAGE.validate_python(loads(line))
    except ValueError:
        return None


def passed_on(task: int, event: events.Event) -> Told:
    """An event as a job tells it."""
    return Told(task=task, event=type(event).__name__, of=asdict(event))


def event_of(told: Told, key: tuple[str, int]) -> events.RunEvent | None:
    """The event that a job tells of a run; None if it is none of that run."""
    kind = getattr(events, told.event, None)
    if not (isinstance(kind, type) and issubclass(kind, events.RunEvent)):
        return None
    try:
        event = TypeAdapter(kind).validate_python(told.of)
    except ValidationError:
        return None
    return event if (event.setting, event.seed) == key else None


def last_lines(folder: Path, number: int) -> str:
    """The end of what a job printed, in one line; "" where it printed nothing."""
    try:
        with opened(folder / f"{number}.txt") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - LAST_BYTES))
            lines = file.read(LAST_BYTES).decode(errors="replace").splitlines()
    except OSError:
        return ""
    return " | ".join([line.strip() for line in lines if line.strip()][-LAST_LINES:])
