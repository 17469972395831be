"""NumPy's `.npz` archives, from strangers: nothing is unpacked before its size is known.

Arrays of objects are pickles, which are programs: they are refused by what their header says.
"""

from __future__ import annotations

import io
import math
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from paribus.errors import SourceError, first_line
from paribus.io.reading import UnfitError, opened, patiently

#: Bytes of an array, and of those that one file may have in all; its elements.
LARGEST, MOST_ELEMENTS = 64_000_000, 8_000_000

#: Bytes of a zip's list of members, and of the header of an array: one of numbers has 128.
_DIRECTORY, _HEADER = 1 << 20, 16_384
_PIECE = 1 << 20

#: Whole numbers, real ones, truth values, text.
_KINDS = "iufbUS"
_ENDING = ".npy"
_DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError),
    *(TypeError, SyntaxError, tokenize.TokenError, MemoryError, OverflowError),
)


@dataclass(frozen=True)
class Limits:
    """The most that an array may have: bytes, elements and axes."""

    size: int = LARGEST
    elements: int = MOST_ELEMENTS
    axes: int = 2


#: Of arrays of predictions.
LIMITS = Limits()


@dataclass(frozen=True)
class Header:
    """What an array is before its content is read; `start` is where that begins."""

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]
    start: int

    @property
    def elements(self) -> int:
        """How many numbers or texts it has."""
        return math.prod(self.shape)


class Archive:
    """The arrays of a file; SourceError with its path where one is damaged, large or of objects."""

    def __init__(self, path: Path, members: zipfile.ZipFile, limits: Limits = LIMITS) -> None:
        self.path, self._members, self._limits = path, members, limits
        names = [name for name in members.namelist() if name.endswith(_ENDING)]
        self.names = tuple(name.removesuffix(_ENDING) for name in names)

    def header(self, name: str) -> Header:
        """An array's header, by which nothing large is read."""
        info = self._members.getinfo(name + _ENDING)
        where = f"{self.path}: array {name!r}"
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise SourceError(f"{where} is packed in another way than NumPy packs")
        with _damaged(where), self._members.open(info) as member:
            found = _header(member.read(min(_HEADER, info.file_size)))
        if found.dtype.hasobject:
            raise SourceError(f"{where} holds Python objects (a pickle), which are never read")
        if found.dtype.kind not in _KINDS:
            raise SourceError(f"{where} holds {found.dtype}, not numbers or text")
        if min(found.shape, default=0) < 0 or len(found.shape) > self._limits.axes:
            raise SourceError(f"{where} has the shape {found.shape}")
        size = found.elements * found.dtype.itemsize
        if found.start + size != info.file_size:
            what = f"its header says {size:,} bytes, and {info.file_size - found.start:,} are there"
            raise SourceError(f"{where} is damaged: {what}")
        return found

    def read(self, name: str) -> npt.NDArray[Any]:
        """An array."""
        header = self.header(name)
        where, size = f"{self.path}: array {name!r}", header.elements * header.dtype.itemsize
        most = self._limits
        if size > most.size or header.elements > most.elements:
            got = f"{where} has {header.elements:,} elements in {size:,} bytes"
            raise SourceError(
                f"{got}; at most {most.elements:,} elements and {most.size:,} bytes are read"
            )
        content = np.empty(size, np.uint8)
        with _damaged(where), self._members.open(name + _ENDING) as member:
            member.read(header.start)
            for place in range(0, size, _PIECE):
                piece = member.read(min(_PIECE, size - place))
                content[place : place + _PIECE] = np.frombuffer(piece, np.uint8)
            member.read(1)  # at the end the checksum is compared
        if not size:
            return np.zeros(header.shape, header.dtype)
        values = content.view(header.dtype)
        if header.dtype.kind == "U" and _is_no_text(values):
            raise SourceError(f"{where} is damaged: its text has numbers that are no letters")
        return values.reshape(header.shape, order="F" if header.fortran else "C")


def _is_no_text(values: npt.NDArray[np.str_]) -> bool:
    """Whether code points aren't Unicode's, or are halves of one."""
    points = values.view(np.dtype(np.uint32).newbyteorder(values.dtype.byteorder))
    return bool(((points > 0x10FFFF) | (points >> 11 == 0xD800 >> 11)).any())


@contextmanager
def archive(path: Path, limits: Limits = LIMITS) -> Iterator[Archive]:
    """The arrays of a file, still packed.

    Raises:
        SourceError: it isn't such a file.
        ReadError: it can't be read now.
    """
    try:
        patiently(path, lambda: _look(path))
        with opened(path) as file:
            with _damaged(str(path)):
                members = zipfile.ZipFile(_Bounded(file))
            yield Archive(path, members, limits)
    except UnfitError as error:
        raise SourceError(f"{path}: {error.strerror}") from None


def _look(path: Path) -> None:
    with opened(path) as file:
        file.read(1)


class _Bounded:
    """A file of which no more is read at once than a zip's list of members may have."""

    def __init__(self, file: io.BufferedReader) -> None:
        self.seek, self.tell, self.seekable, self._file = file.seek, file.tell, file.seekable, file

    def read(self, size: int = -1, /) -> bytes:
        if size > _DIRECTORY:
            raise zipfile.BadZipFile(f"a list of members of {size:,} bytes")
        return self._file.read(_DIRECTORY if size < 0 else size)


@contextmanager
def _damaged(where: str) -> Iterator[None]:
    try:
        yield
    except _DAMAGED as error:
        raise SourceError(f"{where}: not NumPy's that can be read: {first_line(error)}") from None


def _header(start: bytes) -> Header:
    """https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html."""
    file = io.BytesIO(start)
    version = np.lib.format.read_magic(file)
    if version not in ((1, 0), (2, 0), (3, 0)):
        raise ValueError(f"version {version[0]}.{version[1]} of the format")
    if version == (1, 0):
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
    else:
        shape, fortran, dtype = np.lib.format.read_array_header_2_0(file)
    return Header(shape, fortran, dtype, file.tell())
