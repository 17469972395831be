"""The user's image files, however they are listed: each checked, by one rule for all, and read."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from paribus.data.cache import Found, Ledger
from paribus.data.decode import Rule, contents, decode
from paribus.data.decoders import taken
from paribus.data.draft import Draft
from paribus.data.images import LeftOut, Progress, below, silent
from paribus.data.pixels import Bytes, Target, UnusableError
from paribus.data.taking import File, Taken
from paribus.errors import DataError
from paribus.io.reading import UnfitError, patiently
from paribus.records.types import Integers


@dataclass(frozen=True)
class ImageFiles:
    """The files that are images, each with what was found in it.

    Attributes:
        root: the folder that all lie in.
        source: what the user would check again: the folder, or a file that lists them.
        files: numbered by their places among all that were listed.
        rule: how all of them are decoded.
        draft: their images, resized, if they are wanted.
    """

    root: Path
    source: Path
    files: tuple[File, ...]
    found: tuple[Found, ...]
    rule: Rule
    draft: Draft | None
    progress: Progress

    @cached_property
    def places(self) -> tuple[str, ...]:
        """Each file's path below the root, with `/`."""
        beginning = len(str(self.root).rstrip("/")) + 1
        return tuple(str(file.path)[beginning:] for file in self.files)

    @property
    def channels(self) -> int:
        """1 (gray) or 3 (red, green, blue)."""
        return 3 if self.rule.color == "rgb" else 1

    def count(self, flag: str) -> int:
        """How many images were found to be animated, shortened or transparent."""
        return sum(flag in found for found in self.found)

    def fingerprint(self, group: Integers | None) -> str:
        """A SHA-256 over the names and contents of the images, and what else changes pixels."""
        digest = hashlib.sha256()
        for place, found in zip(self.places, self.found, strict=True):
            digest.update(os.fsencode(place) + b"\0" + found["sha256"].encode() + b"\n")
        # Only what changes pixels counts, so that folders without it keep their fingerprint.
        if self.count("transparent"):
            digest.update(f"behind transparent pixels {self.rule.background}\n".encode())
        if self.rule.bits != 16:
            digest.update(f"bits {self.rule.bits}\n".encode())
        if group is not None:
            digest.update(f"groups {group.tolist()}\n".encode())
        return digest.hexdigest()

    def read(self, i: int) -> Bytes:
        """Image i in its original size; raises DataError if its file is another now."""
        try:
            content = contents(self.files[i].path)
            if hashlib.sha256(content).hexdigest() != self.found[i]["sha256"]:
                raise UnusableError("its contents have changed")
            return decode(content, self.rule)
        except UnusableError as error:
            raise self._changed(self.files[i].path, str(error)) from None

    def put(self, path: Path, header: bytes) -> None:
        """Make a file of all images, resized, behind a header, and move it to a path.

        Raises:
            DataError: a file is another now.
            DiskError: it can't be written.
        """
        assert self.draft is not None
        numbers = [file.number for file in self.files]
        known = dict(zip(numbers, self.found, strict=True))
        some = self.draft.take(numbers, self.rule.bits)
        for one in _followed(some, len(numbers), "resizing images", self.progress):
            if one.found.get("sha256") != known[one.number]["sha256"]:
                path = next(file.path for file in self.files if file.number == one.number)
                raise self._changed(path, one.found.get("fault", "its contents have changed"))
        self.draft.finish(path, numbers, header)

    def _changed(self, path: Path, why: str) -> DataError:
        return DataError(
            f"{path}: expected the image as it was before, got another file ({why}). Restore it, "
            f"or check all images with `paribus data verify {self.source}`; then run again."
        )


@dataclass(frozen=True)
class Check:
    """How files are checked: for whom, and whether earlier checks count.

    Attributes:
        rule: without its bits, which follow from the files.
        target: what images are resized to meanwhile, as long as `kept` is open; or they aren't.
        trust_times: rely on an earlier check of a file with unchanged size and time.
    """

    rule: Rule
    target: Target
    progress: Progress = silent
    trust_times: bool = True
    kept: ExitStack | None = None

    def of(
        self, root: Path, paths: Sequence[Path], left_out: list[LeftOut], source: Path | None = None
    ) -> ImageFiles:
        """Every usable image among files below `root`; the others are added to `left_out`.

        Raises:
            ReadError: one can't be read now.
            DiskError: resized images can't be written.
        """
        files = list(_listed(root, paths, left_out))
        draft = None
        if self.kept:
            draft = self.kept.enter_context(Draft(source or root, files, self.target, self.rule))
        every = self._found(root, files, draft)
        used, found = [], []
        for file in files:
            if fault := every[file.number].get("fault"):
                left_out.append(LeftOut(below(root, file.path), fault))
            else:
                used.append(file)
                found.append(every[file.number])
        # One rule for all: the brightest 16-bit value among them fixes the scale.
        bits = max((int(one["bits"]) for one in found), default=0)
        rule = replace(self.rule, bits=max(bits, 8) if bits else 16)
        return ImageFiles(
            root, source or root, tuple(used), tuple(found), rule, draft, self.progress
        )

    def _found(self, root: Path, files: Sequence[File], draft: Draft | None) -> dict[int, Found]:
        """What was found in each file, by its number, now or earlier."""
        ledger = Ledger(root, self.trust_times)
        by_number = {file.number: file for file in files}
        known = {file.number: ledger.known(file.path, file.size, file.time) for file in files}
        found = {number: one for number, one in known.items() if one is not None}
        new = [file for file in files if file.number not in found]
        what = "resizing images" if draft else "checking images"
        some = draft.take([file.number for file in new]) if draft else taken(new, None)
        try:
            for one in _followed(some, len(new), what, self.progress):
                file = by_number[one.number]
                found[one.number] = one.found
                ledger.note(file.path, file.size, file.time, one.found)
        finally:
            ledger.save()
        return found


def _listed(root: Path, paths: Sequence[Path], left_out: list[LeftOut]) -> Iterator[File]:
    """The files that are still there, numbered by their places, as they are now."""
    for number, path in enumerate(paths):
        try:
            facts = patiently(path, path.stat)
        except UnfitError as error:  # gone since it was listed
            left_out.append(LeftOut(below(root, path), f"can't be read ({error.strerror})"))
        else:
            yield File(number, path, facts.st_size, facts.st_mtime_ns)


def _followed(
    lists: Iterator[list[Taken]], total: int, what: str, progress: Progress
) -> Iterator[Taken]:
    """All that comes in lists one by one, reporting progress after each list."""
    done = 0
    for some in lists:
        yield from some
        done += len(some)
        progress(what, done, total)
