"""Tasks as jobs of a Slurm cluster, whose nodes share the folder of results with this process.

Jobs outlive the process that submitted them: the same command finds them again by what lies in
the folder of results, hears what they did meanwhile, and submits only what isn't there.
"""

from __future__ import annotations

import os
import secrets
import shlex
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from paribus.errors import DiskError, ParibusError
from paribus.events import Event, Waiting, Watch, WorkerKilled, quiet
from paribus.execution.place import Outcome, Task
from paribus.execution.workers import search_path
from paribus.io.lock import Hold
from paribus.places.settings import SlurmSettings
from paribus.places.slurm_array import MOST_LOSSES, SEEN, Array, Item, Part, array_in, planned_array
from paribus.places.slurm_files import PREFIX, Planned, arrays_in, forget, plan
from paribus.places.slurm_queue import (
    Jobs,
    SilentError,
    SlurmError,
    cancel,
    jobs_named,
    most_in_array,
    submit,
)
from paribus.study.folder import JOBS

#: Seconds from one look at what running jobs tell to the next, and from one question to Slurm.
PAUSE, POLL = 0.5, 3.0
#: Seconds until a submission that was refused while others run is tried again.
REFUSED = 30.0
#: Seconds to wait for jobs that were cancelled.
ENDING = 15.0

#: Reasons why a job waits that need no words.
_USUAL = {"None", "JobArrayTaskLimit", "BeginTime", "Cleaning", ""}


class SlurmPlace:
    """Performs tasks as array jobs, several short ones in each job if the settings say so."""

    def __init__(
        self, out: Path, settings: SlurmSettings, study: str, *, code: bool = False
    ) -> None:
        """Of a study with this name, whose results go into `out`; `code` as `Workers` has it."""
        self.out, self.settings, self.study = out.absolute(), settings, study
        self.hold: Hold | None = None
        self._code = code
        self._most = 0  # jobs of one array
        self._arrays: list[Array] = []
        self._waiting: deque[Item] = deque()
        self._watch: Watch = quiet
        self._asked = self._again = 0.0  # when Slurm was asked, and when it may be asked for more
        self._said: set[str] = set()
        self._silent = False
        self._has_begun = False

    def __enter__(self) -> SlurmPlace:
        """Ask Slurm for its limits; raises SlurmError where it isn't there."""
        self._most = most_in_array()
        return self

    def __exit__(self, *error: object) -> None:
        """End what an earlier process left and nothing asked for again."""
        if self.hold and self._is_ours() and not any(error):
            self._cancel(arrays_in(self.out))

    @property
    def gpu_share(self) -> int:
        """A task has its GPUs for itself; 0 where the settings ask for none."""
        return 1 if self.settings.gpus else 0

    def needed(self, tasks: Sequence[Task]) -> int:
        """How many jobs share the tasks."""
        jobs = -(-len(tasks) // self.settings.runs_per_job)
        return max(1, min(jobs, self.settings.at_once or jobs))

    def perform(
        self, tasks: Sequence[Task], watch: Watch, on_outcome: Callable[[Outcome], None]
    ) -> list[Outcome]:
        """Perform every task, begun in the order given; outcomes as they end.

        Jobs that an earlier process left are found again. A task whose job is lost is put into
        another one, alone; one whose job reached a limit of the site goes on in another. Whatever
        ends this ends the jobs, but for a closed terminal: the same command finds those.

        Raises:
            DiskError: a job can't keep what it did.
            SlurmError: Slurm refuses the jobs.
        """
        outcomes: list[Outcome] = []
        keeps = {task.run.key: task.keeps for task in tasks}
        self._watch, self._said = watch, set()

        def told(news: Event | Outcome) -> None:
            if isinstance(news, Outcome):
                _look_again(self.out, keeps[news.run.key])
                outcomes.append(news)
                on_outcome(news)
            else:
                watch(news)

        try:
            if tasks:
                self._adopt(tasks, told)
            while self._waiting or self._arrays:
                self._submit()
                self._follow(self._ask(), told)
                time.sleep(PAUSE if self._arrays else 0)
        except BaseException as error:
            if getattr(error, "number", None) != signal.SIGHUP and self._is_ours():
                self._cancel(arrays_in(self.out))
            raise
        finally:
            self._arrays, self._waiting = [], deque()
        return outcomes

    # ---- jobs that are there already --------------------------------------------------------

    def _adopt(self, tasks: Sequence[Task], told: Callable[[Event | Outcome], None]) -> None:
        """Find the jobs of earlier processes, and leave the other tasks to be submitted."""
        wanted = {task.identity: task for task in tasks}
        for folder in arrays_in(self.out):
            array = array_in(folder, wanted)
            if array is None:
                forget(folder)
                continue
            self._arrays.append(array)
            for part in array.parts:
                there = {item.planned.identity for item in part.left.values()}
                for news in part.news():
                    told(news)
                self._try_again(part, told)
                wanted = {name: task for name, task in wanted.items() if name not in there}
        if self._arrays:
            self._watch(Waiting(f"found {_jobs(self._arrays)} that were submitted before"))
        self._waiting.extend(
            Item(task, Planned(identity=task.identity)) for task in wanted.values()
        )

    # ---- new jobs ---------------------------------------------------------------------------

    def _submit(self) -> None:
        """Submit what waits, if it may be now: with `at_once`, one array after another."""
        while self._waiting and self._may_submit():
            array = self._planned(self._grouped())
            self._arrays.append(array)
            self._hand_over(array)

    def _may_submit(self) -> bool:
        if not self._arrays:
            return True
        if self.settings.at_once or time.monotonic() < self._again:
            return False
        return all(array.is_known for array in self._arrays)  # else Slurm doesn't answer

    def _grouped(self) -> list[list[Item]]:
        """The items of an array's jobs; one that a job was lost over is alone in its own."""
        jobs: list[list[Item]] = []
        while self._waiting and len(jobs) < self._most:
            job = [self._waiting.popleft()]
            while (
                self._waiting
                and len(job) < self.settings.runs_per_job
                and not job[0].planned.losses
                and not self._waiting[0].planned.losses
            ):
                job.append(self._waiting.popleft())
            jobs.append(job)
        return jobs

    def _planned(self, jobs: Sequence[Sequence[Item]]) -> Array:
        folder = self.out / JOBS / f"{PREFIX}{secrets.token_hex(4)}"
        placed = [[(self._everywhere(item.task), item.planned) for item in job] for job in jobs]
        return planned_array(folder, jobs, plan(folder, self.study, placed))

    def _everywhere(self, task: Task) -> Task:
        """The task with paths that mean the same in every folder."""
        return task.moved(self.out, {path: path.absolute() for path in task.reads})

    def _hand_over(self, array: Array) -> None:
        """Have Slurm take an array; where it doesn't answer, its queue will tell whether it has.

        Raises:
            SlurmError: it refuses it, and no other job of this study is there to wait for.
        """
        jobs, script = len(array.parts), self._script(array)
        try:
            submit(array.name, script, jobs, array.folder, self.study, self.settings)
            array.sure = True
        except SilentError as error:
            self._is_silent(error)
        except SlurmError as error:
            self._arrays.remove(array)
            forget(array.folder)
            items = [item for part in array.parts for item in part.left.values()]
            self._waiting.extendleft(reversed(items))
            self._make_room(error, jobs)

    def _make_room(self, error: SlurmError, jobs: int) -> None:
        """After a refusal: fewer jobs are tried next if those were too many, or later."""
        if "policy" in str(error).lower() and jobs > 1:
            self._most = jobs // 2
        elif self._arrays:
            self._again = time.monotonic() + REFUSED
            self._say(f"{error}. Trying again once other jobs have ended")
        else:
            raise SlurmError(
                f"{error}. No job of this study is in its queue. Change [slurm] in paribus.toml, "
                "then rerun the same command"
            ) from error

    def _script(self, array: Array) -> str:
        worker = [sys.executable, "-P", "-m", "paribus.places.slurm_worker"]
        worker += [str(array.folder), array.digest, self.settings.scratch or ""]
        lines = [
            "#!/bin/bash",
            "set -e",
            *self.settings.setup,
            f"cd {shlex.quote(str(Path.cwd()))}",
            f"export PYTHONPATH={shlex.quote(os.pathsep.join(search_path(self._code)))}",
            "export PYTHONHASHSEED=0",
            f"exec {shlex.join(worker)}",
        ]
        return "\n".join(lines) + "\n"

    # ---- jobs under way ---------------------------------------------------------------------

    def _ask(self) -> Jobs | None:
        """All jobs as Slurm has them; None if it was asked just now or doesn't answer."""
        if not self._arrays or time.monotonic() < self._asked + POLL:
            return None
        try:
            jobs = jobs_named({array.name for array in self._arrays})
        except (SilentError, SlurmError) as error:
            self._is_silent(error)
            return None
        finally:
            self._asked = time.monotonic()
        self._silent = False
        for job in jobs.values():
            if job.state == "PENDING" and job.reason not in _USUAL:
                self._say(f"Slurm lets jobs wait: {job.reason}")
        return jobs

    def _follow(self, jobs: Jobs | None, told: Callable[[Event | Outcome], None]) -> None:
        """Hear what all jobs tell, and put the tasks of lost ones into others."""
        for array in list(self._arrays):
            for part in array.open:
                if jobs is not None:
                    part.look(jobs)
                if jobs is not None or part.runs:
                    for news in part.news():
                        told(news)
                    self._try_again(part, told)
            self._has_begun |= any(part.begun for part in array.parts)
            self._tidy(array, told)
            if not array.open:
                self._arrays.remove(array)
                forget(array.folder)

    def _try_again(self, part: Part, told: Callable[[Event | Outcome], None]) -> None:
        """Put tasks whose own process was killed into jobs where they are alone."""
        for item, why in part.killed:
            told(WorkerKilled(*item.task.run.key, why))
            self._waiting.append(item.lost())
        part.killed = []

    def _tidy(self, array: Array, told: Callable[[Event | Outcome], None]) -> None:
        """See to the jobs of an array that are lost, or do what is no longer asked for."""
        lost = [part for part in array.open if part.seen_ended >= SEEN]
        if not array.is_known and len(lost) == len(array.open):  # Slurm never took it
            self._waiting.extend(item for part in lost for item in part.left.values())
            array.parts = []
            return
        for part in lost:
            self._replace(part, told)
        others = [p.job.id for p in array.open if p.unwanted and p.job and not p.job.has_ended]
        if others:
            with suppress(SilentError):
                cancel(array.name, others)

    def _replace(self, part: Part, told: Callable[[Event | Outcome], None]) -> None:
        """Give the tasks of a lost job to others, or up."""
        kept, at_fault = part.lost()
        if kept and part.job and not at_fault and not part.unwanted:
            goes_on = f"{part.name} was ended by Slurm ({part.job.state}); its run goes on"
            told(Waiting(f"{goes_on} in another job, from its last checkpoint"))
        self._waiting.extend(kept)
        for item, why in at_fault:
            if item.planned.losses < MOST_LOSSES:
                told(WorkerKilled(*item.task.run.key, why))
                self._waiting.append(item.lost())
            elif self._has_begun:
                told(Outcome(item.task.run, "killed", 0.0, f"{why}; it is the second job lost"))
            else:
                raise SlurmError(
                    f"No run could begin in a job: {why}. Change [slurm] in paribus.toml, then "
                    "rerun the same command"
                )
        part.left, part.unwanted = {}, set()

    # ---- the end ----------------------------------------------------------------------------

    def _is_ours(self) -> bool:
        """Whether this process still holds the folder; its jobs may be another's else."""
        try:
            if self.hold:
                self.hold.check()
        except DiskError:
            return False
        return True

    def _cancel(self, folders: Sequence[Path]) -> None:
        """End the jobs of some arrays; those that can't be reached now can't write any more."""
        for folder in folders:
            try:
                cancel(folder.name)
            except SilentError as error:
                said = f"{error}, so jobs may be left. To end them: scancel --name={folder.name}"
                self._watch(Waiting(said))
            forget(folder)
        names = {folder.name for folder in folders}
        deadline = time.monotonic() + ENDING
        with suppress(SilentError, SlurmError):
            while names and time.monotonic() < deadline:
                if all(job.has_ended for job in jobs_named(names).values()):
                    break
                time.sleep(PAUSE)

    def _is_silent(self, error: ParibusError) -> None:
        if not self._silent:
            self._watch(Waiting(f"{error}. Asking again until it answers; jobs that run go on"))
        self._silent = True

    def _say(self, message: str) -> None:
        """Tell something once."""
        if message not in self._said:
            self._said.add(message)
            self._watch(Waiting(message))


def _jobs(arrays: Sequence[Array]) -> str:
    number = sum(len(array.open) for array in arrays)
    return f"{number} {'job' if number == 1 else 'jobs'} of Slurm"


def _look_again(out: Path, keeps: Sequence[Path]) -> None:
    """Have a network file system forget that what a task left wasn't there a moment ago."""
    for path in keeps:
        for folder in reversed([p for p in path.parents if p.is_relative_to(out)]):
            with suppress(OSError):  # opening a folder makes it ask the server
                os.close(os.open(folder, os.O_RDONLY | os.O_DIRECTORY))
