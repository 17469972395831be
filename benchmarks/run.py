"""Measure Paribus against its peers and write docs/benchmarks.md: `make bench`.

`--quick` only tries every part on a few images and writes nothing; its figures mean nothing.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version

import augmenting
import command_line
import engine
import many_runs
import one_core
import page
import paribus_loop
import preparing
import two_workers
import whole_machine
from images import Counts
from paribus.execution.inputs import environment
from paribus.execution.workers import cores


@dataclass(frozen=True)
class Effort:
    """How much is measured, and how often; `report` is (rounds, seeds, epochs)."""

    images: Counts
    engine: engine.Effort
    loop_rounds: int
    machine_rounds: int
    machine_epochs: int
    report: tuple[int, int, int]
    many_runs: many_runs.Effort
    worker_rounds: int
    augmenting_rounds: int
    folders: tuple[preparing.Files, ...]
    folder_rounds: int


#: Training images, batches, seeds and epochs as in the reference study; about half an hour.
FULL = Effort(
    images=Counts(5000, 1000, 100),
    engine=engine.FULL,
    loop_rounds=15,
    machine_rounds=5,
    machine_epochs=6,
    report=(3, 10, 100),
    many_runs=many_runs.FULL,
    worker_rounds=5,
    augmenting_rounds=9,
    folders=preparing.CASES,
    folder_rounds=3,
)
QUICK = Effort(
    images=Counts(500, 100, 50),
    engine=engine.QUICK,
    loop_rounds=1,
    machine_rounds=1,
    machine_epochs=3,
    report=(1, 2, 5),
    many_runs=many_runs.QUICK,
    worker_rounds=1,
    augmenting_rounds=1,
    folders=preparing.QUICK,
    folder_rounds=1,
)


def main(effort: Effort) -> str:
    """Measure everything; the Markdown to print."""
    header = _header()
    with paribus_loop.synthetic(effort.images) as data:
        loop = one_core.section(data.folder, data.dataset, effort.loop_rounds)
        declared = engine.section(data.folder, effort.engine)
        machine = whole_machine.section(data.folder, effort.machine_rounds, effort.machine_epochs)
    once = (
        f"Before these measurements, Paribus decoded and resized the {len(data.dataset.images):,} "
        f"images once, in {data.seconds:.1f} s.\n"
    )
    report = command_line.section(*effort.report)
    prepared = preparing.section(effort.folders, effort.folder_rounds)
    augmented = augmenting.section(effort.augmenting_rounds)
    workers = two_workers.section(effort.worker_rounds)
    many = many_runs.section(effort.many_runs)
    return "\n".join(
        [header, loop, declared, machine, once, prepared, augmented, report, workers, many]
    )


def _header() -> str:
    here, load = environment(), os.getloadavg()[0]
    others = ("lightning", "skorch", "keras", "pillow")
    versions = ", ".join(f"{name} {version(name)}" for name in others)
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
