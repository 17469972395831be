"""What tests put in the place of `os` in `paribus.io.disk`, to kill and to refuse at any step."""

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch

from faults.small import Killed

#: The steps of which anything on disk consists.
STEPS = ("open", "write", "fsync", "replace", "rename", "mkdir", "unlink", "rmdir")


class Seam:
    """Passes every step on to `os`, and labels it: "fsync runs/l2/.seed-0.new/record.json".

    Attributes:
        labels: of the steps taken so far.
        dead: from then on nothing is written, as by a process that was killed.
        kills: whether the process is killed in truth.
    """

    def __init__(self, root: Path, fault: Callable[["Seam", str, int], None]) -> None:
        """`fault` is told the label and number of each step before it is taken, and may raise."""
        self._root, self._fault = root, fault
        self._paths: dict[int, str] = {}
        self.labels: list[str] = []
        self.dead = self.kills = False

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        return self._step(name, real) if name in STEPS else real

    def rmtree(self, path: Path, ignore_errors: bool = False) -> None:
        """`shutil.rmtree`, as one step."""
        with suppress(*[OSError] * ignore_errors):
            self._step("rmtree", shutil.rmtree)(path, ignore_errors=ignore_errors)

    def _step(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def take(what: Any, *rest: Any, **named: Any) -> Any:
            if self.dead:
                raise Killed
            label = f"{name} {self._paths[what] if isinstance(what, int) else self._short(what)}"
            self.labels.append(label)
            try:
                self._fault(self, label, len(self.labels) - 1)
            except Killed:
                if name == "write":  # in the midst of it
                    real(what, rest[0][: len(rest[0]) // 2])
                if self.kills:
                    os.kill(os.getpid(), signal.SIGKILL)
                raise
            done = real(what, *rest, **named)
            if name == "open":
                self._paths[done] = self._short(what)
            return done

        return take

    def _short(self, path: Any) -> str:
        return os.path.relpath(path, self._root)


def die_at(number: int, *, truly: bool = False) -> Callable[[Seam, str, int], None]:
    """A fault: the process is killed before its step of that number, or in the midst of a write."""

    def fault(seam: Seam, label: str, at: int) -> None:
        if at == number:
            seam.dead, seam.kills = True, truly
            raise Killed

    return fault


def refuse_at(number: int, code: int, *, lasting: bool = False) -> Callable[[Seam, str, int], None]:
    """A fault: the system refuses the step of that number, or all from there on."""

    def fault(seam: Seam, label: str, at: int) -> None:
        if at == number or (lasting and at > number):
            raise OSError(code, os.strerror(code))

    return fault


def nothing(seam: Seam, label: str, at: int) -> None:
    """No fault at all."""


@contextmanager
def seam(root: Path, fault: Callable[[Seam, str, int], None] = nothing) -> Iterator[Seam]:
    """Put a seam below everything that is written."""
    stand_in = Seam(root, fault)
    with patch("paribus.io.disk.os", stand_in), patch("paribus.io.disk.shutil", stand_in):
        yield stand_in
