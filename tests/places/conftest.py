"""A real Slurm or Ray for the tests of a module; where there is none they are skipped."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from paribus.execution.workers import Workers
from places.by_ray import digits
from places.real_slurm import RealSlurm, missing
from sessions import all_seeds, session_of

if TYPE_CHECKING:
    from places.real_ray import Nodes

TESTS = Path(__file__).parents[1]


@pytest.fixture(autouse=True, scope="module")
def _own_signals() -> Iterator[None]:
    """Ray takes signals of the process that starts a cluster, for good; later tests need them."""
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealSlurm]:
    """One node, arrays of at most 7 jobs; jobs find the tests' own modules."""
    if why := missing():
        pytest.skip(f"no Slurm: {why}")
    with (
        pytest.MonkeyPatch.context() as patch,
        RealSlurm(tmp_path_factory.mktemp("slurm"), MaxArraySize=8) as slurm,
    ):
        for name, value in slurm.environment.items():
            patch.setenv(name, value)
        patch.syspath_prepend(str(TESTS))
        yield slurm


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    """A Ray cluster: a head that performs nothing, and two nodes of one processor each."""
    pytest.importorskip("ray", reason="Ray isn't installed: pip install 'paribus[ray]'")
    from places.real_ray import nodes_of

    with nodes_of(2, tmp_path_factory.mktemp("nodes")) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def by_workers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What worker processes on this machine make of the study."""
    out = tmp_path_factory.mktemp("by-workers")
    with session_of(digits(), out, Workers(2)) as session:
        session.train(all_seeds(digits()))
        session.analyze()
    return out
