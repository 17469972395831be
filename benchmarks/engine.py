"""Paribus's own training engine against PyTorch: `make bench`, or this file alone.

`python benchmarks/engine.py` prints its section. `--quick` only tries every part on a few
images; its figures mean nothing.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import paribus_loop
from engine_cases import BARE, NATIVE, PEAK
from images import Counts
from measure import Measured, Spread, interleave, ratio, spread
from networks import CASES
from page import at_least, at_most, table
from paribus.engine.library import FOLDER, VARIABLE, NoLibrary, library
from whole_machine import contend

#: The instruction set that the targets are for: AVX2.
AIM = "x86-64-v3"
#: Limits PyTorch to the instructions that a build has; ATen, oneDNN and MKL each have a switch
#: for it. On a processor without further instructions they change nothing.
ALIKE = {
    "x86-64-v2": {
        "ATEN_CPU_CAPABILITY": "default",
        "ONEDNN_MAX_CPU_ISA": "SSE41",
        "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
    },
    "x86-64-v3": {
        "ATEN_CPU_CAPABILITY": "avx2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    },
}
TWO_TO_ONE = 1.9
HEAD = ("network", "PyTorch", "engine", "engine / PyTorch", "target", "GFLOPS", "share of peak")
SCRIPT = Path(__file__).with_name("engine_cases.py")

#: Of one build: a case's name -> {"flops": ..., "measured": ...}.
Cases = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Effort:
    """How often everything is measured, and how long the full trainings are."""

    rounds: int
    other_rounds: int
    machine_rounds: int
    machine_epochs: int


FULL = Effort(11, 5, 5, 20)
QUICK = Effort(1, 1, 1, 3)


def section(data: Path, effort: Effort) -> str:
    """Measure and describe."""
    title = "### The engine\n\n"
    try:
        chosen = library().build
    except NoLibrary as error:
        return f"{title}Not measured: {error}.\n"
    names = sorted(path.stem for path in FOLDER.glob("*.so"))
    aim = AIM if AIM in names else chosen
    tried = {
        name: _of_build(name, data, effort.rounds if name == aim else effort.other_rounds)
        for name in names
    }
    builds = {name: actual["cases"] for name, actual in tried.items() if "cases" in actual}
    absent = [f"{name} wasn't measured: {actual['why']}." for name, actual in tried.items()
              if "why" in actual]  # fmt: skip
    return title + "\n".join(
        [
            *([_in_full(aim, builds[aim], effort.rounds)] if aim in builds else []),
            _other_builds({name: row for name, row in builds.items() if name != aim}, effort),
            *(f"{reason}\n" for reason in absent),
            _processes(data, effort),
        ]
    )


# ---- one core -----------------------------------------------------------------------------------


def _of_build(name: str, data: Path, rounds: int) -> dict[str, Any]:
    """All cases with one build, in its own process, because a process loads one build."""
    command = [sys.executable, str(SCRIPT), str(data), str(rounds)]
    switches = {VARIABLE: name, **ALIKE.get(name, {})}
    done = subprocess.run(command, env=os.environ | switches, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"the build {name} failed")
    actual: dict[str, Any] = json.loads(done.stdout)
    return actual


def _in_full(build: str, cases: Cases, rounds: int) -> str:
    rows = []
    for case in CASES:
        measured: Measured = cases[case.name]["measured"]
        times = ratio(measured, NATIVE, BARE)
        target = at_least(times.median, case.target) if build == AIM else ""
        if cases[case.name]["given_away"]:
            target = f"left to PyTorch: {cases[case.name]['given_away']}"
        rates = (f"{spread(measured[name]).median:,.0f}" for name in (BARE, NATIVE))
        gflops, share = _speed(cases[case.name])
        rows.append(
            (case.name, *rates, str(times), target, f"{gflops.median:.1f}", _per_cent(share))
        )
    peak = spread([figure for row in cases.values() for figure in row["measured"][PEAK]])
    return (
        f"One core, one thread, build {build}; {rounds} rounds of one epoch each. Images per "
        "second of the bare PyTorch loop, with its default Adam and limited to the same "
        "instructions, and of Paribus's training loop with the engine: medians, and ratios within "
        "a round with their range. GFLOPS count all multiplications and additions, including "
        "those that the engine skips because they are 0; the peak, measured in the same rounds, "
        f"is {peak.median:.1f}.\n\n"
        f"{table(HEAD, rows)}"
    )


def _other_builds(builds: Mapping[str, Cases], effort: Effort) -> str:
    if not builds:
        return ""
    rows = []
    for case in CASES:
        shown = []
        for cases in builds.values():
            row = cases[case.name]
            shown += [str(ratio(row["measured"], NATIVE, BARE)), _per_cent(_speed(row)[1])]
        rows.append((case.name, *shown))
    head = [title for name in builds for title in (f"{name} / PyTorch", "share of its peak")]
    return (
        f"The other builds that this processor runs, {effort.other_rounds} rounds, each against "
        f"PyTorch with equivalent instructions:\n\n{table(('network', *head), rows)}"
    )


def _speed(case: Mapping[str, Any]) -> tuple[Spread, Spread]:
    """The engine's GFLOPS, and its share of the peak that the same round measured."""
    measured: Measured = case["measured"]
    gflops = [case["flops"] * rate / 1e9 for rate in measured[NATIVE]]
    return spread(gflops), ratio({NATIVE: gflops, PEAK: measured[PEAK]}, NATIVE, PEAK)


def _per_cent(share: Spread) -> str:
    return f"{100 * share.median:.0f} %"


# ---- whole trainings ----------------------------------------------------------------------------


def _processes(data: Path, effort: Effort) -> str:
    """Two processes against one, and memory, of studies trained by `paribus run`."""
    peaks: dict[str, list[float]] = {}

    def rate(name: str) -> float:
        result = contend(name, data, effort.machine_epochs)
        peaks.setdefault(name, []).append(result["peak_memory"] / 2**20)
        return result["rate"]

    names = ("torch-1", "native-1", "native-2")
    measured = interleave({name: partial(rate, name) for name in names}, effort.machine_rounds)
    two, faster = (ratio(measured, "native-2", "native-1"), ratio(measured, "native-1", "torch-1"))
    by_torch, by_engine = (spread(peaks[name]) for name in names[:2])
    less = at_most(by_engine.median, math.ceil(by_torch.high), "MiB")
    return (
        f"A study of LeNet-5 trained by `paribus run`, with validation; {effort.machine_rounds} "
        f"rounds of {effort.machine_epochs} epochs. One run with the engine is {faster} times as "
        f"fast as one with PyTorch. With the engine, two processes are {two} times as fast as "
        f"one, target {at_least(two.median, TWO_TO_ONE)}. Peak memory of the training process: "
        f"{by_torch} MiB with PyTorch, {by_engine} MiB with the engine, target {less}.\n"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure the engine against PyTorch.")
    parser.add_argument("--quick", action="store_true", help="only try every part")
    quick = parser.parse_args().quick
    with paribus_loop.synthetic(Counts(500, 100, 50) if quick else Counts(5000, 1000, 100)) as made:
        print(section(made.folder, QUICK if quick else FULL))
