"""Tasks by a real Slurm: every one is performed once, whatever becomes of jobs and nodes."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from faults.small import content, differing
from paribus.errors import DiskError
from paribus.events import EpochDone, Event, RunBegins, Waiting, WorkerKilled
from paribus.execution.place import Outcome
from paribus.execution.workers import Workers
from paribus.places.settings import SlurmSettings
from paribus.places.slurm import SlurmPlace
from paribus.places.slurm_queue import SlurmError
from paribus.study.folder import JOBS
from paribus.study.spec import Study
from places.real_slurm import RealSlurm, wait_until
from places.trivial import Count, begun, counts, of
from sessions import all_seeds, session_of


class Heard:
    """What a place tells while it performs tasks."""

    def __init__(self, then: Callable[[Event], None] = lambda event: None) -> None:
        self.events: list[Event] = []
        self.outcomes: dict[int, Outcome] = {}
        self._then = then

    def event(self, event: Event) -> None:
        self.events.append(event)
        self._then(event)

    def outcome(self, outcome: Outcome) -> None:
        assert outcome.run.key[1] not in self.outcomes  # each is told once
        self.outcomes[outcome.run.key[1]] = outcome

    @property
    def statuses(self) -> list[str]:
        return [self.outcomes[seed].status for seed in sorted(self.outcomes)]

    def waits(self) -> str:
        return "\n".join(event.message for event in self.events if isinstance(event, Waiting))


@pytest.fixture
def out(tmp_path: Path) -> Iterator[Path]:
    """A folder whose path needs quotes; nothing of any array may be left in it."""
    folder = tmp_path / "it's 100% out"
    folder.mkdir()
    yield folder
    assert not (folder / JOBS).exists()


def perform(tasks: list[Count], heard: Heard, **settings: object) -> Heard:
    with SlurmPlace(tasks[0].out, SlurmSettings.model_validate(settings), "counting") as place:
        place.perform(tasks, heard.event, heard.outcome)
    return heard


@pytest.mark.usefixtures("cluster")
def test_every_task_is_performed_once_and_tells_what_it_does(out: Path) -> None:
    heard = perform(counts(out, 5, steps=2), Heard(), runs_per_job=2, at_once=1)
    assert heard.statuses == ["finished"] * 5
    assert begun(out) == dict.fromkeys(range(5), 1)
    told = [event for event in heard.events if isinstance(event, RunBegins | EpochDone)]
    assert told == [
        event
        for seed in range(5)
        for event in (
            RunBegins("baseline", seed, 0, 2),
            EpochDone("baseline", seed, 1, 2),
            EpochDone("baseline", seed, 2, 2),
        )
    ]


def test_more_jobs_than_an_array_may_have_are_several_arrays(cluster: RealSlurm, out: Path) -> None:
    before = cluster.jobs("%j")
    heard = perform(counts(out, 16), Heard())
    assert heard.statuses == ["finished"] * 16
    arrays = [name for name in cluster.jobs("%j") if name not in before]
    assert sorted(arrays.count(name) for name in set(arrays)) == [2, 7, 7]


@pytest.mark.usefixtures("cluster")
def test_a_run_that_fails_is_an_outcome_and_nothing_else_is_touched(out: Path) -> None:
    heard = perform(of(counts(out, 2), 0, does="fail"), Heard(), runs_per_job=2)
    assert heard.statuses == ["failed", "finished"]
    assert heard.outcomes[0].message == "as asked"


@pytest.mark.usefixtures("cluster")
def test_a_run_whose_job_is_killed_goes_on_from_what_it_kept_in_another(out: Path) -> None:
    tasks = of(counts(out, 3, steps=3), 1, does="SIGKILL")
    heard = perform(tasks, Heard(), runs_per_job=3)
    assert heard.statuses == ["finished"] * 3
    assert begun(out) == {0: 1, 1: 2, 2: 1}  # what came after it in its job wasn't lost with it
    (killed,) = [event for event in heard.events if isinstance(event, WorkerKilled)]
    assert (killed.seed, "FAILED" in killed.message) == (1, True)
    assert RunBegins("baseline", 1, 1, 3) in heard.events
    assert (out / "begun" / "1").read_text().split()[1::2] == ["0", "1"]  # one retry


@pytest.mark.usefixtures("cluster")
def test_a_run_that_is_killed_again_counts_as_killed_in_words(out: Path) -> None:
    tasks = of(counts(out, 2), 0, does="always killed")
    heard = perform(tasks, Heard(), setup=["echo hello from the node"])
    assert heard.statuses == ["killed", "finished"]
    message = heard.outcomes[0].message
    for words in ("its job ", "_0 on ", "FAILED", "hello from the node", "second"):
        assert words in message
    assert begun(out) == {0: 2, 1: 1}


def test_jobs_that_somebody_cancels_are_tried_once_more(cluster: RealSlurm, out: Path) -> None:
    def cancel(event: Event) -> None:
        if event == EpochDone("baseline", 0, 1, 40):
            cluster.said("scancel", *[line for line in cluster.jobs("%F_%K") if line])

    heard = perform(counts(out, 2, steps=40, pause=0.1), Heard(cancel))
    assert heard.statuses == ["finished"] * 2
    assert begun(out) == {0: 2, 1: 2}
    assert all("CANCELLED" in e.message for e in heard.events if isinstance(e, WorkerKilled))


def test_a_job_that_is_put_back_goes_on_from_what_it_kept(cluster: RealSlurm, out: Path) -> None:
    def put_back(event: Event) -> None:
        if event == EpochDone("baseline", 1, 2, 30):
            cluster.put_back()

    heard = perform(counts(out, 2, steps=30, pause=0.1), Heard(put_back), runs_per_job=2)
    assert heard.statuses == ["finished"] * 2
    assert begun(out) == {0: 1, 1: 2}  # the one that had ended wasn't performed again
    went_on = [event for event in heard.events if isinstance(event, RunBegins)][-1]
    assert (went_on.seed, went_on.epoch >= 2) == (1, True)


def test_a_run_that_gets_nowhere_is_given_up(cluster: RealSlurm, out: Path) -> None:
    def put_back(event: Event) -> None:
        if isinstance(event, EpochDone) and (event.seed, event.epoch) == (0, 1):
            cluster.put_back()

    tasks = of(counts(out, 2, steps=50, pause=0.1), 0, does="stuck")
    heard = perform(of(tasks, 1, steps=1), Heard(put_back), runs_per_job=2)
    assert "begun 4 times" in heard.outcomes[0].message
    assert heard.statuses == ["failed", "finished"]
    assert begun(out) == {0: 4, 1: 1}


def test_a_controller_that_is_restarted_is_waited_for(cluster: RealSlurm, out: Path) -> None:
    def stop(event: Event) -> None:
        if event == EpochDone("baseline", 0, 1, 20):
            cluster.stop("slurmctld")
        elif isinstance(event, Waiting) and "doesn't answer" in event.message:
            cluster.start_controller()

    heard = perform(counts(out, 4, steps=20, pause=0.2), Heard(stop))
    assert heard.statuses == ["finished"] * 4
    assert begun(out) == dict.fromkeys(range(4), 1)
    assert "Unable to contact slurm controller" in heard.waits()


def test_a_controller_that_forgets_all_jobs_has_them_submitted_again(
    cluster: RealSlurm, out: Path
) -> None:
    def forget(event: Event) -> None:
        if event == EpochDone("baseline", 0, 1, 15):
            cluster.stop("slurmd", signal.SIGKILL)
            cluster.stop("slurmctld", signal.SIGKILL)
            cluster.start_controller("-c")
            cluster.start_node()

    heard = perform(counts(out, 3, steps=15, pause=0.2), Heard(forget))
    assert heard.statuses == ["finished"] * 3
    assert "vanished" in next(e.message for e in heard.events if isinstance(e, WorkerKilled))


def test_a_full_disk_on_a_node_ends_the_study_and_its_jobs(cluster: RealSlurm, out: Path) -> None:
    tasks = of(counts(out, 4, steps=600, pause=0.1), 1, does="full")
    with pytest.raises(DiskError, match="No space left on device"):
        perform(tasks, Heard())
    wait_until(lambda: not [line for line in cluster.jobs() if "RUNNING" in line])


def test_what_slurm_refuses_is_told_and_nothing_is_left(
    cluster: RealSlurm, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for settings, words in (
        ({"partition": "nope"}, "Invalid partition name specified"),
        ({"memory": "900G"}, "Memory specification can not be satisfied"),
        ({"time": "tomorrow"}, "Invalid --time specification"),
    ):
        with pytest.raises(SlurmError, match=f"{words}.*paribus.toml"):
            perform(counts(out, 3), Heard(), **settings)
    assert not [line for line in cluster.jobs() if "RUNNING" in line or "PENDING" in line]
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SlurmError, match="no scontrol on this machine"):
        perform(counts(out, 3), Heard())


@pytest.mark.usefixtures("cluster")
def test_a_setup_that_fails_is_told_instead_of_failing_every_run(out: Path) -> None:
    with pytest.raises(SlurmError, match=r"No run could begin.*no such module"):
        perform(counts(out, 5), Heard(), setup=["echo no such module >&2; false"])
    assert not (out / "begun").exists()


def test_a_site_that_allows_few_jobs_gets_smaller_arrays(
    out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cluster: RealSlurm
) -> None:
    """Stands in for a limit of the accounting database, which there is none of here."""
    real = cluster.said("which", "sbatch").strip()
    (tmp_path / "sbatch").write_text(
        "#!/bin/bash\n"
        'for each; do [[ $each =~ --array=0-([2-9]|..) ]] && { echo "sbatch: error: Batch job '
        'submission failed: Job violates accounting/QOS policy (job submit limit)" >&2; exit 1; }\n'
        f'done\nexec {real} "$@"\n'
    )
    (tmp_path / "sbatch").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    heard = perform(counts(out, 5), Heard())
    assert heard.statuses == ["finished"] * 5


@pytest.mark.usefixtures("cluster")
def test_what_runs_read_is_copied_to_each_node_once(out: Path, tmp_path: Path) -> None:
    data, scratch = tmp_path / "data", tmp_path / "scratch"
    data.mkdir()
    (data / "images").write_bytes(bytes(1000))
    heard = perform(counts(out, 3, data=data), Heard(), scratch=str(scratch))
    assert heard.statuses == ["finished"] * 3
    read = {Path((out / "read" / str(seed)).read_text().strip()) for seed in range(3)}
    (copy,) = read
    assert copy.is_relative_to(scratch) and (copy / "images").read_bytes() == bytes(1000)
    assert (scratch / f"paribus-{os.getuid()}").stat().st_mode & 0o777 == 0o700


@pytest.mark.usefixtures("cluster")
def test_a_node_without_scratch_reads_from_where_the_data_is(out: Path, tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"x")
    task = counts(out, 1, data=tmp_path / "data")
    assert perform(task, Heard(), scratch="/proc/none").statuses == ["finished"]
    assert (out / "read" / "0").read_text().strip() == str(tmp_path / "data")


@pytest.mark.usefixtures("cluster")
def test_records_are_equal_to_the_last_bit_to_those_of_this_machine(
    tmp_path: Path, out: Path, small_study: Callable[..., Study]
) -> None:
    study = small_study(seeds=2, epochs=2, variations={"bn": {"network.batch_norm": True}})
    with session_of(study, tmp_path / "here", Workers(1)) as session:
        session.train(all_seeds(study))
        session.analyze()
    with session_of(study, out, SlurmPlace(out, SlurmSettings(runs_per_job=2), "s")) as session:
        outcomes = session.train(all_seeds(study))
        outcomes += session.analyze()
    assert [outcome.status for outcome in outcomes] == ["finished"] * 8
    here, there = everything(tmp_path / "here"), everything(out)
    assert len(here) > 100
    assert differing(here, there) == set()


def everything(out: Path) -> dict[str, Any]:
    """All that a study left, without times, peak memory, and how often runs were resumed.

    Nor the state of git, which somebody may change meanwhile.
    """
    found = {f.relative_to(out): f.read_bytes() for f in out.glob("analysis/*/*/*.safetensors")}
    left = content(out) | {str(name): value for name, value in found.items()}
    for name, value in left.items():
        if name.endswith(": environment"):
            left[name] = {key: it for key, it in value.items() if not key.startswith("git")}
    return left
