"""Reports of the kinds that real studies have: large, small, failed, and of long names."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from found.making import found
from paribus.pipeline import compare, rebuild_report
from paribus.study.found import Declared
from report.reports import HOSTILE, Written, claiming, hostile, ordinary, written
from synthetic import make_records, make_study
from undrawn import drawn


@cache
def many_settings() -> Written:
    """Sixty settings with three seeds each."""
    settings = ["main", *(f"learning-rate-{n:02d}" for n in range(1, 60))]
    study = make_study(seeds=3, epochs=5, settings=settings, name="Sixty learning rates")
    return written(study, make_records(study, images=200))


@cache
def many_classes() -> Written:
    """Two hundred classes."""
    study = make_study(seeds=3, epochs=5, name="Two hundred species")
    classes = [f"species number {n}" for n in range(200)]
    return written(study, make_records(study, classes=classes, images=600))


@cache
def thirty_classes() -> Written:
    """As many classes as a matrix writes numbers for."""
    study = make_study(seeds=2, epochs=5, settings=("main", "l2"), name="Thirty letters")
    classes = [f"letter {n}" for n in range(30)]
    return written(study, make_records(study, classes=classes, images=300))


@cache
def one_seed() -> Written:
    """One run of each setting: nothing can be tested."""
    study = make_study(seeds=1, epochs=5, name="One run of each")
    return written(study, make_records(study, images=200))


@cache
def alone() -> Written:
    """One setting and nothing to compare it with."""
    study = make_study(seeds=2, epochs=5, settings=("main",), name="One setting")
    return written(study, make_records(study, images=200))


@cache
def claimed() -> Written:
    """With claims, and a long name."""
    name = "Does batch normalization help a small convolutional network on few images?"
    study = claiming(make_study(seeds=4, epochs=5, name=name))
    return written(study, make_records(study, images=200))


def compared(settings: Sequence[str], seeds: int, **declared: Any) -> Written:
    """Runs that something else trained, with curves of two metrics; one run failed."""
    draw = np.random.default_rng(0)
    runs = [
        found(
            f"some/folder/{n}-{seed}",
            {"model.name": name, "seed": seed},
            title=f"run {n} {seed}",
            metrics={
                "eval/accuracy_of_the_last_checkpoint": (
                    0.7 + 0.004 * n - 0.3 / np.arange(1, 30) + draw.normal(0, 0.01, 29)
                ).tolist(),
                "loss": (1 / np.arange(1, 30) + draw.normal(0, 0.01, 29)).tolist(),
            },
            status="failed" if (n, seed) == (1, 0) else "unknown",
        )
        for n, name in enumerate(settings)
        for seed in range(seeds)
    ]
    out = Path(tempfile.mkdtemp(prefix="paribus-compared-")) / "out"
    atexit.register(shutil.rmtree, out.parent)
    said = {"primary": "eval/accuracy_of_the_last_checkpoint", "compare": {"runs": ["runs"]}}
    with drawn():
        results = compare(Declared.model_validate(said | declared), out, runs=runs)
        rebuild_report(out, formats=["handin"])
    return Written(out, results.study, results.records)


@cache
def found_runs() -> Written:
    """Runs of another trainer: four settings with long names."""
    names = ["a small network", "a large network with dropout", "x" * 60, "resnet/50"]
    return compared(names, 5, baseline="a small network")


@cache
def found_hostile() -> Written:
    """Runs of another trainer whose settings, runs and study are somebody else's texts."""
    name = "<img src=x onerror=\"document.title='run'\"> & {{ 7*7 }} | `x`"
    return compared(HOSTILE, 3, baseline=HOSTILE[0], name=name)


@cache
def found_sweep() -> Written:
    """Thirty settings of another trainer."""
    return compared([f"wd={n}" for n in range(30)], 4, baseline="wd=0")


KINDS: Mapping[str, Callable[[], Written]] = {
    "failed runs": ordinary,
    "hostile names": hostile,
    "60 settings": many_settings,
    "200 classes": many_classes,
    "30 classes": thirty_classes,
    "one seed": one_seed,
    "one setting": alone,
    "claims": claimed,
    "found runs": found_runs,
    "found hostile names": found_hostile,
    "a found sweep": found_sweep,
}
