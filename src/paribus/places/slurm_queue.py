"""What Paribus says to Slurm, by its own commands: sbatch, squeue, scancel, scontrol.

Accounting (`sacct`) is asked for nothing, for many sites have none. The controller remembers
jobs that have ended for some minutes, and the files of the jobs say what became of their tasks.
"""

import os
import re
import subprocess
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from paribus.errors import ParibusError
from paribus.names import printable
from paribus.places.settings import SlurmSettings

#: Seconds that a command may take; Slurm's own give up earlier.
PATIENCE = 120.0

#: What Slurm's commands say where its controller doesn't answer, rather than refuse.
_SILENT = re.compile(
    r"unable to contact|timed out|connect failure|connection refused|zero bytes|"
    r"communication|slurm_receive|backup controller|standby|not responding|protocol authentication",
    re.IGNORECASE,
)
#: The states of a job that won't run any more; see `man squeue`.
_ENDED = {"BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL"}
_ENDED |= {"OUT_OF_MEMORY", "PREEMPTED", "REVOKED", "TIMEOUT"}
#: Those of one that Slurm ended for reasons of its own: the site's limit, or other jobs.
INTERRUPTED = frozenset({"PREEMPTED", "TIMEOUT"})

_FIELDS = ("Name", "ArrayJobID", "ArrayTaskID", "State", "exit_code", "NodeList", "Reason")


class SlurmError(ParibusError):
    """Slurm isn't there, or refuses what it is asked; the message has its own words."""


class SilentError(ParibusError):
    """Slurm's controller doesn't answer now, so what it knows is unknown."""


@dataclass(frozen=True)
class Job:
    """One job of an array, as Slurm's controller knows it."""

    id: str  # as scancel takes it: "123_4"
    state: str
    exit_code: int
    node: str
    reason: str

    @property
    def has_ended(self) -> bool:
        """Whether it won't run any more."""
        return self.state in _ENDED


#: Jobs by the name of their array and their number in it.
Jobs = Mapping[tuple[str, int], Job]


def most_in_array() -> int:
    """How many jobs the site lets one array have.

    Raises:
        SlurmError: Slurm isn't there, or doesn't answer.
    """
    try:
        config = _said("scontrol", "show", "config")
    except SilentError as error:
        raise SlurmError(f"{error}. Nothing was submitted; try again when it does") from None
    match = re.search(r"^MaxArraySize\s*=\s*(\d+)", config, re.MULTILINE)
    return max(1, int(match[1]) - 1 if match else 1000)  # numbers go up to one below it


def submit(
    name: str, script: str, jobs: int, output: Path, study: str, settings: SlurmSettings
) -> None:
    """Have Slurm run a script as an array of jobs 0, 1, ..., each with `jobs` in all.

    Raises:
        SlurmError: Slurm refuses it; there is no such job then.
        SilentError: Slurm doesn't answer. It may have taken it all the same; its name tells.
    """
    throttle = f"%{settings.at_once}" if settings.at_once else ""
    asked: Mapping[str, object] = {
        "job-name": name,
        "array": f"0-{jobs - 1}{throttle}",
        "output": str(output).replace("%", "%%") + "/%a.txt",
        "open-mode": "append",  # what a job said before it was put back stays
        "comment": printable(study)[:100],
        "partition": settings.partition,
        "account": settings.account,
        "time": settings.time,
        "mem": settings.memory,
        "cpus-per-task": settings.cpus,
        "gres": f"gpu:{settings.gpus}" if settings.gpus else None,
    }
    options = [f"--{key}={value}" for key, value in asked.items() if value is not None]
    _said("sbatch", "--parsable", "--requeue", "--nodes=1", "--ntasks=1", *options, stdin=script)


def jobs_named(names: Collection[str]) -> Jobs:
    """All of this user's jobs with these names that Slurm knows, by name and number.

    Raises:
        SilentError: Slurm doesn't answer.
        SlurmError: it refuses the question.
    """
    layout = ",".join(f"{field}:|" for field in _FIELDS)
    user = str(os.getuid())
    said = _said("squeue", "--noheader", "--array", "--states=all", f"--user={user}", "-O", layout)
    found: dict[tuple[str, int], Job] = {}
    for line in said.splitlines():
        name, array, number, state, code, node, reason = [*line.split("|"), *[""] * 7][:7]
        if name in names and number.isdecimal():
            job = Job(f"{array}_{number}", state, _number(code), node, reason)
            known = found.get((name, int(number)))
            # Where one was submitted twice under one name, the one that goes on counts.
            if known is None or known.has_ended:
                found[name, int(number)] = job
    return found


def cancel(name: str, jobs: Sequence[str] = ()) -> None:
    """End all jobs of this name, or those of its jobs whose ids are given.

    Raises:
        SilentError: Slurm doesn't answer.
    """
    with suppress(SlurmError):  # it has ended already
        _said("scancel", f"--name={name}", f"--user={os.getuid()}", *jobs)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def _said(command: str, *options: str, stdin: str = "") -> str:
    """What a command of Slurm's wrote to standard output."""
    try:
        done = subprocess.run(
            [command, *options],
            input=stdin,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PATIENCE,
            # Ctrl-C reaches the whole group: a submission isn't cut off between two of its steps.
            start_new_session=True,
            check=False,
        )
    except FileNotFoundError:
        raise SlurmError(
            f"There is no {command} on this machine. Expected Slurm's commands on the PATH: run "
            "this on a login node of the cluster, or without --on slurm."
        ) from None
    except subprocess.TimeoutExpired:
        raise SilentError(f"{command} has not answered for {PATIENCE:.0f} s") from None
    if done.returncode == 0:
        return done.stdout
    words = _words(done.stderr)
    if _SILENT.search(words):
        raise SilentError(f"Slurm doesn't answer ({words})")
    raise SlurmError(f"Slurm refused: {words or f'{command} ended with {done.returncode}'}")


def _words(stderr: str) -> str:
    lines = [re.sub(r"^\w+: (error: )?", "", line.strip()) for line in stderr.splitlines()]
    return "; ".join(dict.fromkeys(printable(line) for line in lines if line))[:1000]
