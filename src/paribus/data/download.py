"""STL-10's labelled pictures, taken out of the official archive while it comes in.

The archive is 2.6 GB, of which the labelled pictures are an eighth. It is unpacked as it
arrives, and left as soon as the labelled files are complete, wherever in it they lie.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
import zlib
from pathlib import Path, PurePosixPath

from paribus.data.http_stream import HttpStream, NotResumableError
from paribus.data.official import FOLDER, STL10, OfficialFile, faults, official_folder
from paribus.data.pictures import Progress, silent
from paribus.errors import DownloadError

URL = "https://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz"
#: Times that the archive is begun, where the server can't go on after a cut.
BEGINNINGS = 3
BLOCK = 1 << 16

BY_HAND = (
    "Run the same command again: files that are complete are kept. Or download "
    "{url} by hand, unpack it, and name the folder it is in with --data-dir."
)


def fetch_stl10(
    destination: Path,
    url: str = URL,
    progress: Progress | None = None,
    *,
    files: tuple[OfficialFile, ...] = STL10,
    timeout: float = 30.0,
    pause: float = 0.5,
) -> Path:
    """Download the labelled files into `destination/stl10_binary`; return that folder.

    Files that are there with the right MD5 stay as they are. A file appears under its name
    only when it is complete and its MD5 is right. Where one of the files lies in `destination`
    itself, the others join it there.

    Args:
        files: the wanted files of the archive.
        timeout: seconds without a byte before the connection is taken up anew.
        pause: seconds before the second attempt in a row, growing from there.

    Raises:
        DownloadError: if the server can't be reached or sends something else, or the files
            can't be written.
    """
    folder = official_folder(destination, files)

    def seen(done: int, _size: int | None) -> None:
        # No total: where in the archive the last wanted file ends is not known before.
        (progress or silent)("downloading STL-10", done, None)

    try:
        folder.mkdir(parents=True, exist_ok=True)
        for _ in range(BEGINNINGS):
            wanted = {file.name: file for file in files if file.name in faults(folder, files)}
            if not wanted or _took_all(HttpStream(url, timeout, pause, seen), folder, wanted):
                return folder
    except DownloadError as error:
        raise DownloadError(f"{error}\n{BY_HAND.format(url=url)}") from error
    except OSError as error:
        raise DownloadError(
            f"{folder}: the files can't be written there ({error.strerror or error}). "
            "Make room, or name another folder with --data-dir."
        ) from error
    return folder


def _unpack(stream: HttpStream, folder: Path, files: Mapping[str, OfficialFile]) -> None:
    """Keep the missing files out of the archive; stop reading when none is missing."""
    missing = _missing(folder, files)
    try:
        # The sizes of the buffers bound how much is read beyond the last wanted byte.
        with (
            io.BufferedReader(stream, BLOCK) as compressed,
            gzip.GzipFile(fileobj=compressed) as plain,
            tarfile.open(fileobj=plain, mode="r|", bufsize=BLOCK) as archive,
        ):
            for member in archive:
                # "./stl10_binary/x" is the same name; one with ".." is never equal.
                name = _name(member.name)
                if name not in missing:
                    continue
                _keep(archive, member, folder / name, files[name])
                missing.remove(name)
                if not missing:
                    return
    except (gzip.BadGzipFile, EOFError, zlib.error, tarfile.TarError) as error:
        raise DownloadError(
            f"{stream.url}: a whole tar archive compressed by gzip was expected; after "
            f"{stream.offset:,} bytes: {error}."
        ) from error
    raise DownloadError(f"{stream.url}: the archive ended without {', '.join(sorted(missing))}.")


def _name(member: str) -> str | None:
    path = PurePosixPath(member)
    return path.name if path.parts == (FOLDER, path.name) else None


def _keep(
    archive: tarfile.TarFile, member: tarfile.TarInfo, path: Path, official: OfficialFile
) -> None:
    """Write a member under `path`, a name of ours, once its size and MD5 prove right."""
    if not member.isreg() or member.size != official.size:
        came = f"{member.size:,} bytes" if member.isreg() else "a link or device"
        raise DownloadError(
            f"{member.name} in the archive: {official.size:,} bytes were expected; {came} came."
        )
    content = archive.extractfile(member)
    assert content is not None  # it is a regular file
    digest = hashlib.md5(usedforsecurity=False)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            while block := content.read(BLOCK):
                digest.update(block)
                file.write(block)
        if digest.hexdigest() != official.md5:
            raise DownloadError(
                f"{member.name} in the archive: MD5 {official.md5} was expected; "
                f"{digest.hexdigest()} came."
            )
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _missing(folder: Path, files: Mapping[str, OfficialFile]) -> set[str]:
    return {name for name, official in files.items() if not _is_good(folder / name, official)}


def _is_good(path: Path, official: OfficialFile) -> bool:
    if not path.is_file() or path.stat().st_size != official.size:
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest() == official.md5
