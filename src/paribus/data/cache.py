"""What Paribus keeps between runs: sealed folders of arrays, and findings on files it has read."""

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import platformdirs

from paribus.errors import DataError
from paribus.io.disk import make_folder, private, write_file
from paribus.io.reading import UnfitError, file_sha256, patiently, read_whole, shared
from paribus.io.strict_json import dumps, loads

#: What was read from a file, under names that the reader chooses.
Found = dict[str, str]
FACTS = "facts.json"
#: Bytes of a file of facts or notes, far above any that is written here.
LARGEST = 1 << 28


def cache_folder() -> Path:
    """The folder of downloaded and resized images: $PARIBUS_CACHE or the user's cache."""
    named = os.environ.get("PARIBUS_CACHE")
    return home_expanded(named) if named else platformdirs.user_cache_path("paribus")


def home_expanded(path: str) -> Path:
    """A path whose `~` became a home folder; it stays where there is no such user."""
    with suppress(RuntimeError):
        return Path(path).expanduser()
    return Path(path)


def own_cache() -> Path:
    """The cache folder, made for this user alone where it is missing.

    Raises:
        DataError: it can't be made, or isn't this user's alone.
    """
    folder = cache_folder()
    try:
        with private():
            make_folder(folder)
        with os.scandir(folder):  # a file may be there in its place
            pass
    except OSError as error:
        raise DataError(
            f"{folder}: the cache can't be kept there ({error.strerror}). "
            "Fix this, or set PARIBUS_CACHE to another folder."
        ) from None
    require_private(folder)
    return folder


def require_private(*places: Path) -> None:
    """Raise DataError for a file or folder that another user owns or can write to."""
    for place in places:
        with suppress(UnfitError):
            if got := shared(place):
                raise DataError(
                    f"{place}: expected a cache that only you can write to, got {got}. "
                    "Delete it, or set PARIBUS_CACHE to another folder."
                )


class Ledger:
    """What was found in a folder's files, valid while their size and modification time stay.

    Reading a large folder again only to learn that nothing has changed takes minutes.
    """

    def __init__(self, folder: Path, trust: bool = True) -> None:
        """Open the notes on `folder`'s files; without `trust`, start with none."""
        name = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:32]
        self._path = cache_folder() / "looked-at" / f"{name}.json"
        self._notes: dict[str, tuple[int, int, Found]] = {}
        self._changed = False
        if not trust:
            return
        # Notes that are missing, damaged, of another form or anybody's count as none.
        with suppress(UnfitError, ValueError, TypeError, AttributeError, DataError):
            require_private(cache_folder(), self._path.parent, self._path)
            digest, text = read_whole(self._path, LARGEST).decode().split("\n", 1)
            notes = loads(text)
            if digest == _text_sha256(text):
                self._notes = {
                    name: (size, time, found) for name, (size, time, found) in notes.items()
                }

    def ask(self, file: Path, look: Callable[[Path], Found]) -> Found:
        """What `look` finds in the file, or found before."""
        facts = patiently(file, file.stat)
        found = self.known(file, facts.st_size, facts.st_mtime_ns)
        if found is None:
            found = look(file)
            self.note(file, facts.st_size, facts.st_mtime_ns, found)
        return found

    def known(self, file: Path, size: int, time: int) -> Found | None:
        """What was found before in a file of this size and modification time."""
        noted_size, noted_time, found = self._notes.get(_text(file), (-1, -1, {}))
        return found if (noted_size, noted_time) == (size, time) else None

    def note(self, file: Path, size: int, time: int, found: Found) -> None:
        """Remember what was found in a file that had this size and modification time before."""
        self._notes[_text(file)] = (size, time, found)
        self._changed = True

    def save(self) -> None:
        """Write the notes if they have changed; a read-only cache is no error here."""
        if self._changed:
            text = dumps(self._notes)
            with suppress(OSError, DataError), private():
                own_cache()
                # Checksummed: a flipped bit could call a good file damaged.
                write_file(self._path, f"{_text_sha256(text)}\n{text}".encode())


def _text(file: Path) -> str:
    return str(file).encode("utf-8", "backslashreplace").decode()  # JSON has no half characters


def seal(fresh: Path, facts: Mapping[str, Any], files: Sequence[str]) -> None:
    """Write `facts.json` beside the files, with a SHA-256 of each and of the facts themselves."""
    whole = {**facts, "files": {name: file_sha256(fresh / name) for name in files}}
    sealed = {"facts": whole, "sha256": _facts_sha256(whole)}
    write_file(fresh / FACTS, dumps(sealed, indent=1).encode())


def read_facts(folder: Path) -> dict[str, Any]:
    """The facts, unchecked; raises UnfitError, ValueError, LookupError or TypeError if damaged."""
    facts: dict[str, Any] = loads(read_whole(folder / FACTS, LARGEST))["facts"]
    return facts


def require_whole(folder: Path, fingerprint: str, files: Sequence[str]) -> None:
    """Compare every file with its checksum.

    Raises:
        DataError: if the folder is missing or damaged, or has another fingerprint.
    """
    try:
        sealed = loads(read_whole(folder / FACTS, LARGEST))
        facts = sealed["facts"]
        good = (
            sealed["sha256"] == _facts_sha256(facts)
            and facts["fingerprint"] == fingerprint
            and all(facts["files"][name] == file_sha256(folder / name) for name in files)
        )
    except (UnfitError, ValueError, LookupError, TypeError) as error:
        raise DataError(f"{folder}: incomplete ({error})") from None
    if not good:
        raise DataError(f"{folder}: damaged")


def _facts_sha256(facts: Mapping[str, Any]) -> str:
    return _text_sha256(dumps(facts, sort_keys=True))


def _text_sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
