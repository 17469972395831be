"""What is said of the metric that decides."""

from __future__ import annotations

from typing import Any

import pytest

from found.making import declared, found, predicted
from paribus.found.metrics import measured
from paribus.found.points import point_of
from paribus.found.taken import on_primary
from paribus.sources.run import FoundRun


def said(run: FoundRun, **words: Any) -> str:
    all_said = declared(**words)
    metrics = measured([run], all_said)
    point = point_of(all_said, run.metrics, metrics)
    return on_primary(metrics, point, all_said.margin is not None)


@pytest.mark.parametrize(
    ("run", "words", "sentence"),
    [
        (
            found("a", val_acc=0.9), {},
            "val_acc decides, at the end: higher is better, as its name says; differences up to "
            "one point don't matter, unless you declare another margin.",
        ),
        (
            found("a", acc=91.0), {"margin": 0.5, "metrics": {"acc": {"better": "higher"}}},
            "acc decides, at the end: higher is better; differences up to 0.5 points don't matter.",
        ),
        (
            found("a", time=9.0), {"metrics": {"time": {"margin": 3, "unit": "s"}}},
            "time decides, at the end: lower is better, as its name says; differences up to 3 s "
            "don't matter.",
        ),
        (
            found("a", fid=[9.0, 8.0]), {"at": 2},
            "fid decides, at 2, or last before it: lower is better, as its name says. No margin is "
            "declared, so nothing can be equivalent.",
        ),
        (
            found("a", predictions=predicted("ab", "ab")), {},
            "test_accuracy decides: it follows from the predictions.",
        ),
    ],
)  # fmt: skip
def test_what_is_taken_is_said_and_what_is_declared_is_not_called_taken(
    run: FoundRun, words: dict[str, Any], sentence: str
) -> None:
    assert said(run, **words) == sentence


@pytest.mark.parametrize("at", ["best:val/acc", "best:acc"])
def test_that_a_best_value_is_too_good_is_said_however_the_metric_is_named(at: str) -> None:
    text = said(found("a", val__acc=[0.5, 0.6]), at=at)
    assert "where val/acc is best" in text and "better than a new evaluation" in text
