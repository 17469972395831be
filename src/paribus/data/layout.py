"""What the subfolders of a user's images are: parts of a split, classes, or neither.

A class that is none (`Training` against `Testing`) would be trained without a word, so whatever
looks like something else is refused, with what was seen and what to write instead.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from paribus.data.images import LeftOut, below, check_link, entries, natural, visible
from paribus.data.pixels import UnusableError
from paribus.data.splits import PARTS
from paribus.errors import DataError
from paribus.io.reading import is_folder
from paribus.names import shown
from paribus.study.folder import is_ours

#: Words in the names of parts on disk: `train`, `Training`, `val2017`, `test_set`, `seg_train`.
PART_WORDS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "validation"),
    **dict.fromkeys(("test", "testing"), "test"),
}
#: Words beside them that say nothing.
_FILLERS = {"", "data", "images", "image", "imgs", "img", "seg", "split", "folder", "the"}

#: What the files of a data set are sorted into where its folders are no classes.
KINDS_OF_FILES = {
    *("images", "image", "imgs", "img", "jpegimages", "masks", "mask", "labels", "label"),
    *("annotations", "annotation", "segmentations", "segmentation", "gt", "ground_truth"),
}

WHERE_TO_READ = "docs/study-file.md has a script"


class ClassFolder(NamedTuple):
    """A folder of one class's images; `part` is "" if there is only one tree."""

    path: Path
    name: str
    part: str


def part_of(name: str) -> str | None:
    """The part of a split that a folder's name means: "train", "validation", "test" or none."""
    words = [w.removesuffix("set") for w in re.findall(r"[^\W\d_]+", name.casefold())]
    parts = [PART_WORDS[word] for word in words if word in PART_WORDS]
    if len(parts) != 1 or any(w not in PART_WORDS and w not in _FILLERS for w in words):
        return None
    return parts[0]


def class_folders(root: Path, left_out: list[LeftOut]) -> list[ClassFolder]:
    """The folder of every class in every part; what else lies there goes to `left_out`.

    Raises:
        DataError: the folders aren't classes, are fewer than two, or differ between parts.
    """
    if is_ours(root):
        raise DataError(f"{root}: expected a folder of images, got results of Paribus")
    branches = _branches(root, left_out)
    folders = [
        ClassFolder(path, shown(path.name), part)
        for part, branch in branches.items()
        for path in _folders_in(branch, root, left_out)
    ]
    _require_classes(root, branches, folders)
    return folders


def _branches(root: Path, left_out: list[LeftOut]) -> dict[str, Path]:
    """The folder of each part, or the whole tree under "".

    A `train` that holds folders is a part; one that holds images is a class (of vehicles), as
    long as not everything beside it is named like a part too.
    """
    parts: dict[str, Path] = {}
    others = []
    for entry in visible(root):
        part = part_of(entry.name) if is_folder(entry) and not _only_ours(entry) else None
        if part is None:
            others.append(entry)
        elif entry.is_symlink():
            raise DataError(f"{entry}: expected a folder, got a link; move the folder here")
        elif part in parts:
            raise DataError(
                f"{root}: expected one folder for {part}, got {parts[part].name} and "
                f"{entry.name}; merge them"
            )
        else:
            parts[part] = _unwrapped(entry)
    if "train" in parts and _has_folders(parts["train"]):
        left_out += [LeftOut(below(root, e), "not in train, val or test") for e in others]
        return {part: parts[part] for part in PARTS if part in parts}
    if parts and not any(_is_class(entry) for entry in others):
        raise DataError(_parts_without_classes(root, parts))
    return {"": root}


def _unwrapped(part: Path) -> Path:
    """A part's folder, or the one of the same part that it holds alone: `seg_train/seg_train`."""
    inner = visible(part)
    alone = len(inner) == 1 and is_folder(inner[0]) and part_of(inner[0].name) == part_of(part.name)
    return inner[0] if alone else part


def _folders_in(branch: Path, root: Path, left_out: list[LeftOut]) -> list[Path]:
    folders = []
    for entry in visible(branch):
        try:
            check_link(entry, root)
            if is_folder(entry):
                if _only_ours(entry):
                    raise UnusableError("results of Paribus")
                folders.append(entry)
            elif entry.is_file():
                raise UnusableError("not in the folder of a class")
        except UnusableError as error:
            left_out.append(LeftOut(below(root, entry), str(error)))
    return folders


def _only_ours(folder: Path) -> bool:
    """Whether a folder is one of results, or holds nothing but such, as `out/` does."""
    inner = entries(folder)
    if folder.is_symlink() or not inner:
        return False
    return is_ours(folder) or all(one.is_dir() and _only_ours(Path(one.path)) for one in inner)


def _is_class(entry: Path) -> bool:
    return is_folder(entry) and not _only_ours(entry)


def _has_folders(folder: Path) -> bool:
    return any(entry.is_dir() for entry in entries(folder))


def _require_classes(
    root: Path, branches: Mapping[str, Path], folders: Sequence[ClassFolder]
) -> None:
    """Refuse folders that aren't classes, and parts that differ in theirs."""
    of_part: dict[str, dict[str, Path]] = {part: {} for part in branches}
    for folder in folders:
        of_part[folder.part][folder.name] = folder.path
    every = set().union(*of_part.values())
    lacking = [
        f"{part} has no {', '.join(sorted(every - names.keys(), key=natural))}"
        for part, names in of_part.items()
        if every - names.keys()
    ]
    if lacking:
        raise DataError(
            f"{root}: expected the same classes in each part, but {'; '.join(lacking)}. "
            "Add the images, or move the part's folder away."
        )
    if len(every) < 2:
        raise DataError(_too_few(root, sorted(every)))
    if all(name.casefold() in KINDS_OF_FILES for name in every):
        raise DataError(
            f"{root}: expected one subfolder per class, got {_listed(sorted(every))}, which sort "
            f"the files of a data set and not its classes. {_sort_by_class()}"
        )
    for part in branches:
        _require_no_layer_below(root, of_part[part])


def _require_no_layer_below(root: Path, classes: Mapping[str, Path]) -> None:
    """Refuse classes that all hold the same subfolders: those may be the classes, or parts."""
    first, *others = (
        sorted((entry.name for entry in entries(path) if entry.is_dir()), key=natural)
        for path in classes.values()
    )
    if len(first) < 2 or any(inner != first for inner in others):
        return
    if all(part_of(name) for name in first):
        name, inner = next(iter(classes)), first[0]
        raise DataError(
            f"{root}: each class has its parts below it ({name}/{inner}); expected the part first. "
            f"Move {name}/{inner} to {inner}/{name}, and so on."
        )
    one = next(iter(classes.values()))
    raise DataError(
        f"{root}: {_listed(classes)} all hold {_listed(first)}. If these are the classes, write "
        f"`path: {one}` or merge the folders; if {_listed(classes)} are, move their images out of "
        "the subfolders."
    )


def _parts_without_classes(root: Path, parts: Mapping[str, Path]) -> str:
    names = _listed(parts[part].name for part in PARTS if part in parts)
    if "train" not in parts:
        return (
            f"{root}: expected subfolders of classes, got {names}, which are named like parts of a "
            "split; there is no train. Rename it, or write the folder of classes as `path`."
        )
    seen = _seen(parts["train"])
    are = "look like parts" if len(parts) > 1 else "looks like a part"
    return (
        f"{root}: {names} {are} of a split; expected one subfolder per class in "
        f"each, and {parts['train'].name} holds {seen}. {_sort_by_class()}"
    )


def _too_few(root: Path, names: Sequence[str]) -> str:
    expected = f"{root}: expected subfolders of images for two or more classes, "
    if not names:
        return f"{expected}got {_seen(root)}" + (f". {_sort_by_class()}" if visible(root) else "")
    inner = [entry.name for entry in visible(root / names[0]) if is_folder(entry)]
    if len(inner) < 2:
        return f"{expected}got {names[0]}"
    return (
        f"{expected}got {names[0]} alone, which holds {_listed(inner)}. If those are meant, write "
        f"`path: {root / names[0]}`."
    )


def _seen(folder: Path) -> str:
    """What lies in a folder without subfolders; a table of labels is named before all else."""
    names = [entry.name for entry in visible(folder)]
    beside = [entry.name for entry in visible(folder.parent)]
    tables = [name for name in [*names, *beside] if name.casefold().endswith((".csv", ".tsv"))]
    if tables:
        return f"no folders, and labels in {shown(tables[0])} are not read"
    words = [match[0] for name in names if (match := re.match(r"[^\W\d_]+", name))]
    kinds = sorted({word for word in words if words.count(word) > 1})
    if len(kinds) > 1:
        return f"files called {_listed(f'{kind}...' for kind in kinds)} and no folders"
    return "files and no folders" if names else "nothing"


def _sort_by_class() -> str:
    return f"Move each image into a folder named after its class ({WHERE_TO_READ})."


def _listed(names: Iterable[str], most: int = 5) -> str:
    every = [shown(name) for name in names]
    more = len(every) - most
    if more > 0:
        return f"{', '.join(every[:most])} and {more} more"
    return " and ".join([", ".join(every[:-1]), every[-1]] if len(every) > 1 else every)
