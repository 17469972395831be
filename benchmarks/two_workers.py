"""How much two local workers make of two cores: `python benchmarks/two_workers.py [ROUNDS]`.

A study is run by one worker and by two, round by round. The time is that from the moment the
first run is taken to the end of the last one, so the start of the workers, the analysis and the
report don't count.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path

import paribus
from measure import interleave, ratio
from page import at_least, table
from paribus.events import Event, RunBegins, RunEnded
from paribus.study.scripted import ScriptedStudy
from paribus.study.spec import Study

RUNS, EPOCHS, TARGET = 6, 60, 1.9
#: Two seconds of one core or so, without a library.
SCRIPT = """
import json, sys
total = 0
for number in range(20_000_000):
    total = (total * 31 + number) % 1_000_003
with open(sys.argv[2] + "/metrics.json", "w") as file:
    json.dump({"acc": float(sys.argv[1]) + total}, file)
"""
DIGITS = {"name": "Digits", "data": {"source": "digits"}, "epochs": EPOCHS, "seeds": RUNS}
COMMAND = {
    "name": "A command",
    "trainer": {"command": f"{sys.executable} train.py {{seed}} {{out}}"},
    "metrics": {"acc": {"better": "higher", "margin": 0.1}},
    "seeds": RUNS,
}
HEAD = ("what a run is", "two workers / one", "target")


def section(rounds: int) -> str:
    """Measure and describe."""
    studies: dict[str, Study | ScriptedStudy] = {
        f"LeNet-5 on the digits, {EPOCHS} epochs": Study.model_validate(DIGITS),
        "a command that computes for about two seconds": ScriptedStudy.model_validate(COMMAND),
    }
    rows = [_row(name, study, rounds) for name, study in studies.items()]
    load = os.getloadavg()[0]
    return (
        f"### Two workers\n\n{RUNS} runs, {rounds} rounds (load {load:.1f} afterwards).\n\n"
        f"{table(HEAD, rows)}"
    )


def _row(name: str, study: Study | ScriptedStudy, rounds: int) -> tuple[str, str, str]:
    rates: dict[str, Callable[[], float]] = {
        "one": lambda: _rate(study, 1),
        "two": lambda: _rate(study, 2),
    }
    gained = ratio(interleave(rates, rounds), "two", "one")
    return name, str(gained), at_least(gained.median, TARGET)


def _rate(study: Study | ScriptedStudy, jobs: int) -> float:
    """Runs per minute of a study, while they are made."""
    began: list[float] = []
    ended: list[float] = []

    def watch(event: Event) -> None:
        if isinstance(event, RunBegins):
            began.append(time.perf_counter())
        elif isinstance(event, RunEnded):
            ended.append(time.perf_counter())

    with tempfile.TemporaryDirectory() as place, chdir(place):
        Path("train.py").write_text(SCRIPT)
        paribus.run(study, "out", jobs=jobs, watch=watch)
    return 60 * RUNS / (max(ended) - min(began))


if __name__ == "__main__":
    print(section(int(sys.argv[1]) if sys.argv[1:] else 5))
