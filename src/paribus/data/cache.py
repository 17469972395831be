"""Where Paribus keeps images between runs, and what it remembers of files it has seen."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import platformdirs

from paribus.io.disk import write_file

#: What was found in a file, under names of the finder's choice.
Found = dict[str, str]


def cache_folder() -> Path:
    """The folder of downloaded and resized images: $PARIBUS_CACHE or the user's cache."""
    named = os.environ.get("PARIBUS_CACHE")
    return Path(named).expanduser() if named else platformdirs.user_cache_path("paribus")


class Ledger:
    """What was found in a folder's files, true as long as their size and time stay the same.

    Reading a large folder again only to learn that nothing has changed takes minutes.
    """

    def __init__(self, folder: Path, trust: bool = True) -> None:
        """Open the notes on `folder`'s files; without `trust` they are begun afresh."""
        name = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:32]
        self._path = cache_folder() / "seen" / f"{name}.json"
        self._notes: dict[str, tuple[int, int, Found]] = {}
        self._news = False
        if not trust:
            return
        # Without its notes, or with notes of another kind, a ledger looks anew.
        with suppress(OSError, ValueError, TypeError, AttributeError):
            digest, text = self._path.read_text().split("\n", 1)
            notes = json.loads(text)
            if digest == _sha256(text):
                self._notes = {
                    name: (size, time, found) for name, (size, time, found) in notes.items()
                }

    def ask(self, file: Path, look: Callable[[Path], Found]) -> Found:
        """What `look` found in the file, now or before."""
        facts = file.stat()
        size, time, found = self._notes.get(str(file), (-1, -1, {}))
        if (size, time) != (facts.st_size, facts.st_mtime_ns):
            found, self._news = look(file), True
            self._notes[str(file)] = (facts.st_size, facts.st_mtime_ns, found)
        return found

    def save(self) -> None:
        """Keep what is new for the next time; a cache that can't be written is no fault here."""
        if self._news:
            text = json.dumps(self._notes)
            with suppress(OSError):
                write_file(self._path, f"{_sha256(text)}\n{text}".encode())


def _sha256(text: str) -> str:
    # A flipped bit in a note would make a sound file damaged, or another image the same.
    return hashlib.sha256(text.encode()).hexdigest()
