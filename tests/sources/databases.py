"""Databases with the tables that readers look at, as MLflow and Trackio lay them out."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

MLFLOW = """
CREATE TABLE experiments (experiment_id INTEGER PRIMARY KEY, name VARCHAR(256));
CREATE TABLE runs (run_uuid VARCHAR(32) PRIMARY KEY, name VARCHAR(250), status VARCHAR(9),
    lifecycle_stage VARCHAR(20), experiment_id INTEGER);
CREATE TABLE metrics ("key" VARCHAR(250), value FLOAT, timestamp BIGINT, run_uuid VARCHAR(32),
    step BIGINT DEFAULT '0', is_nan BOOLEAN DEFAULT '0',
    PRIMARY KEY ("key", timestamp, step, run_uuid, value, is_nan));
CREATE TABLE params ("key" VARCHAR(250), value VARCHAR(8000), run_uuid VARCHAR(32));
CREATE TABLE tags ("key" VARCHAR(250), value VARCHAR(8000), run_uuid VARCHAR(32));
"""
TRACKIO = """
CREATE TABLE metrics (id INTEGER PRIMARY KEY, run_id TEXT, timestamp TEXT, run_name TEXT,
    step INTEGER, metrics TEXT);
CREATE TABLE configs (id INTEGER PRIMARY KEY, run_id TEXT, run_name TEXT, config TEXT,
    created_at TEXT);
"""


def build(path: Path, schema: str, rows: Sequence[tuple[str, Sequence[Any]]]) -> Path:
    """A database of rows `(table, values)`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path)
    connection.executescript(schema)
    for table, values in rows:
        marks = ", ".join("?" * len(values))
        connection.execute(f"INSERT INTO {table} VALUES ({marks})", values)
    connection.commit()
    connection.close()
    return path


def an_mlflow(path: Path) -> Path:
    """Three runs, of which one was deleted."""
    runs = [("f", "FINISHED", "active"), ("x", "FAILED", "active"), ("d", "FINISHED", "deleted")]
    return build(path, MLFLOW, [
        ("experiments", (1, "an experiment")),
        *[("runs", (run, f"name {run}", status, stage, 1)) for run, status, stage in runs],
        *[("metrics", ("a/b", step / 3, 1000 + step, "f", step, 0)) for step in range(50)],
        ("metrics", ("a/b", 0.0, 2000, "f", 50, 1)),
        ("metrics", ("inf", -1.7976931348623157e308, 2000, "f", 0, 0)),
        ("metrics", ("a/b", 7.0, 2000, "x", 0, 0)),
        ("params", ("lr", "0.1", "f")),
        ("params", ("seed", "3", "f")),
        ("params", ("opt", "sgd", "f")),
        ("params", ("on", "True", "f")),
        ("tags", ("mlflow.runName", "a title", "f")),
    ])  # fmt: skip


def a_trackio(path: Path) -> Path:
    """Two runs, of which one was begun only."""
    lines = ['{"loss": 1.5, "n": {"a": 1}, "t": "text"}', '{"loss": "NaN", "big": "Infinity"}']
    config = '{"lr": 0.1, "opt": {"name": "sgd"}, "_Group": "g", "_Username": null}'
    return build(path, TRACKIO, [
        *[("metrics", (None, "r1", "", "a title", 2 * i, text)) for i, text in enumerate(lines)],
        ("metrics", (None, "r2", "", "r2", 0, "{}")),
        ("configs", (None, "r1", "a title", config.encode(), "")),
    ])  # fmt: skip
