"""All that decides the result of a script's run, as far as it is known."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paribus.io.reading import file_sha256
from paribus.io.strict_json import dumps
from paribus.records.types import RunFacts
from paribus.study.config import value_changes

#: Raised when a change makes Paribus run the same script otherwise.
SCRIPT_FORMAT = 1


@dataclass(frozen=True)
class ScriptInputs:
    """What a script's run follows from.

    Attributes:
        config: parameters and trainer, in full.
        files: name -> SHA-256, of each file that the script depends on.
        measured: what is taken to be its result: the primary metric.
    """

    config: Mapping[str, Any]
    seed: int
    files: Mapping[str, str]
    measured: str

    @property
    def digest(self) -> str:
        """SHA-256 over all of it; a record is reused while it stays equal."""
        parts = [SCRIPT_FORMAT, dict(self.config), self.seed, dict(self.files), self.measured]
        return hashlib.sha256(dumps(parts, sort_keys=True).encode()).hexdigest()

    def changes_since(self, facts: RunFacts) -> tuple[str, ...]:
        """In words, how this differs from what a record was made of; empty where nothing does."""
        if facts.digest == self.digest:
            return ()
        changes = value_changes(facts.config, self.config)
        for file in {**facts.files, **self.files}:
            if facts.files.get(file) != self.files.get(file):
                what = "changed" if file in facts.files and file in self.files else "added"
                changes.append(f"{file}: {what if file in self.files else 'no longer used'}")
        return tuple(changes) or ("the primary metric",)


def sums(files: Iterable[Path]) -> dict[str, str]:
    """The SHA-256 of each file, by its path from the current folder where it lies below that.

    Raises:
        ReadError: a file can't be read now.
    """
    return {_shown(file): file_sha256(file) for file in files}


def _shown(file: Path) -> str:
    here, whole = Path.cwd(), file.absolute()
    return str(whole.relative_to(here) if whole.is_relative_to(here) else whole)
