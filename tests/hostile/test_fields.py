"""Any value in any field of a record that is sealed: a report without it, or a sound one."""

from __future__ import annotations

import itertools
import json
import math
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from safetensors.numpy import load, save

from effort import EFFORT, telling
from hostile.results import SECOND, a_study, seal, write_results
from paribus.cli import main
from paribus.errors import ParibusError, RecordError
from paribus.pipeline import rebuild_report
from paribus.records.store import CURVES, FACTS, PREDICTIONS, read_record
from paribus.records.types import DataFindings, Environment, RunFacts
from paribus.results import read_results
from paribus.status import status
from paribus.study.read import STUDY

VALUES: dict[str, Any] = {
    "NaN": math.nan,
    "infinity": math.inf,
    "-1": -1,
    "0": 0,
    "nothing": "",
    "a blank": " ",
    "a huge number": 10**30,
    "a huge real number": 1e308,
    "a huge text": "x" * 1_000_000,
    "half a character": "\ud800",
    "null": None,
    "a list": [],
    "a mapping": {},
    "a wrong type": [{"a": [1]}],
    "a date long past": "0001-01-01T00:00:00+00:00",
    "a date to come": "9999-12-31T23:59:59-23:59",
}
#: What the other fields of a failed run may hold, so that no field is left out.
MORE: dict[str, Any] = {
    "metrics": {"top5": 0.9},
    "peak_memory": 1 << 28,
    "code": "c" * 64,
    "files": {"train.py": "f" * 64},
    "drawn": {"torch order": "a" * 64},
    "study_digest": "d" * 64,
    "other_machines": [Environment(torch="2").model_dump(mode="json")],
}

DEVICE = {
    "kind": "cuda",
    "name": "NVIDIA T",
    "driver": "580.1",
    "libraries": "CUDA 13.0",
    "precision": "bfloat16",
    "deterministic": False,
}
ENGINE = {"name": "native", "build": "x86-64-v3", "digest": "e" * 64}


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("fields") / "out"
    write_results(out, a_study().model_copy(update={"device": "cuda"}))
    for file in out.rglob(FACTS):  # all of one engine and device, or they couldn't be compared
        facts = json.loads(file.read_text()) | MORE
        facts["environment"] |= {"engine": ENGINE, "device": DEVICE}
        facts["network"] |= {
            "varying": ["fc1.bias"],
            "multiply_adds": 1000,
            "pretrained": "a" * 64,
            "new": ["fc3.weight"],
            "frozen": ["conv1.weight"],
            "frozen_parameters": 150,
        }
        facts["streams"]["drawn"] = {"flip": "f" * 64}
        facts["data"] |= {
            "left_out": [["an empty file", 2]],
            "groups": [["cat", ["a", "b"]]],
            "findings": DataFindings().model_dump(),
            "test_groups": 2,
        }
        file.write_text(json.dumps(facts))
        seal(file.parent)
    assert read_results(out).compared
    return out


@pytest.fixture
def out(good: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(good, tmp_path / "out"))


def paths(node: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place of a tree of JSON; of a list, the first."""
    keys = list(node) if isinstance(node, dict) else range(min(len(node), 1))
    for key in keys:
        yield (*at, key)
        if isinstance(node[key], dict | list):
            yield from paths(node[key], (*at, key))


def replaced(node: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    first, *rest = path
    copy = node.copy()
    copy[first] = replaced(node[first], tuple(rest), value)
    return copy


def accepted(out: Path, name: str, content: bytes) -> bool:
    """Whether a record is taken with another file in it, sealed; refused, it's in one line."""
    (out / SECOND / name).write_bytes(content)
    seal(out / SECOND)
    try:
        read_record(out / SECOND)
    except RecordError as error:
        assert len(str(error)) < 1_000
        assert "\n" not in str(error)
        return False
    return True


def fields(out: Path) -> Iterator[tuple[str, str, bytes]]:
    """The file, what is in which of its fields, and its bytes; in `make test` some of them."""
    facts = json.loads((out / SECOND / FACTS).read_text())
    places = list(itertools.product(paths(facts), VALUES.items()))
    for path, (name, value) in places if EFFORT else places[::11]:
        changed = replaced(facts, path, value)
        yield FACTS, f"{name} at {'.'.join(map(str, path))}", json.dumps(changed).encode()


def arrays(out: Path) -> Iterator[tuple[str, str, bytes]]:
    """The same for the arrays of the parts."""
    for file in (CURVES, PREDICTIONS):
        whole = load((out / SECOND / file).read_bytes())
        for part, (name, change) in itertools.product(whole, CHANGES.items()):
            with np.errstate(all="ignore"):
                changed = whole | {part: np.ascontiguousarray(change(whole[part]))}
            yield file, f"{name} at {part}", save(changed)


def one_wrong(value: float) -> Callable[[Any], Any]:
    """A change: the first number becomes another."""

    def change(array: Any) -> Any:
        copy = array.copy()
        copy.flat[0] = value if array.dtype.kind == "f" or math.isfinite(value) else -(2**63)
        return copy

    return change


CHANGES: dict[str, Callable[[Any], Any]] = {
    "NaN": one_wrong(math.nan),
    "infinity": one_wrong(math.inf),
    "-1": one_wrong(-1),
    "0": one_wrong(0),
    "a huge number": one_wrong(2**62),
    "nothing": lambda array: array[:0],
    "no axis": lambda array: array.reshape(-1)[0],
    "one axis more": lambda array: array[None],
    "another type": lambda array: array.astype(np.float16),
    "truth values": lambda array: array.astype(bool),
}


def test_every_field_is_tried(good: Path) -> None:
    facts = RunFacts.model_validate_json((good / SECOND / FACTS).read_bytes())
    parts = (
        facts,
        facts.data,
        facts.data.findings,
        facts.network,
        facts.streams,
        facts.environment,
    )
    environment = facts.environment
    for part in (*parts, environment.engine, environment.device, facts.other_machines[0]):
        assert part is not None
        empty = {name for name, value in part if value in (None, "", ())}
        if part is facts:
            assert empty == {"failure"}  # which a finished run has none of
        elif part is not facts.other_machines[0]:
            assert not empty


def test_any_value_in_any_field_is_taken_or_refused_in_one_line(out: Path) -> None:
    taken = [accepted(out, name, content) for name, _, content in fields(out)]
    assert taken.count(False) > len(taken) / 2


@pytest.mark.parametrize("file", [CURVES, PREDICTIONS])
def test_any_value_in_any_array_is_taken_or_refused_in_one_line(file: str, out: Path) -> None:
    before = (out / SECOND / file).read_bytes()
    taken = [accepted(out, name, content) for name, _, content in arrays(out) if name == file]
    assert not all(taken)
    assert accepted(out, file, before)


def test_whatever_is_taken_can_be_reported(out: Path) -> None:
    """In `make test` the report of one is made: each takes half a second."""
    telling = "0 at index"  # of another image than the others'
    cases = [case for case in [*fields(out), *arrays(out)] if EFFORT or case[1] == telling]
    assert cases
    for name, what, content in cases:
        before = (out / SECOND / name).read_bytes()
        if accepted(out, name, content):
            try:
                rebuild_report(out)
            except Exception as error:
                raise AssertionError(what) from error
        accepted(out, name, before)


@pytest.mark.parametrize("value", telling(VALUES, "a huge real number", "a huge text"))
def test_any_value_in_any_field_of_the_study_is_taken_or_refused_in_a_short_message(
    value: str, out: Path
) -> None:
    copy = json.loads((out / STUDY).read_text()) | {"metrics": {"test_loss": {"margin": 0.1}}}
    for path in paths(copy):
        (out / STUDY).write_text(json.dumps(replaced(copy, path, VALUES[value])))
        try:
            status(out)
            results = read_results(out)
            assert results.claims is not None
        except ParibusError as error:
            assert len(str(error)) < 5_000


#: What is in which field, and what the report says of it.
BAD = {
    "data.mean.0": (math.nan, "not a record of this version"),
    "data.std.0": (2.5, "data.std.0: Input should be less than or equal to 1"),
    "data.classes.0": ("", "data.classes.0: String should have at least 1 character"),
    "train_seconds": (-1, "train_seconds: Input should be greater than or equal to 0"),
    "ended": ("soon", "ended: Value error, Invalid isoformat string: 'soon'"),
    "environment.threads": (10**30, "environment.threads: Input should be less than or equal to"),
}


@pytest.mark.parametrize("field", BAD)
def test_a_bad_record_is_set_out_of_the_report_with_its_reason_and_the_rest_stands(
    field: str, out: Path
) -> None:
    value, reason = BAD[field]
    facts = json.loads((out / SECOND / FACTS).read_text())
    path = tuple(int(key) if key.isdecimal() else key for key in field.split("."))
    assert not accepted(out, FACTS, json.dumps(replaced(facts, path, value)).encode())
    shown = CliRunner().invoke(main, ["status", str(out), "--json"])
    states = {(r["setting"], r["seed"]): r for r in json.loads(shown.stdout)["runs"]}
    assert reason in states["l2", 1]["message"]
    assert [run["state"] for run in states.values()].count("done") == 3
    if field == "data.classes.0":  # one report is enough
        assert len(rebuild_report(out).records) == 3
        page = (out / "report.md").read_text()
        assert "record.json: not a record of this version (data.classes.0: String should" in page


def test_dates_that_can_not_be_right_are_not_shown_as_facts(out: Path) -> None:
    facts = json.loads((out / SECOND / FACTS).read_text()) | {"started": "", "ended": END}
    assert accepted(out, FACTS, json.dumps(facts).encode())
    rebuild_report(out)
    assert f"as l2, seed 1: unknown to {END}" in (out / "report.md").read_text()


END = VALUES["a date to come"]
