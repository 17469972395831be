"""What a tool can't hold is changed before it gets it, and said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from export.made import HOSTILE, hostile_results, some_results
from paribus.export import csv_table, mlflow, tensorboard, wandb
from paribus.export.runs import exported_runs
from paribus.export.target import Target, fitted, renamed
from paribus.export.write import TARGETS
from paribus.records.types import Series

OUT = Path("out")


@pytest.mark.parametrize("to", TARGETS)
def test_usual_runs_fit_every_tool_as_they_are(to: str) -> None:
    runs = exported_runs(some_results(OUT))
    assert fitted(runs, TARGETS[to]) == (runs, ())


def test_a_name_that_is_refused_is_changed_in_all_runs_and_said() -> None:
    runs, notes = fitted(exported_runs(hostile_results(OUT)), mlflow.TARGET)
    finished = [run for run in runs if run.status == "finished"]
    assert len(finished) == 3 and all({"a_b", "a_b_2"} <= set(run.metrics) for run in finished)
    assert finished[0].metrics["a_b"] == 1 / 3 and finished[0].metrics["a_b_2"] == 1 / 4
    assert "MLflow doesn't take the name 'a@b': it is called 'a_b' there" in notes
    assert "MLflow doesn't take the name 'a#b': it is called 'a_b_2' there" in notes
    assert not any("größe'" in note for note in notes)


def test_different_names_stay_different_and_known_ones_stay() -> None:
    names = ["a@b", "a_b", "a#b", "a_b_2"]
    new = renamed(names, mlflow.TARGET)
    assert new["a_b"] == "a_b" and new["a_b_2"] == "a_b_2"
    assert len(set(new.values())) == len(names)


@pytest.mark.parametrize("name", [*HOSTILE, "", ".", "..", "a//b", "a/./b", "a/", "x" * 999, "\n"])
def test_mlflow_takes_every_name_that_is_made_for_it(name: str) -> None:
    plain = mlflow.allowed(name)
    assert mlflow.allowed(plain) == plain != ""
    assert len(plain) <= 240 and not plain.startswith(("/", "..")) and "//" not in plain
    assert plain.isprintable() and not set(plain) & set("@#=+\n")


def test_wandbs_own_names_are_left_to_it() -> None:
    assert [wandb.allowed(name) for name in ("_step", "__", "a_b")] == ["step", "unnamed", "a_b"]
    assert wandb.allowed("--lr-") == "lr", "of a configuration's names it takes dashes away"


def test_a_tables_names_have_no_spaces_around_them() -> None:
    assert [csv_table.allowed(name) for name in (" a b\n", " ", "")] == ["a b", *["unnamed"] * 2]


@pytest.mark.parametrize("at", [[0.5, 1], [-1, 0], [1, 1e30]])
def test_a_curve_at_other_places_than_whole_ones_is_left_out_and_said(at: list[float]) -> None:
    curve = Series("epoch", np.array(at, np.float32), np.zeros(2, np.float32))
    runs = [replace(run, curves={"odd": curve}) for run in exported_runs(some_results(OUT))]
    fit, notes = fitted(runs, tensorboard.TARGET)
    assert all(not run.curves for run in fit)
    assert notes == (
        "TensorBoard can't hold the curve 'odd': it has places that aren't whole numbers from 0 on",
    )
    assert fitted(runs, TARGETS["csv"])[1] == (), "a table can hold it"


def test_a_long_parameter_is_cut_and_said() -> None:
    target = Target("Short", lambda *_: None, longest=4)
    runs = [
        replace(run, config={"a": "abcdef", "b": 7}) for run in exported_runs(some_results(OUT))
    ]
    fit, notes = fitted(runs, target)
    assert fit[0].config == {"a": "abcd", "b": 7}
    assert notes == ("Short keeps 4 characters of a parameter: 'a' has more, and is cut",)
