"""`paribus export`: what reaches the terminal and a program."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from export.made import hostile_results, some_results
from paribus.cli import main
from paribus.export.write import TARGETS


@pytest.fixture(autouse=True)
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paribus.results.read_results", hostile_results)
    monkeypatch.chdir(tmp_path)


def command(*words: str) -> Result:
    return CliRunner().invoke(main, ["export", "out", *words])


def test_the_folder_is_printed_as_the_user_would_write_it() -> None:
    done = command("--to", "csv")
    assert (done.exit_code, done.stdout) == (0, "out/export/csv\n")
    assert Path("out/export/csv/runs.csv").is_file()
    done = command("--to", "csv", "--into", "elsewhere")
    assert (done.exit_code, done.stdout) == (0, "elsewhere\n")
    assert Path("elsewhere/runs.csv").is_file()


def test_json_has_all_that_was_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paribus.results.read_results", some_results)
    done = command("--to", "csv", "--json")
    told = json.loads(done.stdout)
    assert told == {
        "to": "csv", "folder": "out/export/csv", "finished": 3, "failed": 1,
        "left_out": [], "notes": [], "look": "",
    }  # fmt: skip
    assert done.stderr == ""


def test_changed_names_and_the_command_that_shows_the_runs_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def nothing(study: str, runs: object, folder: Path) -> None: ...

    target = replace(TARGETS["mlflow"], write=nothing, library="")
    monkeypatch.setitem(TARGETS, "mlflow", target)
    done = command("--to", "mlflow")
    assert "MLflow doesn't take the name 'a@b': it is called 'a_b' there" in done.stderr
    assert "To look at it: mlflow ui --backend-store-uri sqlite:///" in done.stderr
    assert done.stdout == "out/export/mlflow\n"


def test_no_name_controls_the_terminal() -> None:
    done = command("--to", "csv")
    assert all(line.isprintable() for line in done.stderr.splitlines())
    assert "and 1 more" not in done.stderr and max(map(len, done.stderr.splitlines())) < 300


def test_a_refused_folder_ends_with_2(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_text("")
    done = command("--to", "csv", "--into", "mine")
    assert done.exit_code == 2 and "other files" in done.stderr and done.stdout == ""


def test_help_names_every_tool_there_is() -> None:
    (option,) = [each for each in main.commands["export"].params if each.name == "to"]
    assert isinstance(option.type, click.Choice)
    assert list(option.type.choices) == list(TARGETS)
