"""Small studies of scripts in a folder, for tests."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import paribus
from paribus.events import Event, RunPrinted
from paribus.records.store import read_record, run_folder
from paribus.records.types import Record
from paribus.results import Results
from paribus.study.scripted import ScriptedStudy

#: Takes a seed and a rate; the higher the rate, the better, and every seed has luck of its own.
TRAIN = """
import json, os, random, sys
seed, rate, out = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
luck = random.Random(seed).gauss(0, 0.01)
print("seed", seed)
with open(os.path.join(out, "metrics.json"), "w") as file:
    json.dump({"acc": 0.8 + luck + rate, "loss": [1.0, 0.5]}, file)
"""

STUDY: Mapping[str, Any] = {
    "name": "Does the rate help?",
    "trainer": {"command": f"{sys.executable} train.py {{seed}} {{rate}} {{out}}"},
    "parameters": {"rate": 0.0},
    "metrics": {"acc": {"better": "higher", "margin": 0.02}},
    "seeds": 2,
    "variations": {"more": {"rate": 0.1}},
}


def study_of(command: str | None = None, **changes: Any) -> ScriptedStudy:
    """The study with another command, and with other keys; those of the trainer by "trainer_"."""
    trainer = dict(STUDY["trainer"])
    if command is not None:
        trainer["command"] = command
    trainer |= {k.removeprefix("trainer_"): v for k, v in changes.items() if "trainer_" in k}
    others = {key: value for key, value in changes.items() if "trainer_" not in key}
    return ScriptedStudy.model_validate({**STUDY, "trainer": trainer, **others})


class Heard:
    """All events of a study."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        self.events.append(event)

    def of(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.events if type(event) is kind]

    @property
    def printed(self) -> list[str]:
        return [line for event in self.of(RunPrinted) for line in event.lines]


def run(study: ScriptedStudy, out: Path, heard: Heard | None = None, **options: Any) -> Results:
    """Run a study, even if none of its runs finishes."""
    try:
        return paribus.run(study, out, watch=heard or Heard(), **options)
    except paribus.errors.RunsFailedError:
        return paribus.read_results(out)


def record(out: Path, setting: str = "baseline", seed: int = 0) -> Record:
    return read_record(run_folder(out, setting, seed))


def failure(out: Path, setting: str = "baseline", seed: int = 0) -> str:
    """Why a run failed."""
    failed = record(out, setting, seed).facts.failure
    assert failed is not None
    return failed.message


@contextmanager
def started(study: Path, out: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """`paribus run` as a process of its own, in its own group, killed at the latest at the end."""
    options = ["--allow-code", "--out", str(out), *words]
    command = subprocess.Popen(
        [sys.executable, "-m", "paribus", "run", str(study), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield command
    finally:
        if command.poll() is None:
            os.killpg(command.pid, signal.SIGKILL)
        command.communicate()


def until(condition: Callable[[], object], what: str, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def kill(process: subprocess.Popen[str], number: int = signal.SIGKILL) -> None:
    """Send a signal to the process alone, and wait for its end."""
    os.kill(process.pid, number)
    process.communicate(timeout=60)
