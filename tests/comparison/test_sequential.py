"""Seeds added until decided: the path over the looks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from paribus.comparison.sequential import follow_looks, seeds_wanted
from paribus.errors import ComparisonError
from paribus.metrics.registry import METRICS
from paribus.narrative.comparisons import notes
from paribus.records.types import Failure, Record
from paribus.stats.multiplicity import nominal_level
from paribus.stats.paired import t_interval
from paribus.study.spec import Study
from synthetic import make_records, make_study

ACCURACY = METRICS["test_accuracy"]
LOOKS = (5, 8, 12, 20)
RNG = np.random.default_rng(20260104)
BASELINE = RNG.normal(0.5, 0.01, 20)
CLEAR = BASELINE + 0.05 + RNG.normal(0, 0.005, 20)
SAME = BASELINE + RNG.normal(0, 0.002, 20)
NOISY = BASELINE + np.where(np.arange(20) % 2, 0.06, -0.05)


def test_before_the_first_look_each_variation_needs_the_first_look() -> None:
    seed_paths = follow_looks(BASELINE[:4], {"clear": CLEAR[:4]}, ACCURACY, LOOKS)
    assert seed_paths["clear"].path == ()
    assert seed_paths["clear"].next_look == 5
    assert not seed_paths["clear"].decided


def test_the_decided_stop_and_only_the_undecided_go_on() -> None:
    seen = {"clear": CLEAR[:5], "same": SAME[:5], "noisy": NOISY[:5]}
    seed_paths = follow_looks(BASELINE[:5], seen, ACCURACY, LOOKS)
    assert [seed_paths[name].path[-1].verdict for name in seen] == [
        "better",
        "equivalent",
        "undecided",
    ]
    assert [seed_paths[name].next_look for name in seen] == [None, None, 8]


def test_seeds_beyond_the_look_that_decided_change_nothing() -> None:
    at_five = follow_looks(BASELINE[:5], {"clear": CLEAR[:5]}, ACCURACY, LOOKS)
    later = follow_looks(BASELINE, {"clear": CLEAR}, ACCURACY, LOOKS)
    assert later == at_five


def test_seeds_between_looks_are_not_looked_at() -> None:
    at_five = follow_looks(BASELINE[:5], {"noisy": NOISY[:5]}, ACCURACY, LOOKS)
    at_seven = follow_looks(BASELINE[:7], {"noisy": NOISY[:7]}, ACCURACY, LOOKS)
    assert at_seven == at_five


def test_the_budget_ends_an_undecided_course() -> None:
    seed_path = follow_looks(BASELINE, {"noisy": NOISY}, ACCURACY, LOOKS)["noisy"]
    assert [look.n_seeds for look in seed_path.path] == [5, 8, 12, 20]
    assert seed_path.next_look is None
    assert not seed_path.decided


def test_intervals_allow_for_all_the_looks() -> None:
    seen = follow_looks(BASELINE, {"noisy": NOISY}, ACCURACY, LOOKS)["noisy"].path[1]
    expected = t_interval(NOISY[:8] - BASELINE[:8], 1 - nominal_level(LOOKS))
    assert [seen.low, seen.high] == pytest.approx([expected.low, expected.high])


def test_a_p_value_that_would_do_for_one_look_does_not_for_four() -> None:
    d = np.array([0.02, 0.11, 0.05, 0.02, 0.09])  # p = 0.03
    seed_path = follow_looks(BASELINE[:5], {"x": BASELINE[:5] + d}, ACCURACY, LOOKS)["x"]
    seen = seed_path.path[0]
    assert seen.p is not None
    assert seen.p_adjusted is not None
    assert nominal_level(LOOKS) < seen.p < 0.05 < seen.p_adjusted
    assert seen.verdict == "undecided"
    assert any("not significant" in note for note in notes(seen))


def test_variations_not_yet_trained_count_in_the_adjustment() -> None:
    d = np.array([0.05, 0.08, 0.06, 0.03, 0.07]) - 0.018  # enough alone, not among two
    alone = follow_looks(BASELINE[:5], {"x": BASELINE[:5] + d}, ACCURACY, LOOKS)
    among = follow_looks(BASELINE[:5], {"x": BASELINE[:5] + d, "y": []}, ACCURACY, LOOKS)
    p_alone, p_among = (c["x"].path[0].p_adjusted for c in (alone, among))
    assert p_alone is not None
    assert p_among == pytest.approx(2 * p_alone)
    assert among["y"].next_look == 5


def test_a_verdict_stands_once_given() -> None:
    """One is found better at once; that its difference then shrinks to 0 comes too late."""
    x, y = CLEAR.copy(), NOISY.copy()
    x[5:] = BASELINE[5:]
    seed_paths = follow_looks(BASELINE, {"x": x, "y": y}, ACCURACY, LOOKS)
    assert [look.verdict for look in seed_paths["x"].path] == ["better"]
    assert len(seed_paths["y"].path) == 4


def test_an_early_stop_is_said() -> None:
    stopped = follow_looks(BASELINE, {"clear": CLEAR}, ACCURACY, LOOKS)["clear"].path[-1]
    last = follow_looks(BASELINE, {"noisy": NOISY}, ACCURACY, LOOKS)["noisy"].path[-1]
    assert stopped.stopped_early
    assert not last.stopped_early


def test_looks_that_cannot_be_used_are_refused() -> None:
    with pytest.raises(ComparisonError, match="increasing looks"):
        follow_looks(BASELINE, {"clear": CLEAR}, ACCURACY, (8, 5))


def seen(failing: str, messages: dict[int, str]) -> tuple[Study, list[Record]]:
    """A study after its first look, at which runs of a setting have failed with messages."""
    study = make_study(seeds=5, epochs=2)
    records = [
        replace(
            record,
            facts=record.facts.model_copy(
                update={"status": "failed", "failure": Failure(message=messages[record.key[1]])}
            ),
            predictions=None,
        )
        if record.key[0] == failing and record.key[1] in messages
        else record
        for record in make_records(study, images=60)
    ]
    looks = {"until": "decided", "looks": [5, 8]}
    # A margin so small that nothing is decided early.
    return Study.model_validate(study.model_dump() | {"seeds": looks, "margin": 1e-9}), records


def test_a_setting_that_failed_for_one_reason_in_all_its_seeds_gets_no_more() -> None:
    wanted = seeds_wanted(*seen("l2", dict.fromkeys(range(5), "out of memory")))
    assert wanted["l2"] == 5


def test_one_that_failed_in_some_or_for_several_reasons_goes_on() -> None:
    some = seeds_wanted(*seen("l2", dict.fromkeys(range(4), "out of memory")))
    several = seeds_wanted(*seen("l2", {seed: f"no. {seed}" for seed in range(5)}))
    assert some["l2"] == several["l2"] == 8


def test_where_the_baseline_fails_no_setting_gets_more() -> None:
    wanted = seeds_wanted(*seen("main", dict.fromkeys(range(5), "out of memory")))
    assert set(wanted.values()) == {5}
