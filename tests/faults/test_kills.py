"""Killed at any step of anything that is written, a study goes on and loses nothing.

`paribus.io.disk` takes each step by a function of `os`. Here one of them is the last: the process
that would have taken it is dead from then on, and its folder is found by the next. Real processes
and real signals are in `test_signals.py`, and by the hundred in `many_kills.py`.
"""

import errno
import itertools
import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from effort import EFFORT
from faults.here import Written, run_here
from faults.seam import Seam, die_at, refuse_at, seam
from faults.small import Killed, content, differing, small_study
from paribus.errors import DiskError
from paribus.events import quiet
from paribus.execution.session import prepare_data
from paribus.io.disk import UNFINISHED
from paribus.records.store import read_record
from paribus.study.ledger import LEDGER, read_ledger

EPOCHS = 2

REFUSALS = (errno.ENOSPC, errno.EIO, errno.EROFS, errno.ENOENT)

#: Steps that only open or sync a file under way leave the disk as the step before.
ALIKE = re.compile(r"open|fsync .*\.new")

#: One of each sort of a report's files; `many_kills.py` has a whole report.
REPORT: Written = {
    "tables/runs.csv": b"setting,seed\r\n",
    "figures/loss.svg": b"<svg/>",
    "results.json": b"{}",
    "report.md": b"# A report",
    "report.html": b"<p>A report</p>" * 1000,
}


class Reference:
    """A study that nobody interrupted: what it left, and every step on the way."""

    def __init__(self, images: Path, out: Path) -> None:
        self.study = small_study(images, epochs=EPOCHS)
        self.report = REPORT
        prepare_data(self.study, None, quiet)  # into the cache, which isn't what is killed here
        with seam(out / "whole") as steps:
            run_here(self.study, out / "whole", self.report)
        self.labels = steps.labels
        self.content = everything(out / "whole")


@pytest.fixture(scope="module")
def reference(images: Path, tmp_path_factory: pytest.TempPathFactory) -> Reference:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("paribus.execution.checkpoint.SPACING", 0)
        return Reference(images, tmp_path_factory.mktemp("reference"))


def everything(out: Path) -> dict[str, object]:
    """All that a study leaves but its log and locks.

    Of records and the ledger all that doesn't tell of time, or of lines that were cut short.
    """
    files: dict[str, object] = {
        str(path.relative_to(out)): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and not path.is_relative_to(out / "runs")
    }
    for name in ("log.jsonl", ".lock", ".report-lock"):
        files.pop(name, None)
    files[LEDGER] = replace(read_ledger(out), cut_short=0)
    return files | content(out)


def kind_of(label: str) -> str:
    """Of a step: what is done to which sort of file, without numbers and names drawn by lot."""
    label = re.sub(rf"\.[0-9a-f]{{8}}\{UNFINISHED}", ".new", label)
    label = re.sub(r"[0-9a-f]{16,}", "*", label)
    label = re.sub(r"(epoch|seed|original|seen)-[\w-]+", r"\1", label)
    label = label.replace("/l2", "/baseline")
    return re.sub(r"(figures|tables|images)/\.?[\w.-]+?(\.new)?$", r"\1/*\2", label)


def chosen(labels: list[str]) -> list[int]:
    """The first step of every kind that changes the disk."""
    first: dict[str, int] = {}
    for number, label in enumerate(labels):
        first.setdefault(kind_of(label), number)
    return [number for kind, number in first.items() if not ALIKE.match(kind)]


def test_a_study_killed_at_fifty_steps_one_after_another_ends_as_if_it_had_not_been(
    reference: Reference, tmp_path: Path
) -> None:
    died: list[str] = []

    def die_at_a_new_kind(stand_in: Seam, label: str, at: int) -> None:
        kind = kind_of(label)
        if kind not in died and not ALIKE.match(kind):
            died.append(kind)
            die_at(at)(stand_in, label, at)

    while True:
        try:
            with seam(tmp_path / "out", die_at_a_new_kind):
                run_here(reference.study, tmp_path / "out", reference.report)
        except Killed:
            continue
        break
    assert len(died) >= 50
    assert differing(everything(tmp_path / "out"), reference.content) == set()


def refused_steps(labels: list[str]) -> Sequence[int]:
    """Every step; one of every kind in the short form; every sixth of these in `make test`."""
    if EFFORT > 1:
        return range(len(labels))
    return chosen(labels) if EFFORT else chosen(labels)[::6]


def test_a_study_refused_at_any_step_says_so_keeps_what_is_finished_and_goes_on(
    reference: Reference, tmp_path: Path
) -> None:
    points = refused_steps(reference.labels)
    wrong, refused = {}, 0
    for number, code in zip(points, itertools.cycle(REFUSALS)):
        out = tmp_path / str(number)
        try:
            with seam(out, refuse_at(number, code)):
                run_here(reference.study, out, reference.report)
        except DiskError as error:
            refused += 1
            assert os.strerror(code) in str(error)
        for record in out.glob("runs/*/seed-*"):
            read_record(record)
        run_here(reference.study, out, reference.report)
        different = differing(everything(out), reference.content)
        if different:
            wrong[reference.labels[number]] = sorted(different)
    assert wrong == {}
    assert refused > 0.8 * len(points)  # the rest only tidies up


def test_a_folder_moved_before_any_step_is_not_made_again_and_goes_on_when_it_is_back(
    reference: Reference, tmp_path: Path
) -> None:
    wrong = {}
    points = refused_steps(reference.labels)[1:]  # before the first there is no folder
    for number in points if EFFORT else points[::2]:
        out, moved = tmp_path / str(number), tmp_path / f"{number}, moved"

        def move(seam: Seam, label: str, at: int, here: int = number) -> None:
            if at == here:
                (tmp_path / str(here)).rename(tmp_path / f"{here}, moved")

        with pytest.raises(DiskError, match="put it back"), seam(out, move):
            run_here(reference.study, out, reference.report)
        assert not out.exists(), reference.labels[number]
        moved.rename(out)
        run_here(reference.study, out, reference.report)
        different = differing(everything(out), reference.content)
        if different:
            wrong[reference.labels[number]] = sorted(different)
    assert wrong == {}
