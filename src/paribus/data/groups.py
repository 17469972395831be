"""Groups of images that belong together, such as those of a patient, a scene or a writer."""

import csv
import errno
import io
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from paribus.data.images import check_link
from paribus.data.pixels import UnusableError
from paribus.errors import DataError
from paribus.io.reading import UnfitError, read_whole
from paribus.names import shown
from paribus.records.types import Integers

#: A table in the folder of images: each image's place below the folder, and its group.
FILE, COLUMNS = "groups.csv", ("file", "group")
#: Bytes of the table, enough for millions of images.
LARGEST = 1 << 28


def group_numbers(root: Path, places: Sequence[str]) -> Integers | None:
    """The group of each image (n,), numbered as they first appear; None without a table.

    Rows about other files are passed over, for images that can't be used are listed too.

    Raises:
        DataError: the table can't be read as one, or lacks an image.
        ReadError: the table can't be read now.
    """
    try:
        check_link(root / FILE, root)
        content = read_whole(root / FILE, LARGEST)
    except UnusableError as error:
        raise _refusal(root, str(error)) from None
    except UnfitError as error:
        if error.errno == errno.ENOENT:
            return None
        raise _refusal(root, f"can't be read ({error.strerror})") from None
    named = _groups(root, content)
    if missing := [place for place in places if place not in named]:
        raise _refusal(
            root,
            f"expected a group for every image, got none for {shown(missing[0])}"
            + (f" and {len(missing) - 1:,} more" if missing[1:] else ""),
        )
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(named[place], len(numbers)) for place in places], np.int64)


def _groups(root: Path, content: bytes) -> Mapping[str, str]:
    """File -> group, by the rows of the table."""
    try:
        rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))
        header = rows.fieldnames or ()
        if not set(COLUMNS) <= set(header):
            raise _refusal(root, f"expected the columns {', '.join(COLUMNS)}, got {_text(header)}")
        groups: dict[str, str] = {}
        for row in rows:
            place = str(PurePosixPath((row["file"] or "").replace("\\", "/")))
            group = (row["group"] or "").strip()
            if not group or groups.setdefault(place, group) != group:
                why = f"got {shown(groups[place])} and {shown(group)}" if group else "got none"
                raise _refusal(root, f"expected one group for {shown(place)}, {why}")
    except UnicodeDecodeError as error:
        raise _refusal(root, f"byte {error.start} is not UTF-8; save it as UTF-8") from None
    except csv.Error as error:
        raise _refusal(root, f"not a CSV file ({error})") from None
    return groups


def _text(header: Sequence[str]) -> str:
    return shown(", ".join(header)) if header else "an empty file"


def _refusal(root: Path, why: str) -> DataError:
    return DataError(f"{root / FILE}: {why}.")
