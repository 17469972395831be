"""Any value in any field of a record that is sealed: a report without it, or a sound one."""

from __future__ import annotations

import itertools
import json
import math
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hostile.results import SECOND, a_study, seal, write_results
from paribus.errors import RecordError
from paribus.records.store import FACTS, read_record
from paribus.records.types import Environment

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
    "study_digest": "d" * 64,
    "other_machines": [Environment(torch="2").model_dump(mode="json")],
}


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("fields") / "out"
    write_results(out, a_study())
    facts = json.loads((out / SECOND / FACTS).read_text()) | MORE
    facts["environment"]["engine"] = {"name": "native", "build": "x86-64-v3", "digest": "e" * 64}
    (out / SECOND / FACTS).write_text(json.dumps(facts))
    seal(out / SECOND)
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
    """What is replaced by what, and the file that comes of it."""
    facts = json.loads((out / SECOND / FACTS).read_text())
    for path, (name, value) in itertools.product(paths(facts), VALUES.items()):
        content = json.dumps(replaced(facts, path, value)).encode()
        yield FACTS, f"{name} at {'.'.join(map(str, path))}", content
