"""`make faults`: a study killed hundreds of times by real signals, and what is left compared.

Most processes are forks that send themselves SIGKILL before one step of a write, or in its
midst. The others are whole `paribus run` commands, whose worker, parent or group is sent a signal
from outside at a moment drawn by lot; each goes on where the one before was killed.

    PYTHONPATH=tests python -m faults.many_kills STEPS COMMANDS
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import torch

from faults.here import Written, run_here
from faults.real import alive, made_tables, slow_study, started, tables, until, workers
from faults.seam import die_at, seam
from faults.small import content, differing, draw_images, small_study
from faults.test_kills import everything
from paribus.execution import checkpoint
from paribus.study.read import read_study
from trained import trained

SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
VICTIMS = ("worker", "parent", "both")


def main() -> None:
    """Kill, compare, and print how often; ends with 1 if anything differs."""
    at_steps, commands = map(int, sys.argv[1:])
    with tempfile.TemporaryDirectory() as place:
        os.environ["PARIBUS_CACHE"] = f"{place}/cache"
        os.chdir(place)
        images = draw_images(Path(place) / "images")
        wrong = kills_at_steps(images, Path(place), at_steps)
        wrong += kills_of_commands(images, Path(place), commands)
    print("\n".join(wrong) or "nothing differs")
    sys.exit(1 if wrong else 0)


# ---- before one step of a write, or in its midst ----------------------------------------------


def kills_at_steps(images: Path, place: Path, wanted: int) -> list[str]:
    """Kill at steps spread over all that a study takes; what differs afterwards."""
    # No step is taken here: a process that forks must not have used torch's autograd.
    torch.set_num_threads(1)
    checkpoint.SPACING = 0
    study = small_study(images, epochs=3)
    whole, report = place / "whole", place / "report"
    in_a_fork(lambda: run_here(study, report, {}))
    written = report_files(report)

    def count() -> None:
        with seam(whole) as steps:
            run_here(study, whole, written)
        (place / "labels").write_text("\n".join(steps.labels))

    in_a_fork(count)
    labels = (place / "labels").read_text().splitlines()
    reference = everything(whole)
    numbers = [round(i * (len(labels) - 1) / (wanted - 1)) for i in range(wanted)]
    began, wrong = time.monotonic(), []
    for number in numbers:
        out = place / "killed"

        def die(number: int = number, out: Path = out) -> None:
            with seam(out, die_at(number, truly=True)):
                run_here(study, out, written)

        ended = in_a_fork(die)
        if ended != signal.SIGKILL:
            wrong.append(f"step {number}, {labels[number]}: ended with {ended}, not killed")
        in_a_fork(lambda out=out: run_here(study, out, written))  # type: ignore[misc]
        different = differing(everything(out), reference)
        if different:
            wrong.append(f"step {number}, {labels[number]}: {sorted(different)}")
        subprocess.run(["rm", "-r", out], check=True)
    kinds = Counter(labels[number].split()[0] for number in numbers)
    print(
        f"{len(numbers)} kills at steps {dict(kinds)} of the {len(labels)} of a study, "
        f"{len(wrong)} wrong, {time.monotonic() - began:.0f} s",
        flush=True,
    )
    return wrong


def report_files(out: Path) -> Written:
    """Every file of a report by its name; written again they are the same steps in less time."""
    kinds = ("report.*", "results.json", "tables/*", "figures/*")
    names = [path for kind in kinds for path in sorted(out.glob(kind))]
    return {str(path.relative_to(out)): path.read_bytes() for path in names}


def in_a_fork(work: Callable[[], object]) -> int:
    """Do something in a process of its own; the number of the signal that ended it, or 0."""
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    return os.waitpid(child, 0)[1] & 0x7F


# ---- whole commands ---------------------------------------------------------------------------


def kills_of_commands(images: Path, place: Path, wanted: int) -> list[str]:
    """Send signals to processes of commands until so many were sent; what differs afterwards."""
    draw = random.Random(1)
    study = slow_study(images, place, epochs=120)
    slow = trained(read_study(study))
    in_a_fork(lambda: run_here(slow, place / "slow-whole", {"report.html": b""}))
    reference = content(place / "slow-whole")
    began, sent, wrong, rounds = time.monotonic(), Counter[str](), [], 0
    while sum(sent.values()) < wanted:
        rounds += 1
        out = place / f"commands-{rounds}"
        for _ in range(min(8, wanted - sum(sent.values()))):
            victim, number = draw.choice(VICTIMS), draw.choice(SIGNALS)
            with started(study, out, jobs=2) as parent:
                if strike(parent, victim, number, draw.uniform(1, 12)):
                    sent[f"{number.name} to {victim}"] += 1
        with started(study, out, jobs=2) as parent:
            _, message = parent.communicate()
        if parent.returncode:
            wrong.append(f"round {rounds}: the command ended with {parent.returncode}: {message}")
            continue
        wrong += [f"round {rounds}: {name}" for name in differing(content(out), reference)]
        if tables(out) != made_tables(place / "slow-whole"):
            wrong.append(f"round {rounds}: the tables")
    print(
        f"{sum(sent.values())} signals to commands {dict(sent)}, {rounds} studies, "
        f"{len(wrong)} wrong, {time.monotonic() - began:.0f} s",
        flush=True,
    )
    return wrong


def strike(
    parent: subprocess.Popen[str], victim: str, number: signal.Signals, after: float
) -> bool:
    """Send a signal after some seconds; whether there still was anybody to be sent it."""
    time.sleep(after)
    items = workers(parent.pid)
    if parent.poll() is not None or (victim == "worker" and not items):
        return False
    for process in {"worker": items[:1], "parent": [parent.pid], "both": [*items, parent.pid]}[
        victim
    ]:
        os.kill(process, number)
    if victim == "worker":
        time.sleep(1)
        return True
    parent.wait()
    until(lambda: not any(map(alive, items)), "the end of the workers", seconds=2)
    return True


if __name__ == "__main__":
    main()
