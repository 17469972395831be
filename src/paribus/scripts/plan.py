"""What a study of scripts will take, as far as that is known before any has run."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from paribus.claims.judge import require_testable
from paribus.comparison.expected import Expected, expected
from paribus.execution.workers import cores
from paribus.narrative.expected import advice, expectations
from paribus.scripts.inputs import sums
from paribus.scripts.session import noticed, point_of
from paribus.scripts.words import words
from paribus.study.code import trainer_files
from paribus.study.plan import ScriptedSetting, runs, settings
from paribus.study.scripted import ScriptedStudy
from paribus.study.trainer import Command

#: In place of a run's own folder, which isn't there yet.
FOLDER = Path("OUT")


@dataclass(frozen=True)
class ScriptOutlook:
    """Every run of a study of scripts, what makes the first of each setting, what it can show.

    Attributes:
        settings: name -> what it changes, dotted path -> (before, after).
        starts: setting -> what its run of seed 0 is started by.
        files: all that the runs depend on, each with its SHA-256.
        until_decided: seeds are added until all is decided, so `runs` are the most.
        expectations: what these seeds can show, a sentence each.
        advice: what should be declared otherwise, a sentence each.
        notes: what of the study may surprise.
    """

    study: str
    settings: dict[str, dict[str, tuple[Any, Any]]]
    starts: dict[str, str]
    files: dict[str, str]
    runs: tuple[tuple[str, int], ...]
    until_decided: bool
    jobs: int
    expected: Expected
    expectations: tuple[str, ...]
    advice: tuple[str, ...]
    notes: tuple[str, ...] = field(default=())


def outlook(study: ScriptedStudy, jobs: int | None) -> ScriptOutlook:
    """What is known of a study before any of its scripts runs; nothing is started for it.

    Raises:
        StudyError: it isn't known where another metric is best.
        SourceError: a file that a trainer depends on isn't there.
        ComparisonError: a claim can't be tested.
    """
    point_of(study)
    require_testable(study, None)
    every, planned = settings(study), runs(study)
    can_show = expected(study, 0)
    return ScriptOutlook(
        study=study.name,
        settings={setting.name: dict(setting.changes) for setting in every},
        starts={setting.name: _start(setting) for setting in every},
        files={n: d for setting in every for n, d in sums(trainer_files(setting.trainer)).items()},
        runs=tuple(run.key for run in planned),
        until_decided=study.adds_seeds and bool(study.variations),
        jobs=min(jobs or cores(), len(planned)),
        expected=can_show,
        expectations=tuple(expectations(can_show, own=False)),
        advice=tuple(advice(can_show)),
        notes=tuple(noticed(study)),
    )


def _start(setting: ScriptedSetting) -> str:
    """The command of seed 0, or the call."""
    trainer, parameters = setting.trainer, setting.parameters
    if isinstance(trainer, Command):
        started = words(trainer, parameters, 0, FOLDER)
        return started[-1] if trainer.shell else shlex.join(started)
    given = ", ".join(_argument(name, value) for name, value in parameters.items())
    return f"{trainer.call}(seed=0, out=Path('{FOLDER}'){f', {given}' if given else ''})"


def _argument(name: str, value: Any) -> str:
    return f"{name}={value!r}"


def by_changes(plan: ScriptOutlook) -> Iterator[tuple[str, str, str]]:
    """Each setting with what it changes and what starts its first run, in words."""
    unchanged = "(baseline)"
    for name, changes in plan.settings.items():
        lines = "\n".join(f"{path}: {a} -> {b}" for path, (a, b) in changes.items())
        yield name, lines or unchanged, plan.starts[name]
        unchanged = "(nothing: an A/A test)"
