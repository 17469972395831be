"""Measure all cases with one build of the engine: `engine_cases.py DATA ROUNDS`.

A process has one build, named by PARIBUS_ENGINE_BUILD. Prints {"why": the reason why it can't
run here}, or {"build": its name, "cases": by name, each with its "flops" per image and step, the
reason why it would be "given_away" to PyTorch, or null, and "measured": one figure per round, by
contender}.
"""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch

import paribus_loop
from measure import interleave
from networks import CASES, Case, resized, training_flops
from paribus.data.batches import Batches
from paribus.data.dataset import Dataset
from paribus.engine.library import FOLDER, NoLibrary
from paribus.engine.stages import torch_is_faster
from paribus.engine.vocabulary import translate
from paribus.records.types import EngineFacts
from peers import bare

BARE, NATIVE, PEAK = "bare PyTorch", "engine", "peak"


def main(data: Path, rounds: int) -> dict[str, Any]:
    torch.set_num_threads(1)
    try:
        engine = paribus_loop.native()
    except NoLibrary as error:
        return {"why": str(error)}
    dataset = paribus_loop.prepare(data / "images")
    return {
        "build": engine.build,
        "cases": {case.name: _measure(case, dataset, engine, rounds) for case in CASES},
    }


def _measure(case: Case, dataset: Dataset, engine: EngineFacts, rounds: int) -> dict[str, Any]:
    print(f"{engine.build}: {case.name}", file=sys.stderr)
    images = resized(dataset, case)
    batches, index = Batches(images), torch.from_numpy(images.splits.training)
    images, labels = batches.images(index), batches.labels(index)

    order = torch.channels_last if case.channels_last else torch.contiguous_format
    ordered = images.contiguous(memory_format=order)

    def by_torch() -> float:
        module = case.build().to(memory_format=order)  # type: ignore[call-overload]  # torch's gap
        return bare.epoch_rate(module, ordered, labels, fused=False, batch=case.batch)

    def by_engine() -> float:
        return paribus_loop.epoch_rate(case.build(), images, engine, case.batch)

    contenders = {BARE: by_torch, NATIVE: by_engine, PEAK: _peak(engine.build)}
    interleave(contenders, 1)  # warms up
    return {
        "flops": training_flops(case.build(), case.shape),
        "given_away": torch_is_faster(translate(case.build(), case.shape)),
        "measured": interleave(contenders, rounds),
    }


def _peak(build: str) -> Callable[[], float]:
    """The peak of a build on registers, in 10^9 multiplications and additions per second."""
    source = Path(__file__).with_name("peak_gflops.cpp")
    march = [f"-march={build}"] if build.startswith("x86-64") else []
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "peak.so"
        options = ["-std=c++17", "-O3", "-shared", "-fPIC", "-I", FOLDER / "native", *march]
        subprocess.run([os.environ.get("CXX", "c++"), *options, "-o", made, source], check=True)
        measure = ctypes.CDLL(str(made)).peak_gflops
    measure.restype, measure.argtypes = ctypes.c_double, ()
    return partial(measure)


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]))))
