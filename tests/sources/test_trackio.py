from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from paribus.sources.find import read_runs
from paribus.sources.trackio import READER
from sources.databases import TRACKIO, a_trackio, build
from sources.reals import write


def test_every_value_is_read(tmp_path: Path) -> None:
    a_trackio(tmp_path / "project.db")
    run, begun = read_runs([tmp_path], [READER]).runs
    assert (run.name, run.title, run.group, run.status) == ("r1", "a title", "g", "unknown")
    assert run.config == {"lr": 0.1, "opt.name": "sgd"} and not run.lost
    assert run.metrics["loss"].at.tolist() == [0, 2]
    np.testing.assert_array_equal(run.metrics["loss"].values, [1.5, math.nan])
    assert run.metrics["n.a"].values.tolist() == [1]
    assert run.metrics["big"].values.tolist() == [math.inf] and "t" not in run.metrics
    assert (begun.name, begun.metrics, begun.config) == ("r2", {}, {})


def test_the_first_versions_knew_runs_by_their_names(tmp_path: Path) -> None:
    schema = TRACKIO.replace("run_id TEXT, ", "")
    rows = [("metrics", (None, "", "one", 0, '{"loss": 1}'))]
    build(tmp_path / "project.db", schema, rows)
    (run,) = read_runs([tmp_path], [READER]).runs
    assert (run.name, run.metrics["loss"].values.tolist()) == ("one", [1])


def test_rows_that_are_not_json_are_left_out_and_said(tmp_path: Path) -> None:
    texts = ['{"loss": 1}', '{"loss": ', "[1]", "[" * 100_000]
    rows = [("metrics", (None, "r", "", "r", i, text)) for i, text in enumerate(texts)]
    build(tmp_path / "project.db", TRACKIO, rows)
    (run,) = read_runs([tmp_path], [READER]).runs
    assert run.metrics["loss"].values.tolist() == [1]
    assert run.lost == ("3 damaged rows of its project left out",)


REAL = """
import math, trackio
for seed in range(2):
    config = {"lr": 0.1, "seed": seed, "opt": {"name": "sgd"}}
    trackio.init(project="proj", name=f"run{seed}", group="g", config=config, embed=False)
    for i in range(20):
        trackio.log({"loss": math.nan if i == 1 else i / 3, "t": "text", "n": {"a": i}}, step=2 * i)
    trackio.finish()
"""


def test_what_trackio_writes_is_read(tmp_path: Path) -> None:
    write("trackio", REAL, tmp_path)
    runs = read_runs([tmp_path], [READER]).runs
    assert [(run.title, run.group) for run in runs] == [("run0", "g"), ("run1", "g")]
    for seed, run in enumerate(runs):
        assert run.config == {"lr": 0.1, "seed": seed, "opt.name": "sgd"}
        expected = [math.nan if i == 1 else i / 3 for i in range(20)]
        np.testing.assert_array_equal(run.metrics["loss"].values, expected)
        assert run.metrics["n.a"].at.tolist() == list(range(0, 40, 2))
