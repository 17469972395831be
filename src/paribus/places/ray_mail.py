"""Letters from tasks on nodes to the process that gave them: events, and files as they change."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from paribus.events import Event
from paribus.places.ray_files import Change

#: Seconds after which files are looked at, if the task tells nothing meanwhile.
INTERVAL = 5.0
#: Files go only after so many times as long as sending them took.
SPACING = 20

NOTHING = Change()


@dataclass(frozen=True)
class Letter:
    """What a task has told since its last letter.

    Attributes:
        attempt: the number of the attempt that it is from.
        node: where it is from: the node's name, for messages, and its number in Ray.
    """

    attempt: int
    node: tuple[str, str]
    events: tuple[Event, ...] = ()
    change: Change = NOTHING


class Mailbox:
    """Where letters wait until they are taken; an actor of Ray, all calls in one thread."""

    def __init__(self) -> None:
        self._letters: list[Letter] = []
        self._arrived = asyncio.Event()

    async def put(self, letter: Letter) -> None:
        """Leave a letter."""
        self._letters.append(letter)
        self._arrived.set()

    async def take(self, seconds: float) -> list[Letter]:
        """All letters, as soon as there are any; none if there still is none after that time."""
        try:
            await asyncio.wait_for(self._arrived.wait(), seconds)
        except TimeoutError:
            return []
        letters, self._letters = self._letters, []
        self._arrived.clear()
        return letters


class Courier:
    """Sends a task's letters from a thread of its own, so that training doesn't wait for them."""

    def __init__(
        self, send: Callable[[tuple[Event, ...], Change], None], look: Callable[[], Change]
    ) -> None:
        """Send by `send`, which returns when a letter has arrived; `look` says what has changed."""
        self._send, self._look = send, look
        self._events: list[Event] = []
        self._wake, self._ended = threading.Event(), False
        self._lost: Exception | None = None
        self._due = 0.0  # the next time that files are sent
        self._thread = threading.Thread(target=self._work, name="paribus letters", daemon=True)
        self._thread.start()
        self.sent = 0  # letters

    def tell(self, event: Event) -> None:
        """Tell an event; raises ConnectionError if letters don't arrive any more."""
        if self._lost:
            raise ConnectionError(f"no letter arrives any more: {self._lost}")
        self._events.append(event)
        self._wake.set()

    def end(self) -> tuple[Event, ...]:
        """Send no more letters; gives the events that are left over."""
        self._ended = True
        self._wake.set()
        self._thread.join()
        return self._taken()

    def _work(self) -> None:
        try:
            while not self._ended:
                self._wake.wait(INTERVAL)
                self._wake.clear()
                if not self._ended:
                    self._post()
        except Exception as error:  # whatever Ray raises where the mailbox or the cluster is gone
            self._lost = error

    def _post(self) -> None:
        events, began = self._taken(), time.monotonic()
        change = self._look() if began >= self._due else NOTHING
        if events or change:
            self._send(events, change)
            self.sent += 1
        if change:
            now = time.monotonic()
            self._due = now + SPACING * (now - began)

    def _taken(self) -> tuple[Event, ...]:
        # `append` may come from another thread at any time; what has gone before is kept in order.
        count = len(self._events)
        events = tuple(self._events[:count])
        del self._events[:count]
        return events
