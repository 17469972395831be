from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from paribus.errors import SourceError
from paribus.sources.find import read_runs
from paribus.sources.run import FoundRun
from paribus.sources.wandb import READER
from paribus.sources.wandb_csv import READER as EXPORTS
from sources.reals import write
from sources.writers import a_log, wandb_log, wandb_row, wandb_run, wandb_summary

FOLDER = "offline-run-20261129_171743-abc"
KILLED = "it never said that it ended: it was killed, or is running still"


def put(folder: Path, content: bytes) -> Path:
    path = folder / "wandb" / FOLDER / "run-abc.wandb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def only(path: Path) -> FoundRun:
    (run,) = read_runs([path], [READER, EXPORTS]).runs
    return run


def test_every_value_of_many_blocks_is_read(tmp_path: Path) -> None:
    rows = [{"loss": i / 3, "acc": i, "note": "x" * (i % 400), "_runtime": i} for i in range(1500)]
    content = a_log(rows)
    assert len(content) > 5 * 32_768
    put(tmp_path, content)
    run = only(tmp_path)
    assert (run.name, run.title, run.group, run.status) == (
        f"wandb/{FOLDER}",
        "a title",
        "g",
        "finished",
    )
    assert run.config == {"lr": 0.1, "seed": 3, "opt.name": "sgd"}
    assert set(run.metrics) == {"loss", "acc"} and not run.lost
    assert run.metrics["loss"].values.tolist() == [i / 3 for i in range(1500)]
    assert run.metrics["acc"].at.tolist() == list(range(1500))


def test_a_record_longer_than_a_block_is_one(tmp_path: Path) -> None:
    put(tmp_path, a_log([{"text": "x" * 100_000, "loss": 7}, {"loss": 8}]))
    assert only(tmp_path).metrics["loss"].values.tolist() == [7, 8]


@pytest.mark.parametrize("left", range(6, 10))
def test_a_record_may_begin_where_a_block_ends(left: int, tmp_path: Path) -> None:
    pad = 32_768 - left - len(wandb_log([wandb_row(0, text="")])) - 6  # of lengths, 3 are longer
    records = [wandb_row(0, text="x" * pad), wandb_row(1, loss=7), wandb_row(2, loss=8)]
    assert len(wandb_log(records[:1])) == 32_768 - left
    put(tmp_path, wandb_log(records))
    assert only(tmp_path).metrics["loss"].values.tolist() == [7, 8] and not only(tmp_path).lost


def test_numbers_that_json_does_not_have_are_read(tmp_path: Path) -> None:
    put(tmp_path, a_log([{"a": math.nan, "b": math.inf}, {"a": "NaN", "b": -math.inf}]))
    metrics = only(tmp_path).metrics
    assert metrics["a"].at.tolist() == [0], "a text that says NaN is a text"
    assert metrics["b"].values.tolist() == [math.inf, -math.inf]


def test_nested_values_have_dotted_names(tmp_path: Path) -> None:
    put(tmp_path, a_log([{"val": {"acc": 1, "by": {"cat": 2}}, "on": True}]))
    assert {n: p.values[0] for n, p in only(tmp_path).metrics.items()} == {
        "val.acc": 1,
        "val.by.cat": 2,
        "on": 1,
    }


def test_a_summary_adds_what_was_never_logged(tmp_path: Path) -> None:
    rows = [wandb_row(i, loss=i) for i in range(3)]
    put(tmp_path, wandb_log([wandb_summary(best=1, loss=9), *rows, wandb_summary(best=4)]))
    metrics = only(tmp_path).metrics
    assert metrics["loss"].values.tolist() == [0, 1, 2]
    assert (metrics["best"].at.tolist(), metrics["best"].values.tolist()) == ([2], [4])


@pytest.mark.parametrize(("code", "status"), [(0, "finished"), (1, "failed"), (255, "failed")])
def test_the_exit_code_says_how_it_ended(tmp_path: Path, code: int, status: str) -> None:
    put(tmp_path, a_log([{"loss": 1}], code))
    assert only(tmp_path).status == status and not only(tmp_path).lost


def test_a_run_that_was_killed_failed(tmp_path: Path) -> None:
    put(tmp_path, a_log([{"loss": 1}], None))
    assert (only(tmp_path).status, only(tmp_path).notes) == ("failed", (KILLED,))


def test_a_run_that_was_killed_at_once_has_only_a_header(tmp_path: Path) -> None:
    put(tmp_path, a_log([])[:7])
    run = only(tmp_path)
    assert (run.status, run.metrics, run.notes) == ("failed", {}, (KILLED,))


def test_the_link_to_the_latest_run_is_no_run(tmp_path: Path) -> None:
    put(tmp_path, a_log([{"loss": 1}]))
    (tmp_path / "wandb/latest-run").symlink_to(FOLDER)
    assert only(tmp_path).name == f"wandb/{FOLDER}"
    assert only(tmp_path / "wandb/latest-run").metrics["loss"].values.tolist() == [1]


@pytest.mark.parametrize("cut", [1, 5, 6, 7, 8, 20])
def test_all_but_a_torn_last_record_is_read(tmp_path: Path, cut: int) -> None:
    content = a_log([{"loss": 1}, {"loss": 2}], None)
    put(tmp_path, content[:-cut])
    run = only(tmp_path)
    assert run.metrics["loss"].values.tolist() == [1]
    assert "the last record is torn, as after a kill" in run.lost


def test_a_damaged_block_is_said(tmp_path: Path) -> None:
    content = bytearray(a_log([{"loss": i, "pad": "x" * 500} for i in range(200)]))
    content[40_000] ^= 1
    put(tmp_path, bytes(content))
    run = only(tmp_path)
    assert run.lost == ("1 damaged block, of which the rest is left out",)
    assert run.status == "finished" and 100 < len(run.metrics["loss"].at) < 200


REAL = """
import math, sys, wandb
r = wandb.init(project="p", group="g", name="a title", config={"lr": 0.1, "opt": {"m": [1, 2]}})
for i in range(400):
    r.log({"loss": math.nan if i == 3 else i / 3, "val/acc": i, "nest": {"a": i}, "pad": "x" * 99})
r.summary["best"] = 7
r.config.update({"seed": 3})
r.finish(exit_code=int(CODE))
"""


@pytest.mark.parametrize("code", [0, 1])
def test_what_wandb_writes_is_read(tmp_path: Path, code: int) -> None:
    write("wandb", REAL.replace("CODE", str(code)), tmp_path)
    run = only(tmp_path)
    assert (run.title, run.group) == ("a title", "g")
    assert run.status == ("failed" if code else "finished") and not run.lost
    assert run.config == {"lr": 0.1, "seed": 3, "opt.m": "[1, 2]"}
    expected = [math.nan if i == 3 else i / 3 for i in range(400)]
    np.testing.assert_array_equal(run.metrics["loss"].values, expected)
    np.testing.assert_array_equal(run.metrics["nest.a"].values, np.arange(400))
    assert run.metrics["best"].values.tolist() == [7]
    assert set(run.metrics) == {"loss", "val/acc", "nest.a", "best"}


def test_a_killed_run_of_wandb_is_read_as_far_as_it_went(tmp_path: Path) -> None:
    script = """
import os, time, wandb
r = wandb.init(project="p")
for i in range(3000):
    r.log({"loss": i})
time.sleep(3)
os._exit(0)
"""
    write("wandb", script, tmp_path)
    run = only(tmp_path)
    assert run.status == "failed" and KILLED in run.notes
    assert len(run.metrics["loss"].at) > 100


def test_our_own_records_are_as_wandbs(tmp_path: Path) -> None:
    script = """
from wandb.proto import wandb_internal_pb2 as pb
r = pb.Record()
r.history.item.add(nested_key=["loss"], value_json="0.5")
r.history.step.num = 300
q = pb.Record()
q.run.run_id, q.run.project, q.run.run_group, q.run.display_name = "abc", "p", "g", "t"
q.run.config.update.add(key="lr", value_json="0.1")
open("real", "wb").write(r.SerializeToString() + q.SerializeToString())
"""
    write("wandb", script, tmp_path)
    ours = wandb_row(300, loss=0.5) + wandb_run("abc", {"lr": 0.1}, "g", "t")
    assert (tmp_path / "real").read_bytes() == ours


def quoted(*rows: Sequence[object]) -> str:
    return "\n".join(",".join(json.dumps(str(cell)) for cell in row) for row in rows)


def test_an_exported_table_has_a_run_a_row(tmp_path: Path) -> None:
    header = ["Name", "State", "Created", "Runtime", "lr", "opt", "seed", "acc"]
    states = {"finished": "finished", "crashed": "failed", "running": "running", "odd": "unknown"}
    rows = [
        [f"r{i}", state, "2026-01-01T00:00:00.000Z", "3", "0.1", "sgd", str(i), f"0.{i}1"]
        for i, state in enumerate(states)
    ]
    rows[1][-1] = ""
    (tmp_path / "runs.csv").write_text(quoted(header, *rows), encoding="utf-8-sig")
    runs = read_runs([tmp_path], [EXPORTS]).runs
    assert [run.status for run in runs] == list(states.values())
    assert runs[2].config == {"lr": 0.1, "opt": "sgd", "seed": 2}
    assert runs[2].metrics["acc"].values.tolist() == [0.21]
    assert "acc" not in runs[1].metrics


def test_an_exported_chart_has_a_run_in_three_columns(tmp_path: Path) -> None:
    header = ["epoch", *(f"a - b - loss{end}" for end in ("", "__MIN", "__MAX"))]
    rows = ["0111", ["1", "", "", ""], ["2", "NaN", "NaN", "NaN"]]
    (tmp_path / "chart.csv").write_text(quoted(header, *rows))
    run = only(tmp_path)
    points = run.metrics["loss"]
    assert (run.name, points.axis, points.at.tolist()) == ("a - b", "epoch", [0, 2])
    np.testing.assert_array_equal(points.values, [1, math.nan])


def test_a_chart_of_groups_is_refused(tmp_path: Path) -> None:
    header = ["Step", *(f"Group: x - loss{end}" for end in ("", "__MIN", "__MAX"))]
    (tmp_path / "chart.csv").write_text(quoted(header, [0, 1, 1, 1]))
    with pytest.raises(SourceError, match="export it without grouping"):
        only(tmp_path)
