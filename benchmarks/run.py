"""Measure Paribus against its peers and write docs/benchmarks.md: `make bench`.

`--quick` only tries every part on a few pictures and writes nothing: its figures mean nothing.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import command_line
import one_core
import page
import paribus_loop
import whole_machine
from paribus.execution.environment import environment
from paribus.execution.local import cores
from pictures import Counts, write_pictures, write_tensors


@dataclass(frozen=True)
class Effort:
    """How much is measured, and how often; `report` is (rounds, seeds, epochs)."""

    pictures: Counts
    loop_rounds: int
    machine_rounds: int
    machine_epochs: int
    report: tuple[int, int, int]


#: Training pictures, batches, seeds and epochs as in the reference study; about ten minutes.
FULL = Effort(Counts(5000, 1000, 100), 15, 5, 6, (3, 10, 100))
QUICK = Effort(Counts(500, 100, 50), 1, 1, 3, (1, 2, 5))


def main(effort: Effort) -> str:
    """Measure everything; the Markdown to print."""
    header = _header()
    with tempfile.TemporaryDirectory() as place:
        data = Path(place)
        os.environ["PARIBUS_CACHE"] = str(data / "cache")
        write_pictures(data / "pictures", effort.pictures)
        began = time.perf_counter()
        dataset = paribus_loop.prepare(data / "pictures")
        prepared = time.perf_counter() - began
        write_tensors(data, dataset)
        loop = one_core.section(data, dataset, effort.loop_rounds)
        machine = whole_machine.section(data, effort.machine_rounds, effort.machine_epochs)
    once = (
        f"Paribus decoded and resized the {len(dataset.images):,} pictures once, before all "
        f"this, in {prepared:.1f} s.\n"
    )
    return "\n".join([header, loop, machine, once, command_line.section(*effort.report)])


def _header() -> str:
    here, load = environment(), os.getloadavg()[0]
    versions = ", ".join(f"{name} {version(name)}" for name in ("lightning", "skorch", "pillow"))
    changed = " with changes" if here.git_dirty else ""
    return (
        f"Measured on {datetime.now(UTC):%Y-%m-%d} with `make bench`: {here.cpu}, {cores()} cores "
        f"(load {load:.2f} before), {here.platform}, Python {here.python}, torch {here.torch} "
        f"({here.cpu_capability}), numpy {here.numpy}, {versions}, paribus {here.paribus}, commit "
        f"{(here.git_commit or 'unknown')[:12]}{changed}.\n"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure Paribus against its peers.")
    parser.add_argument("--quick", action="store_true", help="try every part, write nothing")
    quick = parser.parse_args().quick
    measured = main(QUICK if quick else FULL)
    print(measured)
    if not quick:
        page.write(measured)
