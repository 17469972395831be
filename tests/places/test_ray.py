"""Tasks on a real Ray cluster: every one is performed, whatever becomes of processes and nodes."""

from __future__ import annotations

import ast
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest

from paribus.errors import ClusterError, DiskError
from paribus.events import EpochDone, Event, RunBegins, Waiting, WorkerKilled, quiet
from paribus.execution.workers import Workers
from paribus.places.ray_place import RayPlace
from paribus.places.settings import RaySettings
from paribus.records.store import checkpoint_folder, read_record, run_folder
from paribus.study.spec import Study
from places.by_ray import RAY_WARNINGS, Heard, digits, perform, require_same
from places.ray_tasks import Look, Notices, Picky
from places.trivial import counts, of
from sessions import all_seeds, session_of

if TYPE_CHECKING:
    from places.real_ray import Nodes

pytestmark = RAY_WARNINGS


def test_every_task_is_performed_and_tells_what_it_does(nodes: Nodes, tmp_path: Path) -> None:
    heard = perform(tmp_path, counts(tmp_path, 5, steps=2), Heard(), nodes.address)
    assert heard.statuses == ["finished"] * 5
    for seed in range(5):
        told = [e for e in heard.events if isinstance(e, RunBegins | EpochDone) and e.seed == seed]
        assert told == [
            RunBegins("baseline", seed, 0, 2),
            EpochDone("baseline", seed, 1, 2),
            EpochDone("baseline", seed, 2, 2),
        ]
        assert (tmp_path / "runs" / str(seed) / "count").read_text() == "2"
    assert nodes.left() == []


# ---- equal bits -----------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["address", "client", "shared"])
def test_records_are_those_of_worker_processes_bit_by_bit(
    way: str, nodes: Nodes, by_workers: Path, tmp_path: Path
) -> None:
    address = nodes.client_address if way == "client" else nodes.address
    place = RayPlace(tmp_path, address, RaySettings(shared=way == "shared"))
    with session_of(digits(), tmp_path, place) as session:
        assert [o.status for o in session.train(all_seeds(digits()))] == ["finished"] * 2
        assert [o.status for o in session.analyze()] == ["finished"] * 2
    for setting in ("baseline", "l2"):
        require_same(by_workers, tmp_path, setting)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["analysis", "runs", "unfinished"]
    assert not [p for p in (tmp_path / "unfinished").rglob("*") if p.is_file()]
    assert nodes.left() == []


def test_a_process_is_as_a_worker_of_this_machine_is(
    nodes: Nodes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One thread, sets in the same order, no folder of the user's on the search path."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "images.npy").write_bytes(bytes(1000))
    monkeypatch.chdir(tmp_path)
    task = Look(**vars(counts(tmp_path / "out", 1, data=tmp_path / "data")[0]))
    heard = perform(tmp_path / "out", [task], Heard(), nodes.address)
    facts = ast.literal_eval(heard.outcomes[0].message)
    hashed = "import os; print(hash('the same in each process'))"
    run = subprocess.run(
        [sys.executable, "-c", hashed],
        env=os.environ | {"PYTHONHASHSEED": "0"},
        capture_output=True,
        check=True,
    )
    assert facts == {
        "threads": 1,
        "omp": "1",
        "hash": int(run.stdout),
        "folder": ["README"],
        "local": [],
        "data": ["images.npy"],
    }


def test_nodes_find_a_users_network_and_nothing_that_is_no_code(
    nodes: Nodes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_study: Callable[..., Study]
) -> None:
    (tmp_path / "its_network.py").write_text(NETWORK)
    for folder in (".git", "venv", "out"):
        (tmp_path / folder).mkdir()
    (tmp_path / "venv" / "pyvenv.cfg").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    study = small_study(network="its_network:Tiny", variations={})
    place = RayPlace(Path("out"), nodes.address, RaySettings(), code=True)
    with session_of(study, Path("out"), place) as session:
        outcomes = session.train(all_seeds(study))
    assert [(o.status, o.message) for o in outcomes] == [("finished", "")]


#: It is only content in a folder of a node's, which has the code and nothing else.
NETWORK = """\
import os
from torch import nn

class Tiny(nn.Sequential):
    def __init__(self, channels, height, width, classes):
        super().__init__(nn.Flatten(), nn.Linear(channels * height * width, classes))
        there = [name for name in os.listdir() if name != "__pycache__"]
        assert there == ["its_network.py"], there
"""


def test_too_much_beside_the_code_is_refused_before_anything_runs(
    nodes: Nodes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "data.bin").open("wb") as file:
        file.truncate(100_000_001)
    monkeypatch.chdir(tmp_path)
    with (
        RayPlace(tmp_path / "out", nodes.address, RaySettings(), code=True) as place,
        pytest.raises(ClusterError, match="at most 100 MB in 10,000 files, got more"),
    ):
        place.perform(counts(tmp_path / "out", 1), quiet, lambda outcome: None)


# ---- what is killed and lost ----------------------------------------------------------------


def test_a_lost_node_costs_a_retry_from_the_last_checkpoint_that_came_back(
    nodes: Nodes,
    small_study: Callable[..., Study],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    study = small_study(epochs=LONG, variations={})
    with session_of(study, tmp_path / "local", Workers(1)) as session:
        session.train(all_seeds(study))
        session.analyze()
    out, events = tmp_path / "ray", list[Event]()

    def kill(event: Event) -> None:
        events.append(event)
        came_back = list(checkpoint_folder(out, "baseline", 0).glob("epoch-*"))
        if came_back and killed == []:
            nodes.kill_the_one_at_work()
            killed.append(event)

    killed: list[Event] = []
    capfd.readouterr()
    with session_of(study, out, RayPlace(out, nodes.address, RaySettings()), kill) as session:
        assert [o.status for o in session.train(all_seeds(study))] == ["finished"]
        session.analyze()
    assert capfd.readouterr().out == ""
    nodes.add()
    assert [e.message for e in events if isinstance(e, WorkerKilled)] == [
        f"the node that it was on, {socket.gethostname()}, was lost"
    ]
    begun = [event.epoch for event in events if isinstance(event, RunBegins)]
    assert begun[0] == 0 < begun[1] < LONG
    assert read_record(run_folder(out, "baseline", 0)).facts.resumes == 1
    require_same(tmp_path / "local", out, "baseline")


#: Epochs that take so long that a node is killed among them.
LONG = 60


def test_a_killed_process_costs_its_task_a_retry_and_no_other_anything(
    nodes: Nodes, tmp_path: Path
) -> None:
    tasks = of(counts(tmp_path, 3, steps=3, pause=0.2), 1, does="SIGKILL")
    heard = perform(tmp_path, tasks, Heard(), nodes.address)
    assert heard.statuses == ["finished"] * 3
    [message] = heard.killed
    assert message == f"its process on {socket.gethostname()} was killed, probably out of memory"
    resumed = [e.epoch for e in heard.events if isinstance(e, RunBegins) and e.seed == 1]
    assert resumed == [0, 1]


def test_what_is_killed_each_time_counts_as_killed(nodes: Nodes, tmp_path: Path) -> None:
    tasks = of(counts(tmp_path, 2), 0, does="always killed")
    heard = perform(tmp_path, tasks, Heard(), nodes.address)
    assert heard.statuses == ["killed", "finished"]
    [killed] = [outcome.message for outcome in heard.outcomes if outcome.status == "killed"]
    assert killed.endswith("was killed, probably out of memory; it has been tried 2 times")


def test_a_task_that_sees_its_command_killed_is_tried_again(nodes: Nodes, tmp_path: Path) -> None:
    tasks = [Notices(**vars(t), times=t.run.seed + 1) for t in counts(tmp_path, 2)]
    heard = perform(tmp_path, tasks, Heard(), nodes.address)
    assert heard.statuses == ["finished", "killed"]
    assert heard.killed == ["its command was killed"] * 2


def test_a_full_disk_of_one_node_sends_its_task_to_another(nodes: Nodes, tmp_path: Path) -> None:
    (tmp_path / "seen").mkdir()
    [task] = counts(tmp_path / "out", 1)
    heard = perform(
        tmp_path / "out", [Picky(**vars(task), seen=tmp_path / "seen")], Heard(), nodes.address
    )
    assert heard.statuses == ["finished"]
    places = sorted(path.name.split()[1] for path in (tmp_path / "seen").iterdir())
    assert len(places) == len(set(places)) == 2


def test_full_disks_end_the_study_and_name_the_node(nodes: Nodes, tmp_path: Path) -> None:
    (tmp_path / "seen").mkdir()
    [task] = counts(tmp_path / "out", 1)
    picky = Picky(**vars(task), seen=tmp_path / "seen", everywhere=True)
    with pytest.raises(DiskError, match=r"can't be written \(No space left on device\)") as raised:
        perform(tmp_path / "out", [picky], Heard(), nodes.address)
    assert str(raised.value).startswith(f"{socket.gethostname()}:")
    assert nodes.left() == []


def test_a_full_disk_here_ends_the_study(nodes: Nodes, tmp_path: Path) -> None:
    def full(*_: object) -> None:
        raise DiskError(28, "No space left on device", str(tmp_path / "runs"))

    with (
        patch("paribus.places.ray_place.bring_in", full),
        pytest.raises(DiskError, match=f"^{tmp_path}/runs: can't be written"),
    ):
        perform(tmp_path, counts(tmp_path, 1), Heard(), nodes.address)


# ---- what Ray needs -------------------------------------------------------------------------


def test_signals_are_this_process_s_own(nodes: Nodes, tmp_path: Path) -> None:
    def mine(*_: object) -> None: ...

    before = signal.signal(signal.SIGTERM, mine)
    try:
        with RayPlace(tmp_path, nodes.address, RaySettings()):
            assert signal.getsignal(signal.SIGTERM) is mine
        assert signal.getsignal(signal.SIGTERM) is mine
    finally:
        signal.signal(signal.SIGTERM, before)


def test_where_no_cluster_answers_it_is_said(tmp_path: Path) -> None:
    with (
        pytest.raises(ClusterError, match=r"No Ray cluster can be used at 127.0.0.1:1 \("),
        RayPlace(tmp_path, "127.0.0.1:1", RaySettings()),
    ):
        pass


def test_runs_that_ask_for_more_than_there_is_are_waited_for_in_words(
    nodes: Nodes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("paribus.places.ray_round.STARTING", 1.0)

    class EnoughError(Exception):
        pass

    def stop(event: Event) -> None:
        assert isinstance(event, Waiting)
        raise EnoughError(event.message)

    with pytest.raises(EnoughError, match="No node of the Ray cluster has taken a run for"):
        perform(tmp_path, counts(tmp_path, 1), Heard(stop), nodes.address, cpus=64)


def test_without_ray_it_is_said_how_to_get_it(tmp_path: Path) -> None:
    with (
        patch("paribus.places.ray_place.find_spec", return_value=None),
        pytest.raises(
            ClusterError, match=r"^running on Ray needs ray: pip install 'paribus\[ray\]'$"
        ),
    ):
        RayPlace(tmp_path, None, RaySettings())
