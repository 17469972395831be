"""The program of a job: perform its tasks one after another, and say how each ended.

`python -m paribus.places.slurm_worker FOLDER SHA256`, with the number of the job in its array in
the environment. A job that was put back into the queue begins here again: tasks that have ended
are passed over, and the one that was interrupted goes on from what it kept.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from paribus.errors import DiskError
from paribus.events import Event
from paribus.execution.place import Outcome, Task
from paribus.execution.worker import THREADS
from paribus.io.disk import checked
from paribus.io.reading import UnfitError
from paribus.places.scratch import near
from paribus.places.slurm_files import (
    Planned,
    Turn,
    TurnLostError,
    kept,
    read_submission,
    read_tasks,
)
from paribus.places.slurm_messages import Begun, Broken, Ended, passed_on, tell, told_before
from paribus.places.slurm_packed import OtherTasksError

#: A task is given up when it was begun so often and has kept nothing new between.
PATIENCE = 4
#: And when it was begun so often at all, for some programs change a file at each start.
MOST_BEGUN = 100
#: Exit codes: something can't be written, or the job isn't to do anything any more.
NO_DISK, NO_TURN = 74, 75


def main() -> int:
    """Perform the tasks of this job."""
    folder, digest, scratch = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    number = int(os.environ["SLURM_ARRAY_TASK_ID"])
    restarts = os.environ.get("SLURM_RESTART_COUNT", "0")
    holder = f"{os.environ['SLURM_JOB_ID']}.{restarts} {socket.gethostname()} {os.getpid()}"
    try:
        job = read_submission(folder, digest).jobs[number]
        turn = Turn.taken(folder, number, holder)
        with checked(folder.parents[1], turn.check):
            _serve(folder, number, job.tasks, read_tasks(folder, job), scratch)
    except (TurnLostError, UnfitError, OtherTasksError) as error:
        print(f"This job has nothing to do any more: {error}", file=sys.stderr)
        return NO_TURN
    except DiskError as error:
        print(error, file=sys.stderr)
        return NO_DISK
    return 0


def _serve(
    folder: Path, number: int, planned: Sequence[Planned], tasks: Sequence[Task], scratch: str
) -> None:
    if "torch" in sys.modules:  # which comes with the tasks that need it
        import torch

        torch.set_num_threads(THREADS)
    told = told_before(folder, number)
    done = {message.task for message in told if isinstance(message, Ended)}
    for place, (task, plan) in enumerate(zip(tasks, planned, strict=True)):
        begun = [m.kept for m in told if isinstance(m, Begun) and m.task == place]
        if place not in done:
            try:
                outcome = _perform(folder, number, place, task, [*plan.begun, *begun], scratch)
            except DiskError as error:
                with suppress(DiskError):
                    tell(folder, number, _broken(error))
                raise
            tell(folder, number, _ended(place, outcome))


def _perform(
    folder: Path, number: int, place: int, task: Task, begun: Sequence[str], scratch: str
) -> Outcome:
    now = kept(task)
    if [*begun[-PATIENCE:]] == [now] * PATIENCE or len(begun) >= MOST_BEGUN:
        return Outcome(task.run, "failed", 0.0, _no_progress(len(begun)))
    tell(folder, number, Begun(task=place, kept=now))

    def pass_on(event: Event) -> None:
        tell(folder, number, passed_on(place, event))

    if scratch:
        task = task.moved(folder.parents[1], near(task.reads, os.path.expandvars(scratch)))
    return task.perform(pass_on)


def _ended(place: int, outcome: Outcome) -> Ended:
    return Ended.model_validate(
        {
            "task": place,
            "status": outcome.status,
            "seconds": outcome.seconds,
            "message": outcome.message,
        }
    )


def _broken(error: DiskError) -> Broken:
    return Broken(
        error=type(error).__name__,
        number=error.errno,
        reason=error.strerror,
        path=None if error.filename is None else str(error.filename),
    )


def _no_progress(times: int) -> str:
    return (
        f"begun {times} times, and interrupted each time before it had kept anything new. A longer "
        "time in [slurm] of paribus.toml, or checkpoints more often, let it get further"
    )


if __name__ == "__main__":
    sys.exit(main())
