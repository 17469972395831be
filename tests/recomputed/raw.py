"""The raw files of a folder of results, read by `json` and safetensors alone.

Nothing here, and nothing in the modules that work numbers out of these runs, calls Paribus.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from safetensors.numpy import load_file

Array = Any  # of NumPy, of one or two kinds of numbers


@dataclass(frozen=True, eq=False)
class Run:
    """One run: its facts, its curves by "<axis> <name>", its predictions and changed ones."""

    facts: dict[str, Any]
    curves: dict[str, Array]
    shown: dict[str, Array]
    analysis: dict[str, Array] = field(default_factory=dict)

    @property
    def setting(self) -> str:
        return str(self.facts["setting"])

    @property
    def seed(self) -> int:
        return int(self.facts["seed"])

    @property
    def finished(self) -> bool:
        return bool(self.facts["status"] == "finished")

    @property
    def classes(self) -> list[str]:
        return list(self.facts["data"]["classes"])

    @property
    def labels(self) -> Array:
        return self.shown["labels"]

    @cached_property
    def logs(self) -> Array:
        """Log probabilities (images, classes) after the last epoch."""
        return self.shown["last"].astype(float)

    @cached_property
    def predicted(self) -> Array:
        return self.shown["last"].argmax(axis=1)

    @cached_property
    def changed(self) -> dict[str, Array]:
        """Intervention -> the class given to each changed image."""
        of = self.analysis.items()
        return {k.removeprefix("predicted "): v.astype(int) for k, v in of if k != "outside"}

    def epochs(self, name: str) -> Array:
        return self.curves[f"epoch {name}"].astype(float)


@dataclass(frozen=True, eq=False)
class Declared:
    """A study as declared."""

    study: dict[str, Any]

    @property
    def baseline(self) -> str:
        return str(self.study["baseline"])

    @property
    def variations(self) -> list[str]:
        return list(self.study["variations"])

    @property
    def settings(self) -> list[str]:
        return [self.baseline, *self.variations]


@dataclass(frozen=True, eq=False)
class Folder(Declared):
    """A study as declared and its runs, by setting and seed."""

    runs: dict[tuple[str, int], Run]
    file_names: dict[str, str] = field(default_factory=dict)

    def of(self, setting: str) -> list[Run]:
        """The finished runs of a setting, by seed."""
        runs = (self.runs.get((setting, seed)) for seed in range(self.study["seeds"]))
        return [run for run in runs if run and run.finished]

    @cached_property
    def classes(self) -> list[str]:
        return next(run.classes for run in self.runs.values() if run.finished)

    @cached_property
    def labels(self) -> Array:
        return next(run.labels for run in self.runs.values() if run.finished)

    def analyzed(self) -> bool:
        return any(run.analysis for run in self.runs.values())


def read(out: Path) -> Folder:
    """All that lies in a folder of results but its tables and reports."""
    study = json.loads((out / "study.json").read_text())
    records = sorted((out / "runs").glob("*/seed-*/record.json"))
    runs = [_run(out, record.parent) for record in records]
    names = out / "test-images.json"
    files = json.loads(names.read_text())["files"] if names.exists() else {}
    return Folder(study, {(run.setting, run.seed): run for run in runs}, files)


def _run(out: Path, folder: Path) -> Run:
    place = out / "analysis" / folder.parent.name / folder.name / "interventions.safetensors"
    curves, shown, analysis = (
        load_file(file) if file.exists() else {}
        for file in (folder / "curves.safetensors", folder / "predictions.safetensors", place)
    )
    return Run(json.loads((folder / "record.json").read_text()), curves, shown, analysis)
