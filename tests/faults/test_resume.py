"""A run that was interrupted ends in the record that it would have left uninterrupted."""

from pathlib import Path

import pytest

from faults.courses import KINDS, content, differing, train_until, training
from paribus.events import Event, RunBegins, quiet
from paribus.execution.train import train_and_record
from paribus.store import checkpoint_folder, read_record, run_folder


@pytest.fixture(autouse=True)
def every_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write a checkpoint after every epoch, though these take no longer than writing one."""
    monkeypatch.setattr("paribus.execution.checkpoint.SPACING", 0)


def folder_of(out: Path) -> Path:
    return checkpoint_folder(out, "baseline", 0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_killed_twice_leaves_the_same_record_to_the_last_bit(
    kind: str, tmp_path: Path
) -> None:
    whole, killed = training(kind, tmp_path / "whole"), training(kind, tmp_path / "killed")
    train_and_record(whole, quiet)
    train_until(killed, 1)
    train_until(killed, 3)
    begun: list[Event] = []
    train_and_record(killed, begun.append)
    assert begun[0] == RunBegins("baseline", 0, 3, 4)
    assert differing(content(tmp_path / "whole"), content(tmp_path / "killed")) == set()
    facts = read_record(run_folder(tmp_path / "killed", "baseline", 0)).facts
    assert (facts.resumes, facts.other_machines) == (2, ())
    assert not folder_of(tmp_path / "killed").exists()
