"""Every test image over the seeds: held against loops, and against libraries."""

from __future__ import annotations

import itertools
import math
from collections import Counter

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from failures.made import Probabilities, a_record, an_outcome, some_records, studies, surely
from paribus.errors import RecordError
from paribus.failures.changes import EXACT_SEEDS, EXCHANGES, change_counts
from paribus.failures.outcomes import Outcomes, all_changes, changes, outcomes
from paribus.records.types import Integers
from synthetic import make_records, make_study

Study = tuple[Integers, dict[str, Probabilities]]


def result(study: Study) -> dict[str, Outcomes]:
    return outcomes(some_records(*study))


# ---- one setting ---------------------------------------------------------------------------------


@given(studies())
@settings(max_examples=60, deadline=None)
def test_kinds_match_a_count_by_hand(study: Study) -> None:
    labels, runs = study
    for name, outcome in result(study).items():
        seeds = len(runs[name])
        for image, label in enumerate(labels):
            wrong = 0
            for seed in range(seeds):
                row = np.log(runs[name][seed, image]).astype(np.float32).tolist()
                wrong += row.index(max(row)) != label
            some = "systematic" if wrong == seeds else "seed-dependent"
            mistaken = some if seeds > 1 else "one-seed"
            assert outcome.wrong[image] == wrong
            assert outcome.kinds[image] == (mistaken if wrong else "right")


@given(studies())
@settings(max_examples=60, deadline=None)
def test_the_rival_is_the_most_frequent_wrong_answer_and_the_target_is_what_was_said(
    study: Study,
) -> None:
    labels, _ = study
    for outcome in result(study).values():
        # Sums of the same numbers in another order may differ in the last digits.
        likely = outcome.probability.round(12)
        for image, label in enumerate(labels.tolist()):
            votes = Counter(outcome.predicted[:, image].tolist())
            others = [k for k in range(len(outcome.classes)) if k != label]
            best = max(others, key=lambda k: (votes[k], likely[image, k]))
            rival = int(outcome.rival[image])
            assert (votes[rival], likely[image, rival]) == (votes[best], likely[image, best])
            assert outcome.target[image] == (rival if outcome.wrong[image] else label)
            assert outcome.rival_probability[image] == outcome.probability[image, rival]


@given(studies())
@settings(max_examples=30, deadline=None)
def test_the_margin_is_positive_just_where_the_true_class_is_the_likeliest(study: Study) -> None:
    labels, _ = study
    for outcome in result(study).values():
        for image, label in enumerate(labels):
            row = outcome.probability[image]
            other = max(np.delete(row, label))
            assert outcome.margin[image] == pytest.approx(math.log(row[label] / other))


def test_a_probability_of_nothing_has_a_margin_all_the_same() -> None:
    log_of_nothing = surely([[0]], 2, sure=1 - 1e-30)
    (record,) = some_records([1], {"main": np.maximum(log_of_nothing, 1e-30)})
    assert record.predictions is not None and record.predictions.last is not None
    record.predictions.last[0, 1] = -np.inf
    assert outcomes([record])["main"].margin[0] < -700


def test_seeds_come_in_their_order_whatever_that_of_the_records() -> None:
    records = make_records(make_study(seeds=3, epochs=1))
    forth, back = outcomes(records), outcomes(records[::-1])
    assert list(forth) == ["main", "batch-norm", "l2"] == list(back)[::-1]
    assert back["l2"].seeds == (0, 1, 2)
    np.testing.assert_array_equal(forth["l2"].predicted, back["l2"].predicted)
    np.testing.assert_array_equal(forth["l2"].probability, back["l2"].probability)


def test_failed_runs_and_settings_without_a_finished_run_are_left_out() -> None:
    labels, probability = np.array([0, 1]), surely([[0, 1]], 2)[0]
    records = [
        a_record("main", 0, labels, probability, failed=True),
        a_record("main", 1, labels, probability),
        a_record("never", 0, labels, probability, failed=True),
    ]
    outcome = outcomes(records)
    assert list(outcome) == ["main"]
    assert outcome["main"].seeds == (1,)
    assert all_changes(outcome, "never") == {}


def test_runs_of_a_setting_with_other_test_images_are_refused_by_name() -> None:
    labels, probability = np.array([0, 1]), surely([[0, 1]], 2)[0]
    first, second = (
        a_record("main", 0, labels, probability),
        a_record("main", 3, labels[::-1], probability),
    )
    with pytest.raises(RecordError, match=r"main, seed 3: its test images .* of seed 0"):
        outcomes([first, second])


def test_a_setting_that_was_tested_on_other_images_is_left_out() -> None:
    labels, probability = np.array([0, 1]), surely([[0, 1]], 2)[0]
    first, second, third = (
        a_record("main", 0, labels, probability),
        a_record("l2", 3, labels[::-1], probability),
        a_record("bn", 0, labels, probability),
    )
    assert list(outcomes([first, second, third])) == ["main", "bn"]


def test_rows_are_found_by_the_numbers_of_images() -> None:
    outcome = an_outcome([0, 1, 0], surely([[0, 1, 0]], 2))
    assert outcome.index.tolist() == [5, 7, 9]
    assert outcome.rows(np.array([9, 5])).tolist() == [2, 0]
    with pytest.raises(KeyError):
        outcome.rows(np.array([6]))


def test_two_hundred_classes_are_no_exception() -> None:
    labels = np.arange(400) % 200
    outcome = an_outcome(labels.tolist(), surely(np.stack([(labels + 1) % 200, labels]), 200))
    assert set(outcome.kinds) == {"seed-dependent"}
    np.testing.assert_array_equal(outcome.rival, (labels + 1) % 200)
    np.testing.assert_array_equal(outcome.votes.sum(axis=1), 2)


# ---- a variation ---------------------------------------------------------------------------------


@given(studies())
@settings(max_examples=60, deadline=None)
def test_changes_match_a_count_by_hand_over_paired_seeds(study: Study) -> None:
    labels, _ = study
    outcome = result(study)
    (change,) = all_changes(outcome, "main").values()
    main, l2 = outcome["main"], outcome["l2"]
    paired = range(min(len(main.seeds), len(l2.seeds)))
    assert change.seeds == tuple(paired)
    for image, label in enumerate(labels):
        before = [main.predicted[seed, image] != label for seed in paired]
        after = [l2.predicted[seed, image] != label for seed in paired]
        fixed = sum(b and not a for b, a in zip(before, after, strict=True))
        broken = sum(a and not b for b, a in zip(before, after, strict=True))
        assert (change.fixed[image], change.broken[image]) == (fixed, broken)
        half = len(paired) / 2
        verdict = ""
        if sum(before) > half and len(paired) - sum(after) > half:
            verdict = "fixed"
        if len(paired) - sum(before) > half and sum(after) > half:
            verdict = "broken"
        assert change.verdicts[image] == verdict


def test_wrong_in_just_half_of_the_seeds_is_neither_fixed_nor_broken() -> None:
    main = an_outcome([0], surely([[0], [1]], 2))
    other = an_outcome([0], surely([[0], [0]], 2))
    assert changes(main, other).verdicts.tolist() == [""]


# ---- uncertainty ---------------------------------------------------------------------------------


def by_hand(main: Outcomes, other: Outcomes) -> list[tuple[int, int]]:
    """Fixed and broken under each way of exchanging the runs of some seeds."""
    wrong = [(one.predicted != one.labels).tolist() for one in (main, other)]
    seeds, images = range(len(main.seeds)), range(len(main.labels))
    counts = []
    for exchanged in itertools.product([0, 1], repeat=len(main.seeds)):
        fixed = broken = 0
        for image in images:
            before = sum(wrong[exchanged[seed]][seed][image] for seed in seeds)
            after = sum(wrong[1 - exchanged[seed]][seed][image] for seed in seeds)
            fixed += before > len(seeds) / 2 > after
            broken += after > len(seeds) / 2 > before
        counts.append((fixed, broken))
    return counts


@given(st.integers(1, 5), st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_p_is_counted_over_every_exchange(seeds: int, number: int) -> None:
    random = np.random.default_rng(number)
    answers = random.integers(0, 2, (2, seeds, 9)).tolist()
    main, other = (an_outcome([0] * 9, surely(outcome, 2)) for outcome in answers)
    counts, theirs = change_counts(main, other), by_hand(main, other)
    assert counts is not None
    observed = theirs[0]
    assert (counts.fixed, counts.broken) == observed
    far = abs(observed[0] - observed[1])
    assert counts.p == pytest.approx(np.mean([abs(f - b) >= far for f, b in theirs]))
    assert counts.p >= 2 / 2**seeds or counts.p == 1


def test_counts_a_seed_are_means_of_what_each_seeds_two_runs_disagree_on() -> None:
    main = an_outcome([0, 0, 0], surely([[1, 1, 0], [1, 0, 0]], 2))
    other = an_outcome([0, 0, 0], surely([[0, 0, 0], [0, 0, 1]], 2))
    counts = change_counts(main, other)
    assert counts is not None
    assert (counts.fixed_a_seed.estimate, counts.broken_a_seed.estimate) == (1.5, 0.5)
    assert (counts.seeds, counts.fixed, counts.broken) == (2, 1, 0)


def test_without_a_paired_seed_there_is_nothing_to_count() -> None:
    labels, probability = np.array([0]), surely([[1]], 2)[0]
    outcome = outcomes(
        [a_record("main", 0, labels, probability), a_record("l2", 1, labels, probability)]
    )
    assert change_counts(outcome["main"], outcome["l2"]) is None
    assert all_changes(outcome, "main")["l2"].verdicts.tolist() == [""]


def noise(random: np.random.Generator, seeds: int, ease: npt.NDArray[np.float64]) -> Outcomes:
    """Runs that get each of the images right with a probability of its own."""
    wrong = random.random((seeds, len(ease))) > ease
    return an_outcome([0] * len(ease), surely(wrong.astype(int).tolist(), 2))


def test_a_variation_that_changes_nothing_fixes_images_but_no_more_than_chance() -> None:
    random = np.random.default_rng(1)
    ps, fixed, expected, inside = [], [], [], []
    for _ in range(120):
        ease = random.random(60)
        counts = change_counts(noise(random, 7, ease), noise(random, 7, ease))
        assert counts is not None
        chance = counts.by_chance
        assert chance is not None and chance.low is not None and chance.high is not None
        ps.append(counts.p)
        fixed.append(counts.fixed)
        expected.append(chance.expected)
        inside += [chance.low <= n <= chance.high for n in (counts.fixed, counts.broken)]
    assert np.mean(fixed) == pytest.approx(np.mean(expected), rel=0.1)  # regression to the mean
    assert np.mean(inside) > 0.9
    assert np.mean(np.array(ps) <= 0.05) < 0.1


def test_what_chance_would_fix_does_not_depend_on_what_the_variation_fixes() -> None:
    random = np.random.default_rng(2)
    ease = random.random(1000)
    helped = np.where(np.arange(1000) < 150, 0.95, ease)  # every image as likely to be among them
    same, better = (noise(random, 10, law) for law in (ease, helped))
    main = noise(random, 10, ease)
    alike, counts = change_counts(main, same), change_counts(main, better)
    assert alike is not None and counts is not None
    assert counts.by_chance == alike.by_chance and counts.by_chance is not None
    assert counts.by_chance.expected == pytest.approx(alike.fixed, rel=0.3)
    assert counts.by_chance.high is not None
    assert alike.fixed <= counts.by_chance.high < counts.fixed


def test_of_many_seeds_exchanges_are_drawn_always_the_same() -> None:
    random = np.random.default_rng(3)
    ease = random.random(50)
    main, other = (noise(random, EXACT_SEEDS + 3, ease) for _ in range(2))
    first, again = change_counts(main, other), change_counts(main, other)
    assert first is not None
    assert first == again
    verdicts = changes(main, other).verdicts
    assert first.fixed == np.count_nonzero(verdicts == "fixed") > 0
    assert first.broken == np.count_nonzero(verdicts == "broken") > 0
    assert first.p >= 1 / EXCHANGES
