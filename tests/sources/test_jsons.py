"""Lists of rows in JSON and JSON Lines."""

import json
import math
from pathlib import Path

import pytest

from paribus.errors import SourceError
from paribus.sources.find import read_runs
from sources.reading import curve, found, one

ROWS = [
    {"setting": "a", "seed": 0, "optimizer": {"lr": 0.1, "betas": [0.9, 0.99]}, "acc": 0.5},
    {"setting": "a", "seed": 1, "optimizer": {"lr": 0.1}, "acc": math.nan},
    {"setting": "b", "seed": 0, "ok": True},
]


def check(path: Path) -> None:
    first, second, third = found(path)
    assert (first.setting, first.seed, curve(first, "acc")) == ("a", 0, [(0, 0.5)])
    assert first.config["optimizer.lr"] == 0.1
    assert json.loads(str(first.config["optimizer.betas"])) == [0.9, 0.99]
    assert math.isnan(second.metrics["acc"].values[0])
    assert "acc" not in third.metrics and third.config["ok"] is True


def test_a_list_of_rows_is_read_with_its_bare_nan(tmp_path: Path) -> None:
    (tmp_path / "runs.json").write_text(json.dumps(ROWS, indent=1))
    check(tmp_path / "runs.json")


def test_json_lines_are_read_and_a_torn_last_one_is_lost(tmp_path: Path) -> None:
    text = "".join(json.dumps(row) + "\n" for row in ROWS)
    (tmp_path / "runs.jsonl").write_text(text)
    check(tmp_path / "runs.jsonl")
    (tmp_path / "runs.jsonl").write_text(text + '{"setting": "b", "se')
    check(tmp_path / "runs.jsonl")
    assert "runs.jsonl:4" in found(tmp_path / "runs.jsonl")[0].lost[0]


def test_long_rows_are_curves(tmp_path: Path) -> None:
    rows = [{"seed": 3, "metric": "loss", "value": 1 / (s + 1), "step": s} for s in range(3)]
    (tmp_path / "runs.json").write_text(json.dumps(rows))
    run = one(tmp_path / "runs.json")
    assert (run.seed, curve(run, "loss")) == (3, [(0, 1.0), (1, 0.5), (2, 1 / 3)])


@pytest.mark.parametrize(
    "text",
    ['[{"a": 1}', '[{"a": 1}, 3]', "[{" + '"a":[' * 100_000, '[{"a": 1}]x'],
)
def test_what_is_not_a_list_of_rows_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "runs.json").write_text(text)
    with pytest.raises(SourceError, match=r"runs\.json"):
        found(tmp_path / "runs.json")


def test_a_damaged_line_in_the_middle_is_refused_with_its_number(tmp_path: Path) -> None:
    (tmp_path / "runs.jsonl").write_text('{"seed": 0}\nhello\n{"seed": 1}\n')
    with pytest.raises(SourceError, match=r"runs\.jsonl:2: not JSON"):
        found(tmp_path / "runs.jsonl")


def test_many_brackets_are_refused_before_they_take_memory(tmp_path: Path) -> None:
    (tmp_path / "runs.json").write_text("[{}," + "[]," * 1_000_000 + "{}]")
    with pytest.raises(SourceError, match="more lists and values"):
        found(tmp_path / "runs.json")


# ---- a run a file -------------------------------------------------------------------------------


def test_a_file_may_be_one_run_as_scripts_write_it(tmp_path: Path) -> None:
    path = tmp_path / "gnn_0.json"
    path.write_text(
        '{"args": {"lr": 0.1, "seed": 3}, "results": {"test_acc": 0.9, "val_loss": [3, 2, 1.5]}}'
    )
    (run,) = read_runs([path]).runs
    assert run.name == "gnn_0.json"
    assert run.config == {"args.lr": 0.1, "args.seed": 3, "results.test_acc": 0.9}
    assert run.metrics["results.val_loss"].at.tolist() == [1, 2, 3]
    assert run.metrics["results.val_loss"].values.tolist() == [3, 2, 1.5]
    assert run.metrics["results.test_acc"].values.tolist() == [0.9]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("package.json", '{"name": "x", "version": "1"}'),
        ("config.json", '{"seed": 1, "loss": "ce"}'),
        ("labels.json", '{"0": "cat", "1": "dog"}'),
    ],
)
def test_other_mappings_are_no_runs(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(SourceError, match="no runs of any kind"):
        read_runs([tmp_path])


# ---- how runs ended -----------------------------------------------------------------------------


def test_a_column_of_known_words_says_how_runs_ended(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    rows = [("FINISHED", 0), ("Crashed", 1), ("running", 2)]
    path.write_text("".join(f'{{"seed": {n}, "acc": 1, "state": "{s}"}}\n' for s, n in rows))
    runs = read_runs([path]).runs
    assert [run.status for run in runs] == ["finished", "failed", "running"]
    assert all("state" not in run.config for run in runs)


def test_a_column_of_other_words_is_a_parameter(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    path.write_text(
        '{"seed": 0, "acc": 1, "state": "solid"}\n{"seed": 1, "acc": 1, "state": "gas"}\n'
    )
    runs = read_runs([path]).runs
    assert [(run.status, run.config["state"]) for run in runs] == [
        ("unknown", "solid"), ("unknown", "gas"),
    ]  # fmt: skip
