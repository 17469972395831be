"""The one place that writes: a file or a folder appears whole, or what was there stays.

Whatever is written goes under another name first, is synced, renamed, and then its folder is
synced: after a kill at any moment a reader finds the old content or the new. All of it is done
by functions of `os`, one by one, so that tests can make each of them fail or be the last.

What the system refuses is raised as a `DiskError` that names the path; what was there stays.
"""

import errno
import fcntl
import os
import re
import secrets
import shutil
import stat
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from paribus.errors import DiskError, PlaceError
from paribus.io.reading import names_in

#: How a name ends under which something is still being written.
UNFINISHED = ".new"
#: Such a name as a whole, as `_beside` makes it.
_HALF_WRITTEN = re.compile(rf"\.(.+)\.[0-9a-f]{{8}}{re.escape(UNFINISHED)}", re.DOTALL)

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL

#: Folders of results that this process works in, each with what `checked` is to call.
_checks: list[tuple[Path, Callable[[], None]]] = []


def write_file(path: Path, content: bytes) -> None:
    """Replace a file in one step: a reader sees the old content or the new."""
    with replacing(path) as write:
        write(content)


@contextmanager
def replacing(path: Path) -> Iterator[Callable[[bytes], None]]:
    """Replace a file in one step once all pieces of its new content have been written.

    Gives the function that writes a piece. Whatever is raised meanwhile leaves the old content.
    """
    with writing(path):
        make_folder(path.parent)
        fresh = _beside(path)
        handle = os.open(fresh, _NEW, 0o666)

    def write(piece: bytes) -> None:
        with writing(path):
            _write_all(handle, piece)

    try:
        try:
            yield write
            with writing(path):
                os.fsync(handle)
        finally:
            os.close(handle)
        with writing(path):
            os.replace(fresh, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(fresh)
        raise
    with writing(path):
        _sync(path.parent)


def write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write a folder that appears with all its files; one that was there before is replaced.

    A kill may come between the two renames of a replacement: then neither is there.
    """
    with building(folder) as fresh, writing(folder):
        for name, content in files.items():
            _write(fresh / name, content)
        _sync(fresh)
        _put(fresh, folder)


@contextmanager
def building(folder: Path) -> Iterator[Path]:
    """Give a new folder beside another, to be filled and installed; nothing is left of it."""
    with writing(folder):
        make_folder(folder.parent)
        fresh = _beside(folder)
        os.mkdir(fresh)
    try:
        yield fresh
    finally:
        shutil.rmtree(fresh, ignore_errors=True)  # empty or unfinished by now


def replace_folder(fresh: Path, folder: Path) -> None:
    """Put a folder with all that is below it in its place, instead of one that was there."""
    with writing(folder):
        for place, _, files in os.walk(fresh, topdown=False):
            for name in files:
                if not os.path.islink(os.path.join(place, name)):
                    _sync(Path(place, name))
            _sync(Path(place))
        _put(fresh, folder)


def install(fresh: Path, folder: Path) -> None:
    """Put a folder of files in its place, over another process's or a damaged one.

    The contents must depend on the folder's name alone: where one lies there already, its files
    are replaced one by one, and a reader finds each either right already or right from now on.
    """
    with writing(folder):
        files = sorted(fresh.iterdir())
        for each in (*files, fresh):
            _sync(each)
        try:
            os.rename(fresh, folder)
        except OSError:  # something lies there
            make_folder(folder)
            for file in files:
                os.replace(file, folder / file.name)
            _sync(folder)
        _sync(folder.parent)


@contextmanager
def changing(path: Path) -> Iterator[int]:
    """Give the handle of a file that is there, to change it in its place; it isn't synced."""
    with writing(path):
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        yield handle
    finally:
        os.close(handle)


def put_at(path: Path, handle: int, content: bytes | bytearray, offset: int) -> None:
    """Write somewhere into the open file of a path; it isn't synced."""
    with writing(path):
        rest = memoryview(content)
        while rest:  # the system may take less than it is offered
            taken = os.pwrite(handle, rest, offset)
            rest, offset = rest[taken:], offset + taken


def append_line(path: Path, line: bytes) -> None:
    """Add a line to a file, in one call of the system; it isn't synced.

    A line that a kill cut short before is ended first, so that it spoils no other.
    """
    with writing(path):
        make_folder(path.parent)
        with _opened(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW) as handle:
            size = os.lseek(handle, 0, os.SEEK_END)
            cut = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
            _write_all(handle, b"\n" * cut + line + b"\n")


def append_whole(path: Path, make: Callable[[bytes], bytes | None], largest: int) -> None:
    """Add the line that `make` gives for the file's content, whole or not at all, and sync it.

    Meanwhile no other process adds one. None adds nothing, and nothing is added to a file of more
    than `largest` bytes. What is there is never changed, but a line that a kill cut short is ended
    first.
    """
    with writing(path):
        make_folder(path.parent)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK
        with _opened(path, flags) as handle:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise OSError(errno.EINVAL, "a regular file is expected")
            fcntl.flock(handle, fcntl.LOCK_EX)
            if os.fstat(handle).st_size > largest:
                return
            content = _read_all(handle)
            line = make(content)
            if line is not None:
                _append(handle, content, line)
        _sync(path.parent)


def _append(handle: int, content: bytes, line: bytes) -> None:
    cut = bool(content) and not content.endswith(b"\n")
    try:
        _write_all(handle, b"\n" * cut + line + b"\n")
        os.fsync(handle)
    except OSError:
        os.ftruncate(handle, len(content))
        raise


def _read_all(handle: int) -> bytes:
    size, content = os.fstat(handle).st_size, b""
    while len(content) < size and (piece := os.pread(handle, size - len(content), len(content))):
        content += piece
    return content


def move(path: Path, to: Path) -> None:
    """Give a file or folder another name, for good; a file that has it is replaced."""
    with writing(to):
        make_folder(to.parent)
        os.replace(path, to)
        _sync(to.parent)
        _sync(path.parent)


def remove(path: Path) -> None:
    """Remove a file, or a folder with all that is in it; what isn't there is no fault."""
    with writing(path), suppress(FileNotFoundError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            os.unlink(path)


def sweep(folder: Path, own: Collection[str]) -> None:
    """Remove what writers that were killed left half written; none may be at work there.

    Args:
        own: the names directly in the folder that are written here. Whatever else lies there
            isn't touched, even if it is called as something half written is.
    """
    for path in [folder / name for name in names_in(folder)]:
        if half_written(path.name) in own:
            remove(path)
        elif path.name in own and not path.is_symlink():
            _sweep_below(path)


def _sweep_below(folder: Path) -> None:
    for place, folders, files in os.walk(folder):
        left = [name for name in (*folders, *files) if half_written(name)]
        folders[:] = [name for name in folders if name not in left]
        for name in left:
            remove(Path(place, name))


def half_written(name: str) -> str | None:
    """The name that a file or folder was to have when it was complete; None for all others."""
    match = _HALF_WRITTEN.fullmatch(name)
    return match[1] if match else None


def remove_empty(folder: Path) -> None:
    """Remove those folders at and below a folder in which there is nothing."""
    for place, _, _ in os.walk(folder, topdown=False):
        with suppress(OSError), writing(Path(place)):  # it is not empty
            os.rmdir(place)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, each known to the disk before it is used.

    Raises:
        PlaceError: there can be none, though nothing is missing on the way.
    """
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for each in reversed(missing):
        try:
            os.mkdir(each)
            _sync(each.parent)
        except FileExistsError:
            pass
        except (FileNotFoundError, NotADirectoryError) as error:
            if os.path.lexists(each.parent):
                raise PlaceError(error.errno, error.strerror, str(each)) from error
            raise


@contextmanager
def private() -> Iterator[None]:
    """Make whatever is made meanwhile readable and writable by this user alone."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Write at a path, if nothing speaks against it; what the system refuses names the path.

    Raises:
        DiskError: the system refuses something, or a check of `checked` does.
    """
    try:
        for folder, check in tuple(_checks):
            if path.absolute().is_relative_to(folder):
                check()
        yield
    except DiskError:
        raise
    except OSError as error:
        raise DiskError(error.errno, error.strerror or str(error), str(path)) from error


@contextmanager
def checked(folder: Path, check: Callable[[], None]) -> Iterator[None]:
    """Before anything is written in a folder, call `check`, which raises if nothing may be."""
    entry = folder.absolute(), check
    _checks.append(entry)
    try:
        yield
    finally:
        _checks.remove(entry)


def _put(fresh: Path, folder: Path) -> None:
    """Rename a whole folder into its place; the one that was there steps aside first."""
    old = _beside(folder)
    replaces = folder.exists()
    if replaces:
        os.rename(folder, old)
    try:
        os.rename(fresh, folder)
    except OSError:
        if replaces:
            os.rename(old, folder)
        raise
    try:
        _sync(folder.parent)
    finally:
        if replaces:
            shutil.rmtree(old, ignore_errors=True)  # `sweep` takes what is left


@contextmanager
def _opened(path: Path, flags: int) -> Iterator[int]:
    handle = os.open(path, flags, 0o666)
    try:
        yield handle
    finally:
        os.close(handle)


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}{UNFINISHED}")


def _write(path: Path, content: bytes) -> None:
    with _opened(path, _NEW) as handle:
        _write_all(handle, content)
        os.fsync(handle)


def _write_all(handle: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:  # the system may take less than it is offered
        rest = rest[os.write(handle, rest) :]


def _sync(folder: Path) -> None:
    with _opened(folder, os.O_RDONLY) as handle:
        os.fsync(handle)
