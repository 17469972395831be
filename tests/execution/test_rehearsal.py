"""A rehearsal: times come from the engine that will train, and grow with what there is to do."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from paribus.events import Event
from paribus.execution import rehearsal
from paribus.execution.rehearsal import Amounts, Rehearsal, Rehearsed
from paribus.records.types import EngineFacts
from paribus.study.plan import TrainedRun, settings
from paribus.study.spec import Study
from paribus.training import steps

Build = Callable[..., Study]
FEW = Amounts((1, 16, 16), 10, training=256, validation=500, test=64, explained=8)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each second that an action takes is a second more than before: times are counts."""
    clock = iter(range(1_000_000))
    monkeypatch.setattr("time.perf_counter", lambda: float(next(clock)))
    monkeypatch.setattr(rehearsal, "MAPS", 2)


def rehearsed(study: Study, amounts: Amounts, engine: EngineFacts | None = None) -> Rehearsed:
    heard: list[Event] = []
    Rehearsal(TrainedRun(settings(study)[0], 0), amounts, engine, 0.0).perform(heard.append)
    (found,) = heard
    assert isinstance(found, Rehearsed)
    return found


def test_steps_are_those_of_the_engine_that_will_train(
    small_study: Build, native: EngineFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: list[EngineFacts | None] = []

    def steps_by(engine: EngineFacts | None, *rest: Any) -> Any:
        measured.append(engine)
        return steps.steps_by(engine, *rest)

    monkeypatch.setattr(rehearsal, "steps_by", steps_by)
    for engine in (None, native):
        rehearsed(small_study(variations={}), FEW, engine)
    assert measured == [None, native]


@pytest.mark.parametrize(
    ("more", "run", "analysis"),
    [
        ({"training": 512}, True, True),  # each has its nearest training images found
        ({"validation": 1000}, True, False),
        ({"test": 128}, True, True),
        ({"explained": 16}, False, True),
    ],
)
def test_more_images_take_longer_where_they_are_used(
    small_study: Build, more: dict[str, Any], run: bool, analysis: bool
) -> None:
    study = small_study(variations={}, epochs=3, batch_size=32)
    few, many = (rehearsed(study, of) for of in (FEW, replace(FEW, **more)))
    assert (many.run_seconds > few.run_seconds * 1.001) == run
    assert (many.analysis_seconds > few.analysis_seconds * 1.001) == analysis


def test_epochs_multiply_all_but_the_tests_at_the_end(small_study: Build) -> None:
    one, three = (
        rehearsed(small_study(variations={}, epochs=n, batch_size=32), FEW).run_seconds
        for n in (1, 3)
    )
    assert 2 < three / one < 3


def test_a_network_that_can_not_be_analyzed_is_still_timed(
    small_study: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rehearsal, "intervened", lambda *_: 1 / 0)
    found = rehearsed(small_study(variations={}), FEW)
    assert found.run_seconds > 0 and found.analysis_seconds == 0
