"""What is read quickly is what the general way reads: of any values, and of damaged files."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hostile.mutations import mutated
from paribus.sources import tensorboard_events, wandb_log
from paribus.sources.tensorboard_events import read_event_file
from paribus.sources.wandb_log import Log, read_log
from sources.writers import (
    VERSION,
    chunk,
    double,
    event,
    framed,
    restarts,
    scalar,
    tensor,
    wandb_exit,
    wandb_items,
    wandb_row,
    wandb_run,
    wandb_summary,
    whole,
)
from sources.writers import (
    wandb_log as logged,
)

NAMES = st.sampled_from(["loss", "val/loss", "a", "é", "Ă\x01b", "_own", "x" * 130, "a.b"])
STEPS = st.one_of(st.integers(0, 300), st.integers(0, 2**63 - 1), st.just(-1))
SINGLE = st.floats(width=32)
TENSORS = SINGLE.map(lambda value: chunk(4, struct.pack("<f", value)))
EVENTS = st.one_of(
    st.builds(lambda step, tag, value: event(step, scalar(tag, value)), STEPS, NAMES, SINGLE),
    st.builds(lambda step, a, b: event(step, scalar(a, 1), scalar(b, 2)), STEPS, NAMES, NAMES),
    st.builds(lambda step, tag, data: event(step, tensor(tag, 1, data)), STEPS, NAMES, TENSORS),
    st.builds(lambda tag: chunk(5, chunk(1, scalar(tag, 3))) + double(1, 2.0), NAMES),
    st.builds(lambda tag: event(1, scalar(tag, 3)) + whole(2, 9), NAMES),
    STEPS.map(restarts),
    st.binary(max_size=40),
)

NUMBERS = st.one_of(st.floats(), st.integers(-(10**20), 10**20))
VALUES: st.SearchStrategy[Any] = st.one_of(
    NUMBERS,
    st.text(max_size=5),
    st.booleans(),
    st.none(),
    st.dictionaries(NAMES, NUMBERS, max_size=2),
)
ITEMS = st.dictionaries(NAMES, VALUES, max_size=4)
#: Not any bytes: a length that the bytes around it tell too isn't looked at where one is quick, and
#: with a right checksum it is right.
RECORDS = st.one_of(
    st.builds(lambda step, of: wandb_row(step, **of), STEPS, ITEMS),
    st.builds(lambda number, of: whole(1, number) + wandb_row(3, **of), STEPS, ITEMS),
    st.builds(lambda of: wandb_row(3, **of) + whole(200, 1), ITEMS),
    st.builds(lambda of: chunk(2, chunk(2, whole(1, 5)) + wandb_items(of)), ITEMS),
    st.builds(lambda of: chunk(2, wandb_items(of, nested=False) + chunk(2, whole(1, 5))), ITEMS),
    st.builds(lambda of: wandb_summary(**of), ITEMS),
    st.builds(lambda of: wandb_run("abc", of), ITEMS),
    st.just(wandb_exit(1)),
)

ANY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=150)


def both(path: Path, data: bytes, patch: dict[Any, dict[str, Any]], read: Any) -> tuple[str, str]:
    """What is read, as text in which NaN equals itself: quickly, and with `patch`."""
    path.write_bytes(data)
    quickly = repr(read(path))
    with pytest.MonkeyPatch.context() as monkeypatch:
        for where, names in patch.items():
            for name, value in names.items():
                monkeypatch.setattr(where, name, value)
        return quickly, repr(read(path))


def events_of(path: Path, data: bytes) -> tuple[str, str]:
    slowly = {tensorboard_events: {"_before_value": lambda tag: b"never"}}
    return both(path, data, slowly, read_event_file)


def log_of(path: Path, data: bytes) -> tuple[str, str]:
    never = re.compile(b"(?!)")
    slowly: dict[Any, dict[str, Any]] = {
        wandb_log: {"lone_field": lambda record: None, "items_of": lambda heads: never},
        wandb_log._Reading: {"_quick_row": lambda self, content: False},
    }

    def shown(path: Path) -> dict[str, Any]:
        log: Log = read_log(path)
        # What is W&B's own, or was logged by step, no reader takes from a summary.
        kept = {
            name: value
            for name, value in log.summary.items()
            if name not in log.history and name[:1] != "_"
        }
        return {**vars(log), "summary": kept}

    return both(path, data, slowly, shown)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("quick") / "file"


@ANY
@given(events=st.lists(EVENTS, max_size=30))
def test_events(path: Path, events: list[bytes]) -> None:
    quickly, slowly = events_of(path, framed(VERSION, *events))
    assert quickly == slowly


@ANY
@given(records=st.lists(RECORDS, max_size=30))
def test_logs(path: Path, records: list[bytes]) -> None:
    quickly, slowly = log_of(path, logged(records))
    assert quickly == slowly


GOOD_EVENTS = framed(VERSION, *(event(i * 50, scalar("loss", i)) for i in range(20)))
GOOD_LOG = logged([wandb_row(i * 50, loss=i, a="x") for i in range(20)])


@ANY
@given(data=mutated(GOOD_EVENTS))
def test_damaged_events(path: Path, data: bytes) -> None:
    quickly, slowly = events_of(path, data)
    assert quickly == slowly


@ANY
@given(data=mutated(GOOD_LOG).map(lambda data: GOOD_LOG[:7] + data[7:]))
def test_damaged_logs(path: Path, data: bytes) -> None:
    quickly, slowly = log_of(path, data)
    assert quickly == slowly


def test_most_is_read_quickly(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_bytes(GOOD_EVENTS)
    slow: list[bytes] = []
    real = tensorboard_events._Reading._slowly
    monkeypatch.setattr(
        tensorboard_events._Reading,
        "_slowly",
        lambda self, record, right: slow.append(record) or real(self, record, right),  # type: ignore[func-returns-value]
    )
    read_event_file(path)
    assert len(slow) == 2, "the version, and the first of its name"
