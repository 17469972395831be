"""What a run on Ray costs beside its own work: `python benchmarks/places_ray.py [--runs 1000]`.

Runs that sleep a tenth of a second and leave a record of a few files, on a cluster that is started
here and on one of another address, as if it had no disk in common with this machine.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path

from paribus.events import Watch, quiet
from paribus.execution.place import Outcome, Place, Task
from paribus.execution.workers import Workers
from paribus.io.disk import write_folder
from paribus.places.ray_place import RayPlace
from paribus.places.settings import RaySettings
from paribus.study.plan import runs
from paribus.study.spec import Study

#: Of a record: as large as those of the study of digits.
RECORD = {"record.json": b"x" * 6_000, "weights-last.safetensors": b"x" * 250_000}


@dataclass(frozen=True)
class Nap(Task):
    """Sleeps, and leaves a record."""

    out: Path
    seconds: float

    def perform(self, tell: Watch) -> Outcome:
        """Sleep, then write it."""
        time.sleep(self.seconds)
        write_folder(self.keeps[0], RECORD)
        return Outcome(self.run, "finished", self.seconds)

    @property
    def keeps(self) -> tuple[Path, ...]:
        """Its record."""
        return (self.out / "runs" / f"seed-{self.run.seed}",)

    def moved(self, out: Path, reads: Mapping[Path, Path]) -> Nap:
        """The same with another folder of results."""
        return replace(self, out=out)


def naps(out: Path, count: int, seconds: float) -> list[Nap]:
    plain = {"name": "naps", "data": {"source": "digits"}, "epochs": 1, "seeds": count}
    return [Nap(run, out, seconds) for run in runs(Study.model_validate(plain))]


def took(place: Place, tasks: Sequence[Task]) -> float:
    began = time.perf_counter()
    outcomes = place.perform(tasks, quiet, lambda outcome: None)
    assert all(outcome.status == "finished" for outcome in outcomes)
    return time.perf_counter() - began


def measure(begin: Callable[[Path], Place], count: int, seconds: float) -> dict[str, float]:
    """Seconds to begin, and then of one run and of many, with the workers there already."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        with begin(Path(folder)) as place:
            ready = time.perf_counter() - began
            warm = took(place, naps(Path(folder), 4, 0.0))
            alone = [took(place, naps(Path(folder), 1, 0.0)) for _ in range(20)]
            many = took(place, naps(Path(folder), count, seconds))
    cores = len(os.sched_getaffinity(0))
    return {
        "until it is there": ready,
        "the first 4 runs of no time": warm,
        "one run of no time, median": sorted(alone)[10],
        f"{count} runs of {seconds} s": many,
        "of which they slept": count * seconds / cores,
        "more, a run": (many - count * seconds / cores) / count,
    }


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--runs", type=int, default=1_000)
    words.add_argument("--seconds", type=float, default=0.1)
    words.add_argument("--address", help="of a cluster that is there, as auto")
    given = words.parse_args()
    places: dict[str, Callable[[Path], Place]] = {
        "local": lambda out: Workers(code=True),
        "ray": lambda out: RayPlace(out, given.address, RaySettings(), code=True),
    }
    for name, begin in places.items():
        figures = measure(begin, given.runs, given.seconds)
        print(json.dumps({"place": name} | {what: round(s, 4) for what, s in figures.items()}))


if __name__ == "__main__":
    # Under its own name, by which other processes find its tasks too.
    import_module("places_ray").main()
