"""The user's images by a table: the path and label of each, and its split and group."""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from paribus.data.cache import home_expanded
from paribus.data.decode import Rule
from paribus.data.files import Check, ImageFiles
from paribus.data.images import (
    LeftOut,
    Originals,
    Progress,
    below,
    check_link,
    natural,
    silent,
    target_of,
)
from paribus.data.layout import part_of
from paribus.data.pixels import UnusableError
from paribus.errors import DataError, SourceError
from paribus.names import shown
from paribus.records.bounds import MOST_CLASSES
from paribus.records.types import Integers
from paribus.sources.grid import Grid, read_table
from paribus.study.data import Csv

#: The columns, in upper or lower case; the first two must be there.
PATH, LABEL, SPLIT, GROUP = "path", "label", "split", "group"
#: Letters of a label: as many as names of folders have bytes.
LONGEST_LABEL = 255


@dataclass(frozen=True)
class _Row:
    """What the table says of an image; without a column, split and group are empty."""

    path: Path
    label: str
    part: str
    group: str


def open_manifest(
    data: Csv,
    progress: Progress | None = None,
    *,
    trust_times: bool = True,
    kept: ExitStack | None = None,
) -> Originals:
    """Every usable image that the table names; every other one by name with the reason.

    Paths start at the table's folder, and must lead to files in it.

    Args:
        trust_times, kept: as `open_folder` has them.

    Raises:
        DataError: it isn't such a table, or says something that can't be used, by its line.
        ReadError: the table or an image can't be read now.
        DiskError: if resized images can't be written.
    """
    table = home_expanded(data.path).resolve()
    try:
        rows = list(_rows(read_table(table)))
    except SourceError as error:
        raise DataError(str(error)) from None
    _require_parts(table, rows)
    root, left_out = table.parent, list[LeftOut]()
    there = [row for row in rows if _is_inside(row.path, root, left_out)]
    rule = Rule(data.color, 0, data.background)
    check = Check(rule, target_of(data), progress or silent, trust_times, kept)
    images = check.of(root, [row.path for row in there], left_out, table)
    used = [there[file.number] for file in images.files]
    classes = tuple(sorted({row.label for row in rows}, key=natural))
    _require_images(table, rows, used, left_out)
    number = {name: label for label, name in enumerate(classes)}
    group = _numbers([row.group for row in used])
    return Originals(
        source="csv",
        classes=classes,
        labels=np.array([number[row.label] for row in used], np.int64),
        part=np.array([row.part for row in used]),
        channels=images.channels,
        fingerprint=_fingerprint(images, used, group),
        read=images.read,
        files=images.places,
        left_out=tuple(sorted(left_out, key=lambda one: natural(one.place))),
        group=group,
        animated=images.count("animated"),
        shortened=images.count("shortened"),
        put=images.put,
    )


def _rows(grid: Grid) -> Iterator[_Row]:
    """The rows of a table; raises DataError at the first one that can't be used."""
    names = {name.casefold(): name for name in grid.header}
    for needed in (PATH, LABEL):
        if needed not in names:
            got = shown(", ".join(grid.header))
            raise DataError(f"{grid.path}:1: expected the columns {PATH} and {LABEL}, got {got}")
    columns = {key: grid.columns[name] for key, name in names.items()}
    seen: dict[Path, int] = {}
    for i, line in enumerate(grid.lines):
        cells = {key: cells[i].strip() for key, cells in columns.items()}
        refuse = _refusal(grid.path, line)
        path = _path(grid.path.parent, cells[PATH], refuse)
        if (before := seen.setdefault(path, line)) != line:
            raise refuse(f"an image once, got {shown(cells[PATH])} on line {before} too")
        if len(cells[LABEL]) > LONGEST_LABEL:
            raise refuse(f"a label of at most {LONGEST_LABEL} signs, got {len(cells[LABEL]):,}")
        if not cells[LABEL]:
            raise refuse(f"a label for {shown(cells[PATH])}, got none")
        if GROUP in cells and not cells[GROUP]:
            raise refuse(f"a group for every image, got none for {shown(cells[PATH])}")
        part = part_of(cells[SPLIT]) if cells.get(SPLIT) else ""
        if part is None:
            raise refuse(f"train, val or test as split, got {shown(cells[SPLIT])}")
        yield _Row(path, shown(cells[LABEL]), part, cells.get(GROUP, ""))


def _refusal(table: Path, line: int) -> Callable[[str], DataError]:
    return lambda expected: DataError(f"{table}:{line}: expected {expected}.")


def _path(root: Path, text: str, refuse: Callable[[str], DataError]) -> Path:
    """Where an image is said to lie; its links aren't followed yet."""
    if not text or "\0" in text:
        raise refuse(f"the path of an image, got {shown(text) or 'none'}")
    path = Path(os.path.normpath(root / text.replace("\\", "/")))
    if not path.is_relative_to(root) or path == root:
        raise refuse(
            f"a path in the folder of the table, got {shown(text)}; put the table into a folder "
            "that holds all images"
        )
    return path


def _is_inside(path: Path, root: Path, left_out: list[LeftOut]) -> bool:
    """Whether a file is there, behind links that don't lead out; otherwise it is left out."""
    try:
        check_link(path, root)
        if not Path(os.path.realpath(path)).is_relative_to(root):  # `resolve` fails at a loop
            raise UnusableError("a link that leads out of the folder")
        if not path.is_file():
            raise UnusableError("no file is there")
    except UnusableError as error:
        left_out.append(LeftOut(below(root, path), str(error)))
    except OSError as error:
        left_out.append(LeftOut(below(root, path), f"can't be read ({error.strerror})"))
    else:
        return True
    return False


def _require_parts(table: Path, rows: Sequence[_Row]) -> None:
    """Refuse splits that are given for some images only, and fewer than two classes."""
    parts = {row.part for row in rows}
    if len(parts) > 1 and "" in parts:
        raise DataError(f"{table}: expected a split in every row or in none, got both")
    if "train" not in parts and parts - {""}:
        got = ", ".join(sorted(parts))
        raise DataError(f"{table}: expected rows of the split train, got {got}")
    if not 2 <= len(labels := {row.label for row in rows}) <= MOST_CLASSES:
        got = f"{len(labels):,}" + (f": {', '.join(sorted(labels)[:5])}" if labels else "")
        raise DataError(f"{table}: expected 2 to {MOST_CLASSES:,} different labels, got {got}")


def _require_images(
    table: Path, rows: Sequence[_Row], used: Sequence[_Row], left_out: Sequence[LeftOut]
) -> None:
    """Refuse a class that has no usable image in one of the parts."""
    filled = {(row.part, row.label) for row in used}
    labels = sorted({row.label for row in rows}, key=natural)
    for part in sorted({row.part for row in rows}):
        for label in labels:
            if (part, label) not in filled:
                where = f" in {part}" if part else ""
                raise DataError(
                    f"{table}: expected images of class {label!r}{where}, got no usable one. Add "
                    "some, or remove the class." + "".join(f"\n  {one}" for one in left_out[:5])
                )


def _numbers(groups: Sequence[str]) -> Integers | None:
    """The number of each group (n,), as they first appear; None where there are none."""
    numbers: dict[str, int] = {}
    every = np.array([numbers.setdefault(group, len(numbers)) for group in groups], np.int64)
    return every if any(groups) else None


def _fingerprint(images: ImageFiles, used: Sequence[_Row], group: Integers | None) -> str:
    digest = hashlib.sha256(images.fingerprint(group).encode())
    for row in used:
        digest.update(f"{row.label}\0{row.part}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()
