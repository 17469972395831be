"""`paribus plan` of a study of scripts: what would be started, and nothing is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from paribus.cli import main
from scripts.studies import TRAIN

STUDY = """\
name: Does the rate help?
trainer: {command: "python train.py {seed} --rate {rate} --out {out}", style: flags}
parameters: {rate: 0.0}
metrics: {acc: {better: higher, margin: 0.02}}
seeds: 4
variations:
  more: {rate: 0.1}
  same: {same: true}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "train.py").write_text(TRAIN + "\nopen('started', 'w')")
    (tmp_path / "study.yaml").write_text(STUDY)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def plan(*words: str) -> Result:
    return CliRunner().invoke(main, ["plan", "study.yaml", *words])


def test_it_shows_each_command_without_leave_and_starts_nothing() -> None:
    done = plan()
    assert done.exit_code == 0, done.stderr
    assert "python train.py 0 --rate 0.0 --out OUT" in done.stdout
    assert "more  rate: 0.0 -> 0.1" in done.stdout
    assert "same  (nothing: an A/A test)" in done.stdout
    assert "Files whose change makes runs again: train.py" in done.stdout
    assert "12 runs: 3 settings from 4 seeds" in done.stdout
    assert "4 seeds are few" in done.stdout
    assert sorted(path.name for path in Path().iterdir()) == ["study.yaml", "train.py"]


def test_a_program_can_read_it() -> None:
    plan_of = json.loads(plan("--json").stdout)
    assert plan_of["settings"]["more"] == {"rate": [0.0, 0.1]}
    assert list(plan_of["files"]) == ["train.py"]
    assert len(plan_of["runs"]) == 12


def test_a_shell_and_a_function_are_shown_as_they_are_started() -> None:
    shell = STUDY.replace("python train.py {seed}", "cd x && ./run {seed} | tee log").replace(
        "style: flags", "shell: true"
    )
    Path("study.yaml").write_text(shell)
    assert "cd x && ./run 0 | tee log --rate 0.0 --out OUT" in plan().stdout
    call = STUDY.replace(STUDY.splitlines()[1], 'trainer: {call: "my_code:train"}')
    Path("study.yaml").write_text(call)
    assert "my_code:train(seed=0, out=Path('OUT'), rate=0.0)" in plan().stdout


def test_a_claim_that_no_run_could_decide_is_refused() -> None:
    test = "{setting: %s, against: baseline, metric: acc, expect: better}"
    claim = f"claims: [{{id: c, says: it helps, test: {test}}}]\n"
    Path("study.yaml").write_text(STUDY + claim % "more")
    done = plan()
    assert done.exit_code == 0, done.stderr
    Path("study.yaml").write_text(STUDY + claim % "mor")
    assert "no setting is called 'mor'" in plan().stderr
