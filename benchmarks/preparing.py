"""How fast a folder becomes a data set: `python benchmarks/preparing.py [quick]`.

Each round lets one process read, decode and resize every file by Pillow alone, which keeps
nothing, and then prepares the same folder from an empty cache: every file listed, read once,
decoded, hashed, checked and resized, the images written, looked at for findings and sealed. A
ratio compares figures of one round. All files are in the system's cache.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from unittest.mock import patch

import numpy as np
from PIL import Image

from page import table
from paribus.data import decoders
from paribus.data.dataset import prepare
from paribus.study.data import Folder

CLASSES, ROUNDS, TARGET = 10, 3, 3
Size = tuple[int, int]


@dataclass(frozen=True)
class Files:
    """So many JPEG files of a size (width, height), to become images of `side` pixels."""

    name: str
    count: int
    size: Size
    side: int


CASES = (
    Files("small images", 60_000, (32, 32), 32),
    Files("photographs", 2_000, (1024, 768), 64),
)
QUICK = (Files("small images", 3_000, (32, 32), 32), Files("photographs", 100, (1024, 768), 64))


def write(folder: Path, files: Files) -> None:
    """Smooth random images, no two alike, the same at every call."""
    draw = np.random.default_rng(0)
    for number in range(files.count):
        place = folder / f"class-{number % CLASSES}"
        place.mkdir(parents=True, exist_ok=True)
        coarse = draw.integers(0, 256, (12, 12, 3), np.uint8)
        image = Image.fromarray(coarse).resize(files.size, Image.Resampling.BICUBIC)
        image.save(place / f"{number}.jpg", quality=90)


def by_pillow(folder: Path, side: int) -> None:
    """One pass over all files in this process."""
    for path in sorted(folder.rglob("*.jpg")):
        with Image.open(path) as image:
            image.convert("RGB").resize((side, side), Image.Resampling.BILINEAR)


def by_paribus(folder: Path, side: int) -> None:
    """From an empty cache."""
    with (
        tempfile.TemporaryDirectory() as cache,
        patch.dict(os.environ, PARIBUS_CACHE=cache),
    ):
        prepare(Folder(source="folder", path=str(folder), size=side))


def by_one_process(folder: Path, side: int) -> None:
    """The same without other processes."""
    with patch.object(decoders, "_cores", lambda: 1):
        by_paribus(folder, side)


CONTENDERS = {
    "Pillow, one process": by_pillow,
    "Paribus, one process": by_one_process,
    "Paribus": by_paribus,
}


def seconds(what: Callable[[Path, int], None], folder: Path, side: int) -> tuple[float, float]:
    """Wall time, and processor time of this process and those that it started."""
    began, before = time.perf_counter(), _processor()
    what(folder, side)
    return time.perf_counter() - began, _processor() - before


def _processor() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def measured(files: Files, rounds: int) -> list[list[str]]:
    """A row for each contender."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), files)
        every = [
            {name: seconds(what, Path(folder), files.side) for name, what in CONTENDERS.items()}
            for _ in range(rounds)
        ]
    pillow = next(iter(CONTENDERS))
    rows = []
    for name in CONTENDERS:
        wall = [one[name][0] for one in every]
        gains = [one[pillow][0] / one[name][0] for one in every]
        least = [one[pillow][1] / one[name][1] for one in every]
        ratio = f"{median(gains):.2f} ({min(gains):.2f} to {max(gains):.2f})"
        rows.append(
            [
                f"{files.count:,} {files.name} of {files.size[0]} x {files.size[1]}",
                name,
                f"{median(wall):.1f}",
                f"{files.count / median(wall):,.0f}",
                ratio if name != pillow else "",
                f"{median(least):.2f}" if name != pillow else "",
            ]
        )
    return rows


def section(cases: tuple[Files, ...], rounds: int) -> str:
    """Measure and describe."""
    rows = [row for files in cases for row in measured(files, rounds)]
    load = os.getloadavg()[0]
    titles = ["files", "by", "s", "images/s", "times Pillow's rate", "of processor time"]
    return (
        f"### Preparing images\n\n{rounds} rounds, {os.cpu_count()} cores, load {load:.1f} "
        f"afterwards; the target is {TARGET} times Pillow's rate.\n\n{table(titles, rows)}"
    )


if __name__ == "__main__":
    print(section(QUICK if "quick" in sys.argv[1:] else CASES, ROUNDS))
