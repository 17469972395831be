"""`report` and `check` on a stranger's folder: a reason or a report, and nothing outside it."""

from __future__ import annotations

import base64
import json
import random
import shutil
import time
from collections.abc import Callable
from contextlib import nullcontext
from itertools import product
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from effort import EFFORT, examples, telling
from hostile.measured import paribus
from hostile.mutations import mutate
from hostile.results import (
    DEEDS,
    FIRST,
    SECOND,
    SECRET,
    TELLING,
    a_study,
    link,
    seal,
    write_results,
)
from pace import slowness
from paribus import pipeline
from paribus.cli import main
from paribus.errors import ParibusError, RecordError
from paribus.failures.cases import shown_cases
from paribus.records.store import CURVES, FACTS, PREDICTIONS, SUMS, read_record
from paribus.records.types import Record
from paribus.results import read_results
from paribus.study.read import STUDY, Key, StudyRecords, read_records
from paribus.study.spec import Study
from report.explored import square

#: Of these nothing is wrong with the folder, or only with what is written anew.
HARMLESS = {
    "a study of more seeds",
    "a study until decided",
    "a table is a link",
    "no layers",
    "no predictions",
    "no seconds",
    "no streams",
    "streams without names",
    "the report is a link",
    "times with and without a zone",
    "sums that name a file elsewhere",
    "curves of zeros",
    "nearly certain predictions",
    "negative curves",
    "one curve more",
    "the largest curves",
    "labels of one class",
    "the last images there can be",
    "an image of no size",
}
#: Of these the whole report is always written; of the others, in the long form of `make fuzz`.
WRITTEN = {
    "the tables are a link",
    "the figures are a link",
    "the report is a link",
    "a table is a link",
    "a folder in the report's place",
    "a file in the tables' place",
    "nearly certain predictions",
    "the largest curves",
    "curves of zeros",
}


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results that are well, beside a stranger's secret."""
    place = tmp_path_factory.mktemp("good")
    write_results(place / "out", a_study())
    return place


@pytest.fixture
def out(good: Path, tmp_path: Path) -> Path:
    """A copy of them to be damaged."""
    shutil.copytree(good / "out", tmp_path / "place" / "out")
    place = tmp_path / "place"
    (place / "secret.json").write_text(json.dumps({"name": SECRET}))
    (place / "elsewhere").mkdir()
    return place / "out"


@pytest.fixture(autouse=True)
def quick_charts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Charts are not drawn, but what they would be drawn from must be numbers."""

    def draw(charts: dict[str, Callable[[], Any]]) -> dict[str, ET.Element]:
        json.dumps([chart() for chart in charts.values()], allow_nan=False)
        svg = ET.fromstring('<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>')
        return dict.fromkeys(charts, svg)

    monkeypatch.setattr("paribus.report.write.artist", lambda: nullcontext(draw))


def outside(out: Path) -> dict[str, bytes | None]:
    """Everything beside the folder, with its contents."""
    beside = [p for p in out.parent.rglob("*") if not p.is_relative_to(out)]
    return {str(p): p.read_bytes() if p.is_file() else None for p in beside}


def require_nothing_of_the_secret(out: Path) -> None:
    hidden = [SECRET.encode(), base64.b64encode(SECRET.encode())[4:-4]]
    for path in out.rglob("*"):
        if path.is_file() and not path.is_symlink() and path.stat().st_size < 1 << 30:
            assert not any(secret in path.read_bytes() for secret in hidden)


@pytest.mark.parametrize("name", telling(DEEDS, *TELLING))
def test_a_strangers_folder_is_refused_with_a_reason_or_does_no_harm(name: str, out: Path) -> None:
    DEEDS[name](out)
    before = outside(out)
    refused = ""
    try:
        results = read_results(out)
        assert results.claims is not None
        validate = not results.absent
        if name in WRITTEN or EFFORT > 1:
            pipeline.rebuild_report(out)
        elif validate:
            assert len(results.settings) and results.compared
    except ParibusError as error:
        refused, validate = str(error), False
    assert outside(out) == before
    require_nothing_of_the_secret(out)
    assert validate == (name in HARMLESS) or name in {
        "a study of more seeds",
        "a study until decided",
    }
    if not validate and not refused:
        assert all(why for _, why in results.absent)


def test_a_link_in_the_place_of_a_image_brings_nothing_into_the_report(out: Path) -> None:
    case = shown_cases(read_results(out).records)[0]
    link(f"images/{case.original}", "secret.json")(out)
    (out / "images" / case.seen).write_bytes(square("its own"))
    pipeline.rebuild_report(out)
    require_nothing_of_the_secret(out)
    page = (out / "report.html").read_text()
    assert f"image {case.index} is missing" in page
    assert base64.b64encode(square("its own")).decode() in page


def test_a_link_in_the_place_of_all_images_brings_nothing_either(out: Path) -> None:
    case = shown_cases(read_results(out).records)[0]
    (out.parent / "elsewhere" / case.original).write_text(SECRET)
    link("images", "elsewhere")(out)
    pipeline.rebuild_report(out)
    require_nothing_of_the_secret(out)


def test_a_folder_that_is_itself_a_link_is_the_users_own_choice(out: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").symlink_to(out)
    assert len(pipeline.rebuild_report(tmp_path / "mine").records) == 4


@pytest.mark.parametrize("command", telling(["report", "check"], "report"))
def test_the_command_says_the_reason_without_a_traceback(command: str, out: Path) -> None:
    DEEDS["a study that names code"](out)
    (out.parent / "evil.py").write_text("open('pwned', 'w')")
    done = paribus(command, "out", cwd=out.parent)
    assert done.code == 1
    assert "Traceback" not in done.message
    assert not (out.parent / "pwned").exists()


def test_a_terabyte_takes_no_memory(out: Path) -> None:
    for name in (STUDY, f"{FIRST}/{PREDICTIONS}"):
        with (out / name).open("r+b") as file:
            file.truncate(1 << 40)
    done = paribus("check", "out", cwd=out.parent)
    assert done.code == 1
    assert done.message.startswith("out/study.json: can't be read (at most 1,048,576 bytes")
    assert done.megabytes < 400


# ---- studies that are larger than any ---------------------------------------------------------


def copy_of(**changes: Any) -> str:
    return json.dumps(a_study().model_dump(mode="json") | {"claims": []} | changes)


MANY = {f"v{number}": {"epochs": 4 + number} for number in range(1_001)}
LARGE = {
    "1,000 variations of 1,000 seeds": (
        copy_of(variations=dict(list(MANY.items())[:1_000]), seeds=1_000),
        "seeds: expected at most 20,000 runs, got 1,001 settings of 1,000 seeds",
    ),
    "1,001 variations": (copy_of(variations=MANY), "variations: expected at most 1,000, got 1,001"),
    "20,000 wrong overrides": (
        copy_of(variations={"l2": {f"optimizer.l{number}": 1 for number in range(20_000)}}),
        "; ... and 19,900 more",
    ),
}


@pytest.mark.parametrize(
    ("command", "name"), [*product(["status"], LARGE), ("report", next(iter(LARGE)))]
)
def test_a_study_larger_than_any_is_refused_at_once(command: str, name: str, out: Path) -> None:
    content, message = LARGE[name]
    (out / STUDY).write_text(content)
    began = time.process_time()
    done = CliRunner().invoke(main, [command, str(out)])
    assert (time.process_time() - began) / slowness() < 5
    assert (done.exit_code, len(done.stderr.splitlines())) == (1, 1)
    assert message in done.stderr
    assert len(done.stderr) < 30_000


def test_only_the_runs_that_are_there_are_looked_at(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = Study.model_validate_json(copy_of(seeds=1_000))
    looked: list[Key] = []
    monkeypatch.setattr(StudyRecords, "look", lambda records, run: looked.append(run.key))
    for odd in ("seed-01", "seed--1", "seed-x", "seed-1000", "seed-99999999999", "seed-"):
        (out / "runs/l2" / odd).mkdir()
    (out / "runs/other/seed-0").mkdir(parents=True)
    read_records(out, study)
    assert looked == [("main", 0), ("l2", 0), ("main", 1), ("l2", 1)]


# ---- fuzzing --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def spare(good: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy whose second run is damaged again and again."""
    place = tmp_path_factory.mktemp("spare")
    shutil.copytree(good / "out", place / "out")
    return place / "out"


def damage(spare: Path, good: Path, name: str, change: Callable[[bytes], bytes]) -> Path:
    """The second run's folder, whole but for one file."""
    for path in (good / "out" / SECOND).iterdir():
        shutil.copy(path, spare / SECOND / path.name)
    file = spare / SECOND / name
    file.write_bytes(change(file.read_bytes()))
    return spare / SECOND


@examples(40)
@given(st.sampled_from([FACTS, CURVES, PREDICTIONS, SUMS]), st.integers(0, 2**32 - 1))
def test_no_damaged_record_is_loaded_changed(spare: Path, good: Path, name: str, seed: int) -> None:
    folder = damage(spare, good, name, lambda content: mutate(content, random.Random(seed)))
    try:
        assert same(read_record(folder), read_record(good / "out" / SECOND))
    except RecordError as error:
        assert str(error)


@examples(8)
@given(st.sampled_from([FACTS, CURVES, PREDICTIONS]), st.integers(0, 2**32 - 1))
def test_a_damaged_record_under_sums_that_are_right_is_refused_or_can_be_reported(
    spare: Path, good: Path, name: str, seed: int
) -> None:
    seal(damage(spare, good, name, lambda content: mutate(content, random.Random(seed))))
    report_or_refuse(spare)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)


@examples(8)
@given(st.integers(0, 10_000), VALUES)
def test_any_fact_replaced_by_any_value_is_refused_or_can_be_reported(
    spare: Path, good: Path, number: int, value: object
) -> None:
    def change(content: bytes) -> bytes:
        facts = json.loads(content)
        places = list(leaves(facts))
        holder, key = places[number % len(places)]
        holder[key] = value
        return json.dumps(facts).encode()

    seal(damage(spare, good, FACTS, change))
    report_or_refuse(spare)


def report_or_refuse(out: Path) -> None:
    try:
        results = read_results(out)
        assert results.claims is not None
        assert results.settings and results.failed_cases
    except ParibusError as error:
        assert str(error)


def leaves(node: Any) -> list[tuple[Any, Any]]:
    """Every place of a tree of JSON: what holds it, and its key there."""
    keys = list(node) if isinstance(node, dict) else range(len(node))
    result = [(node, key) for key in keys]
    for key in keys:
        if isinstance(node[key], dict | list):
            result += leaves(node[key])
    return result


def same(one: Record, other: Record) -> bool:
    return one.facts == other.facts and contents(one) == contents(other)


def contents(record: Record) -> dict[str, bytes]:
    """Every array of a record by its name."""
    series = record.curves.series.items()
    arrays = {
        f"{s.axis} {name} {part}": vars(s)[part] for name, s in series for part in ("at", "values")
    }
    arrays |= vars(record.predictions) if record.predictions else {}
    return {name: array.tobytes() for name, array in arrays.items() if array is not None}
