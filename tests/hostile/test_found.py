"""A stranger's folder of compared runs: its study and list of sources are believed nothing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from effort import examples
from hostile.mutations import mutated
from paribus.cli import main
from paribus.records.sources import SOURCES
from paribus.study.read import STUDY

COMMANDS = ("status", "check", "verify", "failures")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of two settings with three seeds."""
    top = tmp_path_factory.mktemp("compared")
    rows = [f"{s},{k},{0.5 + 0.01 * k}" for s in ("plain", "mixup") for k in range(3)]
    (top / "runs.csv").write_text("\n".join(["setting,seed,acc", *rows, ""]))
    words = ["compare", str(top / "runs.csv"), "--baseline", "plain", "--out", str(top / "out")]
    assert CliRunner().invoke(main, words).exit_code == 0
    return top / "out"


@pytest.fixture
def out(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "out"))


def require_words(out: Path) -> None:
    """Every command does its work or says in words why it can't."""
    for command in COMMANDS:
        done = CliRunner().invoke(main, [command, str(out)])
        assert done.exit_code in (0, 1, 2)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        assert "Traceback" not in done.stderr


@examples(30)
@given(data=st.data(), name=st.sampled_from([STUDY, SOURCES]))
def test_damage_is_refused_or_read(whole: Path, data: st.DataObject, name: str) -> None:
    good = (whole / name).read_bytes()
    try:
        (whole / name).write_bytes(data.draw(mutated(good)))
        require_words(whole)
    finally:
        (whole / name).write_bytes(good)


def changed(**values: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda study: {**study, **values}


@pytest.mark.parametrize(
    "change",
    [
        changed(seeds={"plain": [0, 1, 2]}),
        changed(seeds={"plain": [-1], "mixup": [0]}),
        changed(seeds={"plain": list(range(15_000)), "mixup": list(range(15_000))}),
        changed(seeds={"plain": [0, 1, 2], "mixup": [1 << 80]}),
        changed(config={"a": [1] * 1000}),
        changed(config={"../../x": "<script>"}),
        changed(variations={"../x": {"a": 1}}),
        changed(variations={"mixup": {"a": {"b": 1}}}),
        changed(primary="nothing"),
        changed(compare={"runs": ["/etc/passwd"], "at": "best"}),
        changed(compare=None),
        changed(baseline="mixup"),
    ],
)
def test_a_study_that_no_compare_wrote_is_refused_or_read(
    out: Path, change: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    study = json.loads((out / STUDY).read_text())
    (out / STUDY).write_text(json.dumps(change(study)))
    require_words(out)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"files": 7}', "\0", '{"files": [], "runs": []}']
)
def test_sources_that_no_compare_wrote_cost_the_report_only_their_section(
    out: Path, text: str
) -> None:
    (out / SOURCES).write_text(text)
    done = CliRunner().invoke(main, ["report", str(out)])
    assert done.exit_code == 0, done.stderr
    assert "Where the runs come from" in (out / "report.md").read_text()
