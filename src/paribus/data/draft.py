"""The images of a folder, resized while its files are checked, until all of them are a data set.

They lie in the cache, with notes of what came of each file: after a kill, reading goes on
from there.
"""

import fcntl
import hashlib
import os
import secrets
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from io import BufferedReader
from pathlib import Path
from typing import Self

from paribus.data.cache import own_cache, require_private
from paribus.data.decode import Rule
from paribus.data.decoders import taken
from paribus.data.pixels import Target
from paribus.data.taking import File, Place, Taken
from paribus.io.disk import (
    append_line,
    changing,
    make_folder,
    move,
    private,
    put_at,
    remove,
    write_file,
    writing,
)
from paribus.io.reading import UnfitError, opened, patiently, read_whole
from paribus.io.strict_json import dumps, loads

UNFINISHED = "unfinished"
IMAGES, NOTES = "images.npy", "notes"
#: Bytes before the first image: the beginning of a .npy file of four axes.
HEADER = 128
#: Bytes of the notes.
LARGEST = 1 << 30


class Draft:
    """The resized images of files, in the order of these; nothing is on disk before the first one.

    Its folder is named after the images' folder, so that there is one draft of each.
    """

    def __init__(self, root: Path, files: Sequence[File], target: Target, rule: Rule) -> None:
        """Resize each file to `target`, into the row of its number; `rule` has no bits yet."""
        self._files, self._target = {file.number: file for file in files}, target
        self._rule = Rule(rule.color, 0, rule.background)
        self._name = hashlib.sha256(os.fsencode(root)).hexdigest()[:32]
        self._place: Place | None = None
        self._lock = -1
        self._taken: dict[int, Taken] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        """Keep it for the next try if there was an error; otherwise it isn't needed any more."""
        if self._place is None:
            return
        if error is None:
            remove(self._place.path.parent)
        os.close(self._lock)

    def take(self, numbers: Sequence[int], bits: int = 0) -> Iterator[list[Taken]]:
        """What comes of these files, list by list in any order; from now on it has their images.

        Args:
            bits: the rule's, which 16-bit images must have been decoded by; 0 if not known yet.

        Raises:
            ReadError, DiskError, DataError: as `decoders.taken`.
        """
        if not numbers:
            return
        place = self._begun()
        ready = [one for number in numbers if (one := self._ready(number, bits))]
        if ready:
            yield ready
        missing = [self._files[n] for n in numbers if not self._ready(n, bits)]
        rule = Rule(place.rule.color, bits, place.rule.background)
        for some in taken(missing, Place(place.path, place.start, place.target, rule)):
            self._taken |= {one.number: one for one in some}
            append_line(place.path.with_name(NOTES), _line(some))
            yield some

    def finish(self, path: Path, numbers: Sequence[int], header: bytes) -> None:
        """Make a file of the images of these files, in ascending order, and move it to `path`.

        Raises:
            DiskError: it can't be written.
        """
        place = self._begun()
        assert len(header) == place.start
        with changing(place.path) as handle:
            for row, number in enumerate(numbers):
                if row != number:  # after a file that is no image
                    content = os.pread(handle, place.row, place.at(number))
                    put_at(place.path, handle, content, place.at(row))
            put_at(place.path, handle, header, 0)
            with writing(place.path):
                os.ftruncate(handle, place.at(len(numbers)))
        move(place.path, path)

    def _ready(self, number: int, bits: int) -> Taken | None:
        one = self._taken.get(number)
        return one if one and (not bits or one.bits in (0, bits)) else None

    def _begun(self) -> Place:
        if self._place is None:
            with private():
                folder = self._own_folder()
                self._place = Place(folder / IMAGES, HEADER, self._target, self._rule)
                self._resume(self._place)
        return self._place

    def _own_folder(self) -> Path:
        """A folder that no other process works in: it holds the lock until it ends."""
        folder = own_cache() / UNFINISHED / self._name
        if not self._locks(folder):
            folder = folder.with_name(f"{self._name}-{secrets.token_hex(4)}")
            self._locks(folder)
        require_private(folder.parent, folder, *folder.iterdir())
        return folder

    def _locks(self, folder: Path) -> bool:
        make_folder(folder)
        with writing(folder):
            self._lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return os.path.samestat(os.fstat(self._lock), folder.stat())
        except OSError:  # another process holds it, or has just removed it
            os.close(self._lock)
            return False

    def _resume(self, place: Place) -> None:
        """Find what is there already, of just these files; or begin."""
        notes, sign = place.path.with_name(NOTES), self._sign()
        with suppress(UnfitError):
            first, *lines = read_whole(notes, LARGEST).split(b"\n")
            if first == sign:
                every = [one for line in lines for one in _noted(line)]
                self._taken = patiently(place.path, lambda: _those_there(place, every))
                return
        write_file(place.path, b"")
        write_file(notes, sign + b"\n")

    def _sign(self) -> bytes:
        """What must be as it was for notes to count: every file, and what is made of it."""
        digest = hashlib.sha256(repr((self._target, self._rule)).encode())
        for file in self._files.values():
            digest.update(b"%b\0%d %d\n" % (os.fsencode(file.path), file.size, file.time))
        return digest.hexdigest().encode()


def _line(some: Sequence[Taken]) -> bytes:
    text = dumps(some).encode()
    return hashlib.sha256(text).hexdigest().encode() + b" " + text


def _noted(line: bytes) -> list[Taken]:
    """What a line says; nothing if a kill cut it short."""
    digest, _, text = line.partition(b" ")
    if hashlib.sha256(text).hexdigest().encode() != digest:
        return []
    return [Taken(*values) for values in loads(text)]


def _those_there(place: Place, every: Sequence[Taken]) -> dict[int, Taken]:
    with opened(place.path) as file:
        return {one.number: one for one in every if _is_there(file, place, one)}


def _is_there(file: BufferedReader, place: Place, one: Taken) -> bool:
    """Whether an image is as it was noted: the system may have kept the notes alone."""
    if one.sum < 0:
        return True
    file.seek(place.at(one.number))
    return zlib.crc32(file.read(place.row)) == one.sum
