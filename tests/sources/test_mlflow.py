from __future__ import annotations

import math
import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from paribus.errors import SourceError
from paribus.sources import mlflow, mlflow_files
from paribus.sources.find import read_runs
from paribus.sources.run import FoundRun
from sources.databases import MLFLOW, an_mlflow, build
from sources.reals import write

READERS = [mlflow.READER, mlflow_files.READER]
NAN = math.nan


def runs_in(path: Path) -> dict[str, FoundRun]:
    return {run.title or run.name: run for run in read_runs([path], READERS).runs}


def a_store(folder: Path, meta: str = "", run: str = "abc") -> Path:
    """A file store with one run."""
    path = folder / "mlruns/1" / run
    for name in ("metrics/val", "params", "tags"):
        (path / name).mkdir(parents=True)
    (folder / "mlruns/1/meta.yaml").write_text("name: 'it''s: one'\nlifecycle_stage: active\n")
    meta = meta or "run_id: abc\nrun_name: nice\nstatus: 3\nlifecycle_stage: active\n"
    (path / "meta.yaml").write_text(meta)
    (path / "metrics/val/loss").write_text(
        "1 0.5 0\n2 nan 1\n3 -inf 2\n4 0.25\n5 9 3 later fields\n"
    )
    (path / "params/lr").write_text("0.1")
    (path / "params/seed").write_text("3")
    (path / "params/note").write_text("two\nlines")
    return path


def test_every_value_of_a_database_is_read(tmp_path: Path) -> None:
    runs = runs_in(an_mlflow(tmp_path / "mlflow.db").parent)
    assert {t: (r.name, r.status, r.group) for t, r in runs.items()} == {
        "a title": ("f", "finished", "an experiment"),
        "name x": ("x", "failed", "an experiment"),
    }, "the deleted run is left out"
    run = runs["a title"]
    assert run.config == {"lr": 0.1, "seed": 3, "opt": "sgd", "on": True}
    expected = [*(step / 3 for step in range(50)), NAN]
    np.testing.assert_array_equal(run.metrics["a/b"].values, expected)
    assert run.metrics["a/b"].at.tolist() == list(range(51))
    assert run.metrics["inf"].values.tolist() == [-math.inf]


def test_reading_leaves_a_database_as_it_is(tmp_path: Path) -> None:
    path = an_mlflow(tmp_path / "mlflow.db")
    before = path.read_bytes(), path.stat().st_mtime_ns
    runs_in(path)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert [item.name for item in tmp_path.iterdir()] == ["mlflow.db"]


def test_what_still_stands_in_the_log_beside_a_database_is_read(tmp_path: Path) -> None:
    path = an_mlflow(tmp_path / "mlflow.db")
    writer = sqlite3.connect(path)
    writer.execute("PRAGMA journal_mode = WAL")
    writer.execute("INSERT INTO metrics VALUES ('late', 1, 1, 'f', 0, 0)")
    writer.commit()
    try:
        assert "late" in runs_in(path)["a title"].metrics
    finally:
        writer.close()


def test_a_view_is_not_looked_into(tmp_path: Path) -> None:
    endless = (
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) "
        "SELECT 'f' AS run_uuid, 'a' AS key, x AS step, x AS value, 0 AS is_nan FROM n"
    )
    schema = MLFLOW.replace("CREATE TABLE metrics", "CREATE TABLE others")
    path = build(tmp_path / "mlflow.db", f"{schema} CREATE VIEW metrics AS {endless};", [])
    with pytest.raises(SourceError, match="no runs of any kind"):
        runs_in(path)


def test_every_file_of_a_store_is_read(tmp_path: Path) -> None:
    a_store(tmp_path)
    run = runs_in(tmp_path)["nice"]
    assert (run.name, run.group, run.status) == ("mlruns/1/abc", "it's: one", "finished")
    assert run.config == {"lr": 0.1, "seed": 3, "note": "two\nlines"} and not run.lost
    points = run.metrics["val/loss"]
    assert points.at.tolist() == [0, 0, 1, 2, 3]
    np.testing.assert_array_equal(points.values, [0.5, 0.25, NAN, -math.inf, 9])


@pytest.mark.parametrize(
    ("number", "status"),
    [(1, "running"), (2, "running"), (3, "finished"), (4, "failed"), (5, "failed"), (9, "unknown")],
)
def test_the_status_is_a_number(tmp_path: Path, number: int, status: str) -> None:
    a_store(tmp_path, f"run_name: nice\nstatus: {number}\n")
    assert runs_in(tmp_path)["nice"].status == status


@pytest.mark.parametrize("meta", ["lifecycle_stage: deleted\nrun_name: x\n", "model_id: m-1\n"])
def test_deleted_runs_and_models_are_left_out(tmp_path: Path, meta: str) -> None:
    path = a_store(tmp_path, meta)
    with pytest.raises(SourceError, match="no runs, or deleted ones alone"):
        runs_in(tmp_path)
    shutil.copytree(path, path.with_name("other"))
    (path / "meta.yaml").write_text("run_id: abc\nrun_name: nice\nstatus: 3\n")
    assert set(runs_in(tmp_path)) == {"nice"}


def test_a_torn_line_is_left_out_and_said(tmp_path: Path) -> None:
    path = a_store(tmp_path)
    (path / "metrics/torn").write_text("1 0.5 0\n2 0.2")
    (path / "metrics/odd").write_text("1 0.5 0\n2")
    (path / "metrics/empty").write_text("")
    run = runs_in(tmp_path)["nice"]
    assert run.lost == ("metrics/odd: 1 damaged line",)
    assert run.metrics["odd"].values.tolist() == [0.5] and "empty" not in run.metrics


@pytest.mark.parametrize("meta", [b"", b"\xff\xfe", b"run_name: 'x\nstatus: 3"])
def test_a_damaged_description_is_said(tmp_path: Path, meta: bytes) -> None:
    (a_store(tmp_path) / "meta.yaml").write_bytes(meta)
    run = runs_in(tmp_path)["mlruns/1/abc"]
    assert run.status == "unknown" and len(run.lost) == 1 and run.metrics


def test_links_in_a_store_are_not_followed(tmp_path: Path) -> None:
    path = a_store(tmp_path)
    (path / "params/secret").symlink_to("/etc/hostname")
    (path / "metrics/cycle").symlink_to(path)
    run = runs_in(tmp_path)["nice"]
    assert "secret" not in run.config and len(run.lost) == 2


REAL = """
import math, mlflow
mlflow.set_tracking_uri("URI")
mlflow.set_experiment("an experiment")
with mlflow.start_run(run_name="nice"):
    mlflow.log_params({"lr": 0.1, "seed": 3, "a/b": "x y"})
    for i in range(20):
        mlflow.log_metric("val/loss", math.nan if i == 1 else i / 3, step=i)
    mlflow.log_metric("inf", math.inf)
    with mlflow.start_run(nested=True, run_name="inner"):
        mlflow.log_metric("a", 1)
try:
    with mlflow.start_run(run_name="broken"):
        mlflow.log_metric("a", 2)
        raise ZeroDivisionError
except ZeroDivisionError:
    pass
with mlflow.start_run(run_name="gone") as run:
    mlflow.log_metric("a", 3)
mlflow.delete_run(run.info.run_id)
mlflow.start_run(run_name="killed")
mlflow.log_metric("a", 4)
import os
os._exit(0)
"""


@pytest.mark.parametrize("uri", ["sqlite:///mlflow.db", "mlruns"])
def test_what_mlflow_writes_is_read(tmp_path: Path, uri: str) -> None:
    write("mlflow", REAL.replace("URI", uri), tmp_path)
    runs = runs_in(tmp_path)
    assert {title: run.status for title, run in runs.items()} == {
        "nice": "finished",
        "inner": "finished",
        "broken": "failed",
        "killed": "running",
    }
    run = runs["nice"]
    assert run.group == "an experiment" and not run.lost
    assert run.config == {"lr": 0.1, "seed": 3, "a/b": "x y"}
    expected = [NAN if i == 1 else i / 3 for i in range(20)]
    np.testing.assert_array_equal(run.metrics["val/loss"].values, expected)
    assert run.metrics["inf"].values.tolist() == [math.inf]
