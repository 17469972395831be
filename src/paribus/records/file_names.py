"""Which file each test image is, kept beside the records where the source is a folder of images.

Predictions only have an image's number in its source. As the kept images, the names can be had
from the source again: a file of them that is missing, damaged or of other data counts as none.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, Field

from paribus.io.disk import write_file
from paribus.io.reading import UnfitError, read_inside
from paribus.io.strict_json import dumps, loads
from paribus.records.bounds import Count, Sha256
from paribus.records.types import Frozen

FILE_NAMES = "test-images.json"
#: Bytes of the file, enough for half a million images; of more, none is kept or read.
LARGEST = 1 << 25
#: Characters of a path, as many as Linux allows bytes.
LONGEST = 4_096


def _below(name: str) -> str:
    path = PurePosixPath(name)
    if not path.parts or path.is_absolute() or ".." in path.parts:
        raise ValueError(f"expected a path below the folder of the images, got {name!r}")
    return name


def is_file_name(name: str) -> bool:
    """Whether a name may be kept: one of a file below a folder, and not too long."""
    try:
        return len(_below(name)) <= LONGEST
    except ValueError:
        return False


class FileNames(Frozen):
    """The files of test images.

    Attributes:
        data: fingerprints of the data sets in which the images have these numbers.
        files: an image's number in its source -> its path below the folder, with `/`.
    """

    data: tuple[Sha256, ...]
    files: dict[Count, Annotated[str, Field(max_length=LONGEST), AfterValidator(_below)]]


def keep_file_names(out: Path, data: Iterable[str], files: Mapping[int, str]) -> None:
    """Keep each test image's file by the image's number; where there are none, nothing is kept.

    Args:
        data: the fingerprint of every data set that has the images under these numbers.
        files: paths as the system has them; bytes that aren't UTF-8 are written as codes.
    """
    # JSON has no half characters, as which Python reads such bytes.
    written = {n: name.encode("utf-8", "backslashreplace").decode() for n, name in files.items()}
    names = FileNames(
        data=tuple(sorted(set(data))),
        files={n: name for n, name in written.items() if len(name) <= LONGEST},
    )
    content = _packed(names)
    if names.files and len(content) <= LARGEST and _read(out) != names:
        write_file(out / FILE_NAMES, content)


def read_file_names(out: Path, data: Collection[str]) -> Mapping[int, str]:
    """Each test image's file by the image's number; none unless it is so in all data sets `data`.

    Whatever they say, they are only shown, and no file is opened by them.
    """
    names = _read(out)
    return names.files if names and set(data) <= set(names.data) else {}


def file_names_are_whole(out: Path) -> bool:
    """Whether the file is there as it was written."""
    return _read(out) is not None


def _read(out: Path) -> FileNames | None:
    """What is kept; None where there is nothing good."""
    try:
        content = read_inside(out / FILE_NAMES, out, LARGEST)
        values = loads(content)
        values.pop("sha256", None)
        names = FileNames.model_validate(values)
    except (UnfitError, ValueError, TypeError, AttributeError):
        return None
    return names if content == _packed(names) else None


def _packed(names: FileNames) -> bytes:
    """As it is written, with the SHA-256 of all else at the end."""
    values = names.model_dump(mode="json")
    sha256 = hashlib.sha256(dumps(values).encode()).hexdigest()
    return dumps(values | {"sha256": sha256}, indent=1).encode()
