"""What the tests of runs on Ray share: a study, what is heard of tasks, and equal records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from paribus.events import Event, WorkerKilled
from paribus.execution.place import Outcome, Task
from paribus.places.ray_place import RayPlace
from paribus.places.settings import RaySettings
from paribus.records.analyses import analysis_folder
from paribus.records.store import read_record, read_weights, run_folder
from paribus.study.spec import Study

#: Ray leaves the logs of the processes that it starts open, and doesn't wait for their end.
RAY_WARNINGS = [
    pytest.mark.filterwarnings(warning)
    for warning in (
        "ignore:unclosed file .*session_:ResourceWarning",
        "ignore:subprocess [0-9]+ is still running:ResourceWarning",
        "ignore:Exception ignored in. <_io.FileIO name=.*session_"
        ":pytest.PytestUnraisableExceptionWarning",
        "ignore:Exception ignored in. <function Popen.__del__"
        ":pytest.PytestUnraisableExceptionWarning",
    )
]


def digits() -> Study:
    """The smallest study of two settings."""
    return Study.model_validate(
        {
            "name": "small",
            "data": {"source": "digits", "size": 16},
            "epochs": 2,
            "seeds": 1,
            "batch_size": 64,
            "variations": {"l2": {"optimizer.weight_decay": 0.01}},
        }
    )


class Heard:
    """What a place tells while it performs tasks."""

    def __init__(self, then: Callable[[Event], None] = lambda event: None) -> None:
        self.events: list[Event] = []
        self.outcomes: list[Outcome] = []
        self._then = then

    def event(self, event: Event) -> None:
        self.events.append(event)
        self._then(event)

    @property
    def statuses(self) -> list[str]:
        return [o.status for o in sorted(self.outcomes, key=lambda o: o.run.seed)]

    @property
    def killed(self) -> list[str]:
        return [event.message for event in self.events if isinstance(event, WorkerKilled)]


def perform(
    out: Path, tasks: Sequence[Task], heard: Heard, address: str | None, **settings: object
) -> Heard:
    place = RayPlace(out, address, RaySettings.model_validate(settings))
    with place:
        returned = place.perform(tasks, heard.event, heard.outcomes.append)
    assert returned == heard.outcomes
    return heard


def require_same(one: Path, other: Path, setting: str) -> None:
    folders = [run_folder(out, setting, 0) for out in (one, other)]
    first, second = map(read_record, folders)
    assert first.predictions is not None
    assert second.predictions is not None
    for name, values in vars(first.predictions).items():
        np.testing.assert_array_equal(values, vars(second.predictions)[name])
    assert first.curves.series.keys() == second.curves.series.keys()
    for name, series in first.curves.series.items():
        np.testing.assert_array_equal(series.values, second.curves.series[name].values)
    for when in ("last", "best"):
        weights = [read_weights(folder, when) for folder in folders]
        assert weights[0].keys() == weights[1].keys()
        for name, values in weights[0].items():
            np.testing.assert_array_equal(values, weights[1][name])
    git = {"git_commit": None, "git_dirty": None}  # somebody may commit between the two runs
    environments = [of.facts.environment.model_copy(update=git) for of in (first, second)]
    assert environments[0] == environments[1]
    analyses = [analysis_folder(out, setting, 0) for out in (one, other)]
    files = [{p.name: p.read_bytes() for p in folder.iterdir()} for folder in analyses]
    assert files[0] == files[1]
