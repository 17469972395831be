"""The examples: every one is run as people run it, with the library that it is about."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

import paribus
from paribus.results import Results

EXAMPLES = Path(paribus.__file__).parent / "examples"


@dataclass(frozen=True)
class Example:
    """What an example needs, and what comes of it.

    Attributes:
        metrics: name -> the least and the greatest value that any run of it can have.
        shared: the streams that both settings draw the same from, in each seed.
        own: those that they don't: a wider layer draws more initial values.
    """

    folder: str
    needs: tuple[str, ...]
    metrics: dict[str, tuple[float, float]]
    shared: tuple[str, ...] = ()
    own: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.folder


COMMANDS = [
    Example("pytorch", ("sklearn",), {"test_acc": (0.8, 1)}, ("torch order",), ("torch global",)),
    Example(
        "lightning",
        ("sklearn", "lightning"),
        {"val_acc": (0.7, 1)},
        ("torch order",),
        ("torch global",),
    ),
    Example(
        "huggingface",
        ("sklearn", "transformers", "accelerate"),
        {"eval_accuracy": (0.6, 1), "eval_loss": (0, 2)},
    ),
    Example(
        "keras",
        ("sklearn", "keras"),
        {"val_accuracy": (0.8, 1), "val_loss": (0, 1)},
        ("python global", "torch global"),
    ),
    Example("sklearn", ("sklearn",), {"test_accuracy": (0.8, 1)}, ("numpy forest",)),
    Example("shell", (), {"test_loss": (0, 0.5)}),
]
FUNCTION = Example("function", ("sklearn",), {"test_acc": (0.8, 1)}, ("numpy noise",))

#: `python` is the one that runs the tests, as in an activated environment.
ENVIRONMENT = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
PARIBUS = [sys.executable, str(Path(__file__).with_name("undrawn_command.py"))]


@pytest.mark.parametrize("example", COMMANDS, ids=str)
def test_an_example_is_run_by_its_study(example: Example, tmp_path: Path) -> None:
    require(example)
    out = tmp_path / "out"
    asked = ["run", "study.yaml", "--seeds", "2", "--allow-code", "--out", str(out)]
    run([*PARIBUS, *asked], EXAMPLES / example.folder)
    check(example, paribus.read_results(out))


def test_a_function_is_run_from_a_script_without_a_guard(tmp_path: Path) -> None:
    require(FUNCTION)
    folder = tmp_path / "function"
    shutil.copytree(EXAMPLES / "function", folder, ignore=shutil.ignore_patterns("out"))
    study = folder / "study.yaml"
    study.write_text(study.read_text().replace("seeds: 10", "seeds: 2"))
    shown = run([sys.executable, "train.py"], folder)
    assert shown.startswith("  variation    metric")
    check(FUNCTION, paribus.read_results(folder / "out"))


def test_a_script_is_at_most_40_lines() -> None:
    scripts = [*EXAMPLES.glob("*/train.*")]
    assert len(scripts) == len(COMMANDS) + 1
    assert not [path for path in scripts if len(path.read_text().splitlines()) > 40]


def require(example: Example) -> None:
    for library in example.needs:
        if importlib.util.find_spec(library) is None:
            pytest.skip(f"{library} isn't installed")


def run(command: Sequence[str], folder: Path) -> str:
    """What a command prints, once it has ended well."""
    done = subprocess.run(
        command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def check(example: Example, results: Results) -> None:
    """Every run has its metrics, no two alike, and its streams."""
    records = {record.key: record for record in results.records}
    assert len(records) == 2 * len(results.settings)
    assert all(record.finished for record in records.values())
    runs = results.table("runs")
    for metric, (least, greatest) in example.metrics.items():
        assert runs[metric].between(least, greatest).all()
        assert runs[metric].nunique() > 1
    for (setting, seed), record in records.items():
        assert {*record.facts.drawn} == {*example.shared, *example.own}
        for stream, digest in record.facts.drawn.items():
            other = records[results.baseline.name, seed].facts.drawn[stream]
            if setting != results.baseline.name:
                assert (digest == other) == (stream in example.shared)
            assert digest != records[setting, 1 - seed].facts.drawn[stream]
    assert results.proven == bool(example.shared)
