"""A `.wandb` file: the fields of its records that tell of a run."""

from __future__ import annotations

import re
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import Any, TypeAlias

from paribus.io.reading import opened, patiently
from paribus.sources.nested import dotted, number, parsed
from paribus.sources.protobuf import DamagedError, Message, fields
from paribus.sources.wandb_blocks import HEADER, MAGIC, records
from paribus.sources.wandb_items import (
    CONFIG,
    EXIT,
    HISTORY,
    RUN,
    SUMMARY,
    head_of,
    items_in,
    items_of,
    key_of,
    lone_field,
    short_items,
    step_of,
    value_of,
)

#: Steps and values of a metric.
Column: TypeAlias = "tuple[array[float], array[float]]"


@dataclass
class Log:
    """What a file says of its run.

    Attributes:
        history: metric -> steps and values.
        summary: name -> the last number that stands for the run.
        exit_code: None where the run never said that it ended.
    """

    run_id: str = ""
    title: str = ""
    group: str = ""
    config: dict[str, Any] = field(default_factory=dict)
    history: dict[str, Column] = field(default_factory=dict)
    summary: dict[str, float] = field(default_factory=dict)
    exit_code: int | None = None
    lost: list[str] = field(default_factory=list)


def read_log(path: Path) -> Log:
    """All that a file says.

    Raises:
        DamagedError: it doesn't begin as such a file does.
        UnfitError: it isn't there or is no regular file.
        ReadError: it can't be read now.
    """

    def read() -> Log:
        log = Log()
        with opened(path) as file:
            if not file.read(HEADER).startswith(MAGIC):
                raise DamagedError("it doesn't begin as W&B's files do")
            _Reading(log).all(file)
        return log

    return patiently(path, read)


class _Reading:
    """The reading of one file; names are known by the bytes in which they were first seen."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.columns: dict[bytes, Column] = {}
        self.own: set[bytes] = set()  # W&B's own: times, and the step itself
        self.summary: dict[bytes, bytes] = {}
        self._of_known: re.Pattern[bytes] | None = None  # a summary of known names alone

    def all(self, file: BufferedReader) -> None:
        damaged = 0
        for record in records(file, self.log.lost):
            try:
                self._record(record)
            except (DamagedError, ValueError):
                damaged += 1
        for item in self.summary.values():
            try:
                self.log.summary |= dict(self._numbers(item))
            except (DamagedError, ValueError):
                damaged += 1
        if damaged:
            self.log.lost.append(f"{damaged:,} damaged record{'s' * (damaged > 1)} left out")

    def _record(self, record: bytes) -> None:
        for kind, content in [alone] if (alone := lone_field(record)) else fields(record):
            if not isinstance(content, bytes):
                continue
            if kind == HISTORY:
                if not self._quick_row(content):
                    self._row(content)
            elif kind == SUMMARY:
                self._summary(content)
            elif kind == CONFIG:
                self._config(content)
            elif kind == RUN:
                self._run(Message(content))
            elif kind == EXIT:
                self.log.exit_code = Message(content).integer(1)

    def _run(self, run: Message) -> None:
        """A run is recorded again when something of it changes."""
        self.log.run_id = run.text(1)
        self.log.group, self.log.title = run.text(6), run.text(8)
        for content in run.chunks(4):
            self._config(content)

    def _config(self, content: bytes) -> None:
        config = Message(content)
        for item in map(Message, config.chunks(1)):
            self.log.config[".".join(key_of(item))] = parsed(value_of(item))
        for item in map(Message, config.chunks(2)):
            self.log.config.pop(".".join(key_of(item)), None)

    def _quick_row(self, content: bytes) -> bool:
        """Keep a row of numbers of known names, as most are; or nothing and False, if it isn't."""
        items, size = short_items(content)
        step = step_of(content, size)
        if step < 0:
            return False
        found, columns = [], self.columns
        for head, text in items:
            column = columns.get(head)
            if column is not None:
                try:
                    found.append((column, float(text)))
                except ValueError:
                    return False
            elif head not in self.own:
                return False
        for (steps, values), value in found:
            steps.append(step)
            values.append(value)
        return True

    def _summary(self, content: bytes) -> None:
        """Keep what was never logged by step; of most summaries that is nothing."""
        if self._of_known is None:
            self._of_known = items_of([*self.columns, *self.own])
        if not self._of_known.fullmatch(content):
            for item in items_in(content)[0]:
                if (head := head_of(item)) not in self.columns:
                    self.summary[head] = item

    def _know(self, head: bytes, column: Column | None) -> None:
        """Remember the head of a name; without a column, it is one of W&B's own."""
        if column is None:
            self.own.add(head)
        else:
            self.columns[head] = column
            self.summary.pop(head, None)
        self._of_known = None

    def _row(self, content: bytes) -> None:
        items, others = items_in(content)
        steps = [Message(data).integer(1) for kind, data in others if kind == 2]
        if not steps:
            raise DamagedError("a row without a step")
        for item in items:
            name = ".".join(key_of(Message(item)))
            if name[:1] == "_":
                self._know(head_of(item), None)
                continue
            for leaf, value in self._numbers(item):
                column = self.log.history.setdefault(leaf, (array("d"), array("d")))
                column[0].append(steps[-1])
                column[1].append(value)
                if leaf == name and head_of(item) not in self.columns:
                    self._know(head_of(item), column)

    def _numbers(self, item: bytes) -> list[tuple[str, float]]:
        """The numbers of one item and their dotted names."""
        message = Message(item)
        name, value = ".".join(key_of(message)), parsed(value_of(message))
        leaves = dotted(value, before=f"{name}.") if isinstance(value, Mapping) else [(name, value)]
        # A text is a text, also if it says NaN.
        logged = [(leaf, None if isinstance(v, str) else number(v)) for leaf, v in leaves]
        return [(leaf, v) for leaf, v in logged if v is not None]
