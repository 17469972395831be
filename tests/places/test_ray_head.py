"""A process that gives tasks to a Ray cluster: killed, interrupted, refused, or the command."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from paribus.events import RunBegins
from places.by_ray import RAY_WARNINGS, Heard, digits, perform, require_same
from places.trivial import counts

pytest.importorskip("ray", reason="Ray isn't installed: pip install 'paribus[ray]'")

from places.real_ray import PATIENCE, TESTS, wait_until

if TYPE_CHECKING:
    from places.real_ray import Nodes

pytestmark = RAY_WARNINGS


@contextmanager
def head(out: Path, address: str, **how: object) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, str(TESTS / "places" / "ray_head.py"), str(out), address]
    process = subprocess.Popen(
        [*command, json.dumps(how)],
        env=os.environ | {"PYTHONPATH": str(TESTS)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_until_back(out: Path, process: subprocess.Popen[str]) -> None:
    def is_back() -> bool:
        assert process.poll() is None, process.communicate()[1]
        return (out / "unfinished" / "0" / "count").exists()

    wait_until(is_back, "a checkpoint came back")


@pytest.mark.parametrize("way", ["address", "client"])
def test_where_the_head_is_killed_its_tasks_end_and_the_same_command_resumes(
    way: str, nodes: Nodes, tmp_path: Path
) -> None:
    address = nodes.client_address if way == "client" else nodes.address
    how = {"seeds": 1, "steps": 1_000, "pause": 0.1}
    with head(tmp_path, address, **how) as first:
        wait_until_back(tmp_path, first)
        first.kill()
        first.wait()
    wait_until(lambda: not nodes.at_work(), "its processes on the nodes have ended")
    done = int((tmp_path / "unfinished" / "0" / "count").read_text())
    heard = perform(tmp_path, counts(tmp_path, 1, steps=done + 1), Heard(), address)
    assert heard.statuses == ["finished"]
    begun = [event.epoch for event in heard.events if isinstance(event, RunBegins)]
    assert begun == [done]
    assert nodes.left() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_its_tasks_and_leaves_the_cluster_alone(
    number: signal.Signals, nodes: Nodes, tmp_path: Path
) -> None:
    how = {"seeds": 5, "steps": 1_000, "pause": 0.1}
    with head(tmp_path, nodes.address, **how) as interrupted:
        wait_until_back(tmp_path, interrupted)
        interrupted.send_signal(number)
        _, told = interrupted.communicate(timeout=PATIENCE)
    last = told.splitlines()[-1]
    assert last == ("KeyboardInterrupt" if number == signal.SIGINT else last)
    assert interrupted.returncode != 0
    wait_until(lambda: not nodes.at_work(), "its processes on the nodes have ended")
    assert (
        perform(tmp_path / "after", counts(tmp_path / "after", 2), Heard(), nodes.address).statuses
        == ["finished"] * 2
    )


def test_a_second_head_on_one_folder_is_told(nodes: Nodes, tmp_path: Path) -> None:
    with head(tmp_path, nodes.address, seeds=1, steps=1_000, pause=0.1) as first:
        wait_until_back(tmp_path, first)
        with head(tmp_path, nodes.address, seeds=1) as second:
            _, told = second.communicate(timeout=PATIENCE)
    assert "in use by process" in told


def test_a_machine_that_has_less_than_a_run_asks_for_is_refused(tmp_path: Path) -> None:
    with head(tmp_path, "", seeds=1, cpus=640) as refused:
        _, told = refused.communicate(timeout=PATIENCE)
    assert "a run asks for 640 CPUs and 0 GPUs, as [ray] in paribus.toml says" in told


def test_the_command_starts_a_cluster_and_its_records_are_those_of_worker_processes(
    by_workers: Path, tmp_path: Path
) -> None:
    """In a process of its own, as the command: Ray can't change clusters well within one."""
    (tmp_path / "study.yaml").write_text(digits().model_dump_json(exclude_unset=True))
    words = ["run", "study.yaml", "--out", "out", "--on", "ray", "--engine", "torch"]
    command = [sys.executable, str(TESTS / "undrawn_command.py"), *words]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=2 * PATIENCE
    )
    assert done.returncode == 0, done.stderr
    assert "raylet" not in done.stdout + done.stderr
    for setting in ("baseline", "l2"):
        require_same(by_workers, tmp_path / "out", setting)
