"""Official files, downloaded across broken connections and kept only if their MD5s are right.

STL-10's labeled images are extracted while its archive downloads. It has 2.6 GB, of which they
are an eighth; the download stops as soon as they are complete. Of the other published sets, the
packed files are kept as they are.
"""

import gzip
import hashlib
import io
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import NoReturn, Self

from paribus.data.http_stream import HttpStream, NotResumableError
from paribus.data.images import Progress, silent
from paribus.data.published import SETS
from paribus.data.stl10 import FOLDER, STL10, OfficialFile, faults, official_folder
from paribus.data.unpack import find
from paribus.errors import DownloadError, ReadError
from paribus.io.disk import replacing

URL = "https://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz"
#: Downloads started from the first byte, if the server can't resume.
BEGINNINGS = 3
#: Bytes per read; a few blocks are read beyond the last wanted byte.
BLOCK = 1 << 16
#: Bytes of the archive, packed and unpacked; the official one has 2.6 and 3.1 GB.
LARGEST, LARGEST_UNPACKED = 4_000_000_000, 6_000_000_000
#: Members of the archive; the official one has a dozen.
MOST_MEMBERS = 1_000
#: Bytes of a header with a long name or pax records: tarfile reads it at once, and parses records
#: in quadratic time.
LARGEST_HEADER = 1 << 12


def fetch_stl10(
    destination: Path,
    url: str = URL,
    progress: Progress | None = None,
    *,
    files: tuple[OfficialFile, ...] = STL10,
    timeout: float = 30.0,
    pause: float = 0.5,
) -> Path:
    """Download the labeled files into `destination/stl10_binary`; return that folder.

    Files with the right MD5 are kept. A file appears under its name only when it is complete and
    its MD5 is right. If `destination` itself holds one of the files, the others are put there.

    Args:
        files: the wanted files of the archive.
        timeout: seconds without enough data before reconnecting.
        pause: seconds before the second attempt in a row, doubled before each further one.

    Raises:
        DownloadError: if the server can't be reached or sends something else, or the files
            can't be written.
    """
    folder = official_folder(destination, files)
    tell = progress or silent

    def begin() -> HttpStream:
        # No total: the position of the last wanted file isn't known in advance.
        return HttpStream(
            url, timeout, pause, lambda done: tell("downloading STL-10", done, None), LARGEST
        )

    with _advised(folder, f"{url} yourself, unpack it,"):
        folder.mkdir(parents=True, exist_ok=True)
        _fetch(begin, folder, files, _extract)
    return folder


def fetch_published(
    source: str,
    destination: Path,
    progress: Progress | None = None,
    *,
    timeout: float = 30.0,
    pause: float = 0.5,
) -> Path:
    """Download the packed files of a set of `SETS` to where `find` finds them; return the folder.

    Files with the right MD5 are kept, and no others appear. `timeout` and `pause` are those of
    `fetch_stl10`.

    Raises:
        DownloadError: if the server can't be reached or sends something else, or the files
            can't be written.
    """
    published, tell = SETS[source], progress or silent
    there = find(source, destination)
    folder = there.folder if there.packed else destination / source
    for file in published.files:
        url = published.url + file.name

        def begin(url: str = url, size: int = file.size) -> HttpStream:
            def seen(done: int) -> None:
                tell(f"downloading {published.title}", done, size)

            return HttpStream(url, timeout, pause, seen, size)

        with _advised(folder, f"{url} yourself"):
            folder.mkdir(parents=True, exist_ok=True)
            _fetch(begin, folder, (file,), _save)
    return folder


@contextmanager
def _advised(folder: Path, url: str) -> Iterator[None]:
    """Say what to do where a download fails; `url`: what one may download oneself."""
    try:
        yield
    except DownloadError as error:
        raise DownloadError(
            f"{error}\nTry again later: complete files are kept. Or download {url} "
            "and pass its folder with --data-dir."
        ) from error
    except ReadError:
        raise
    except OSError as error:
        raise DownloadError(
            f"{folder}: can't write the files ({error.strerror or error}). "
            "Free some space, or pass another folder with --data-dir."
        ) from error


def _save(stream: HttpStream, folder: Path, wanted: dict[str, OfficialFile]) -> None:
    """Write the one wanted file under its name if its size and MD5 are right."""
    (file,) = wanted.values()
    digest = hashlib.md5(usedforsecurity=False)
    with io.BufferedReader(stream, BLOCK) as content, replacing(folder / file.name) as write:
        while block := content.read(BLOCK):
            digest.update(block)
            write(block)
        if digest.hexdigest() != file.md5:
            raise DownloadError(
                f"{stream.url}: expected {file.size:,} bytes with MD5 {file.md5}, got "
                f"{stream.offset:,} with {digest.hexdigest()}."
            )


def _fetch(
    begin: Callable[[], HttpStream],
    folder: Path,
    files: tuple[OfficialFile, ...],
    take: Callable[[HttpStream, Path, dict[str, OfficialFile]], None],
) -> None:
    for beginning in range(1, BEGINNINGS + 1):
        faulty = faults(folder, files)
        wanted = {file.name: file for file in files if file.name in faulty}
        if not wanted:
            return
        try:
            with begin() as stream:
                take(stream, folder, wanted)
            return
        except NotResumableError as error:
            if beginning == BEGINNINGS:
                raise DownloadError(f"{error}. Gave up after {BEGINNINGS} starts.") from error


def _extract(stream: HttpStream, folder: Path, wanted: dict[str, OfficialFile]) -> None:
    """Extract the wanted files; stop reading when all are complete."""
    try:
        with (
            io.BufferedReader(stream, BLOCK) as compressed,
            _Bounded(fileobj=compressed) as plain,
            tarfile.open(fileobj=plain, mode="r|", bufsize=BLOCK, tarinfo=_KnownMember) as archive,
        ):
            for number, member in enumerate(archive):
                # More would not fit into memory, or take years to skip.
                if number >= MOST_MEMBERS:
                    raise tarfile.ReadError(f"more than {MOST_MEMBERS:,} members")
                if not 0 <= member.size <= LARGEST_UNPACKED:
                    raise tarfile.ReadError(f"a member of {member.size:,} bytes")
                file = wanted.pop(_official_name(member), None)
                if file:
                    _keep(archive, member, file, folder)
                if not wanted:
                    return
    except _DAMAGED as error:
        raise DownloadError(
            f"{stream.url}: expected a complete .tar.gz archive, got {stream.offset:,} bytes "
            f"and then: {error}."
        ) from error
    raise DownloadError(f"{stream.url}: the archive ended without {', '.join(sorted(wanted))}.")


#: What gzip and tarfile raise on hostile bytes (RecursionError: long names of long names ...).
_DAMAGED = (gzip.BadGzipFile, EOFError, zlib.error, tarfile.TarError, ValueError, RecursionError)


class _KnownMember(tarfile.TarInfo):
    """A member that can be skipped in little memory."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """A member from its 512-byte header, before the rest of it is read."""
        member = super().frombuf(buf, encoding, errors)
        if member.type == tarfile.GNUTYPE_SPARSE:
            raise tarfile.ReadError(_SPARSE)
        extends = member.type in (*_EXTENDING, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)
        if extends and member.size > LARGEST_HEADER:
            raise tarfile.ReadError(f"a header of {member.size:,} bytes")
        return member

    def _proc_gnusparse_10(self, *_: object) -> NoReturn:
        # tarfile's method that reads the map of the newest format.
        raise tarfile.ReadError(_SPARSE)


#: The map of a sparse file may be endless, and is kept in memory.
_SPARSE = "a sparse file"
_EXTENDING = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE)


class _Bounded(gzip.GzipFile):
    """The unpacked archive, up to its size limit."""

    def read(self, size: int | None = -1) -> bytes:
        """The next bytes; tarfile asks for no other method of a stream."""
        block = super().read(size)
        if self.tell() > LARGEST_UNPACKED:
            raise tarfile.ReadError(f"more than {LARGEST_UNPACKED:,} bytes when unpacked")
        return block


def _official_name(member: tarfile.TarInfo) -> str:
    """The name of a file directly in the official folder, "" for all others."""
    path = PurePosixPath(member.name)  # "./stl10_binary/x" is the same; ".." never is
    return path.name if path.parts == (FOLDER, path.name) else ""


def _keep(
    archive: tarfile.TarFile, member: tarfile.TarInfo, file: OfficialFile, folder: Path
) -> None:
    """Write a member under its official name if its size and MD5 are right."""
    if not member.isreg() or member.size != file.size:
        got = f"{member.size:,}" if member.isreg() else "no regular file"
        raise DownloadError(
            f"{member.name} in the archive: expected {file.size:,} bytes, got {got}."
        )
    content = archive.extractfile(member)
    assert content is not None  # it is a regular file
    digest = hashlib.md5(usedforsecurity=False)
    with replacing(folder / file.name) as write:
        while block := content.read(BLOCK):
            digest.update(block)
            write(block)
        if digest.hexdigest() != file.md5:
            raise DownloadError(
                f"{member.name} in the archive: expected MD5 {file.md5}, got {digest.hexdigest()}."
            )
