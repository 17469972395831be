"""Files of other tools, within bounds; what can't be used is a `SourceError` in words."""

from collections.abc import Iterable
from pathlib import Path

from paribus.errors import SourceError
from paribus.io.reading import UnfitError, opened, read_whole

#: Bytes of the beginning by which a file is recognized: room for any header.
BEGINNING = 16_384


def content(path: Path, largest: int) -> bytes:
    """The bytes of a file.

    Raises:
        SourceError: it isn't there, is no regular file, or has more than `largest` bytes.
        ReadError: it can't be read now.
    """
    try:
        return read_whole(path, largest)
    except UnfitError as error:
        raise SourceError(f"{path}: {error.strerror}") from None


def text_of(path: Path, largest: int) -> str:
    """The text of a file without a byte order mark; raises as `content`, and if it isn't UTF-8."""
    raw = content(path, largest)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = error.start + 3 * raw.startswith(b"\xef\xbb\xbf")  # counted without the mark
        line = raw.count(b"\n", 0, place) + 1
        what = f"{path}:{line}: byte {place} ({raw[place]:#04x}) is not UTF-8"
        raise SourceError(f"{what}; save the file as UTF-8") from None


def beginning(path: Path) -> bytes:
    """The first bytes of a regular file; nothing where there is none or it can't be read."""
    try:
        with opened(path) as file:
            return file.read(BEGINNING)
    except OSError:
        return b""


def is_file(path: Path) -> bool:
    """Whether a regular file lies there, as far as can be seen."""
    try:
        return path.is_file()
    except OSError:
        return False


def is_hidden(name: str) -> bool:
    """Whether a file or folder of this name is a tool's own: no one keeps runs there."""
    return name.startswith(".") or name in ("node_modules", "__pycache__")


def name_of(place: Path) -> str:
    """The name of the run that a file or folder is: its path as it was given."""
    return place.as_posix() if place.name else place.resolve().name


def there(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Those of the paths at which a file lies."""
    return tuple(filter(is_file, paths))
