"""What was planned and what was changed later, in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from paribus.comparison.compare import Comparison
from paribus.metrics.registry import METRICS
from paribus.narrative.planned import NOT_KNOWN, PLANNED, on_changes, on_ledger, on_verdict
from paribus.study.ledger import NO_LEDGER, Change, Ledger
from synthetic import make_study

STUDY = make_study()
KEPT = Ledger(plan={"seeds": 5}, planned=True, seen=15, looked_at=True)
ACCURACY = Comparison("l2", METRICS["test_accuracy"], 5, 0, 0.01)
LOSS = replace(ACCURACY, metric=METRICS["test_loss"])
OTHER = replace(ACCURACY, variation="batch-norm")
SEEDS = Change("seeds", 5, 10, 15)


def changed(*changes: Change) -> Ledger:
    return replace(KEPT, changes=changes)


def test_a_plan_that_was_kept_is_planned() -> None:
    assert on_verdict(KEPT, STUDY, ACCURACY) == PLANNED
    assert on_ledger(KEPT) == (
        "What was planned before the first run, and all changes of it, are in ledger.jsonl. "
        "Nothing was changed after results had been seen."
    )


def test_without_a_whole_ledger_nothing_is_known() -> None:
    assert on_verdict(NO_LEDGER, STUDY, ACCURACY) == NOT_KNOWN
    assert "there is no ledger.jsonl" in on_ledger(NO_LEDGER)
    damaged = replace(KEPT, damaged=3)
    assert on_verdict(damaged, STUDY, ACCURACY) == NOT_KNOWN
    assert "from line 3 on" in on_ledger(damaged)
    assert "A line of ledger.jsonl was cut short" in on_ledger(replace(KEPT, cut_short=1))


def test_other_seeds_touch_every_verdict() -> None:
    for c in (ACCURACY, LOSS, OTHER):
        said = on_verdict(changed(SEEDS), STUDY, c)
        assert said == "changed after 15 runs had been seen: seeds 5 -> 10"


@pytest.mark.parametrize(
    ("change", "touched"),
    [
        (Change("margin", 0.01, 0.02, 1), [ACCURACY, OTHER]),
        (Change("primary", "test_loss", "test_accuracy", 1), [ACCURACY, OTHER]),
        (Change("metrics.test_loss", None, {"margin": 0.1}, 1), [LOSS]),
        (Change("variations.l2", None, {"optimizer.lr": 0.1}, 1), [ACCURACY, LOSS]),
        (Change("variations.gone", {"optimizer.lr": 0.1}, None, 1), [ACCURACY, LOSS, OTHER]),
        (Change("epochs", 10, 20, 1), [ACCURACY, LOSS, OTHER]),
        (Change("claims.c1", None, {}, 1), []),
    ],
)
def test_a_change_is_said_beside_the_verdicts_that_it_touches(
    change: Change, touched: list[Comparison]
) -> None:
    ledger = changed(change)
    said = [c for c in (ACCURACY, LOSS, OTHER) if on_verdict(ledger, STUDY, c) != PLANNED]
    assert said == touched


def test_several_changes_are_one_clause_for_each_number_of_runs_seen() -> None:
    ledger = changed(
        SEEDS,
        Change("margin", 0.01, 0.02, 15),
        Change("seeds", 10, {"until": "decided", "looks": None, "most": 40}, 30),
    )
    assert on_verdict(ledger, STUDY, ACCURACY) == (
        "changed after 15 runs had been seen: seeds 5 -> 10 and margin 0.01 -> 0.02; changed after "
        "30 runs had been seen: seeds 10 -> until decided, at most 40"
    )


def test_before_training_only_new_changes_are_told_and_what_follows() -> None:
    ledger = changed(Change("margin", 0.01, 0.02, 15), SEEDS)
    assert on_changes(ledger, 2, STUDY) == ""
    said = on_changes(ledger, 1, STUDY)
    assert said.startswith("Changed after 15 runs had been seen: seeds 5 -> 10. The report says so")
    assert "holds however often one looks" in said
    assert "margin" not in said
