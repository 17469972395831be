"""What failed images have in common is told in counts that the runs' answers give."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given

from failures.made import Probabilities, an_outcome, some_records, studies, surely
from paribus.comparison.effects import effects
from paribus.comparison.study import compare
from paribus.failures.changes import change_counts
from paribus.failures.outcomes import outcomes
from paribus.failures.study import Failures
from paribus.metrics.interventions import CENTER_BLANKED, SURROUNDINGS_BLANKED
from paribus.narrative.failed_images import (
    MOST_CONFUSIONS,
    common_confusions,
    hardest,
    on_changes,
    steadiness,
    suspect_labels,
    suspicion_of,
    what_they_look_at,
)
from paribus.records.types import Integers, Interventions, Record
from synthetic import make_records, make_study


def known(
    labels: Sequence[int] | Integers, settings: dict[str, Probabilities], baseline: str = "main"
) -> Failures:
    by_setting = outcomes(some_records(labels, settings))
    return Failures(baseline, by_setting, {}, np.zeros(0, np.int64))


# ---- how steady they are ------------------------------------------------------------------------


def test_failures_of_every_seed_are_told_from_those_of_some() -> None:
    answers = surely([[1, 1, 0, 0], [1, 1, 1, 0], [2, 1, 0, 0]], 3)
    assert steadiness(an_outcome([0, 0, 0, 0], answers)) == (
        "main gets 2 of 4 test images (50.0 %) wrong in each of its 3 seeds: these failures are "
        "systematic. Another 1 of 4 (25.0 %) are wrong in some seeds and right in others: these "
        "depend on the luck of a run."
    )


def test_one_seed_can_not_tell_them_apart() -> None:
    assert steadiness(an_outcome([0, 0, 0, 1], surely([[1, 0, 0, 1]], 2))) == (
        "main gets 1 of 4 test images (25.0 %) wrong in its only seed; which of these failures are "
        "systematic, more seeds would tell."
    )


# ---- confusions and classes ---------------------------------------------------------------------


def test_the_most_common_confusions_are_told_with_their_share_of_all_failures() -> None:
    labels = [0] * 4 + [1] * 4 + [2] * 4
    answers = [[1, 1, 1, 0, 1, 1, 2, 1, 2, 2, 2, 2], [1, 1, 0, 0, 1, 1, 2, 1, 2, 2, 2, 2]]
    assert common_confusions(an_outcome(labels, surely(answers, 3))) == (
        "What stands out among the 3.5 failures in a seed, on average: 0 taken for 1 (2.5) and "
        "1 taken for 2 (1). These 2 are 100 % of all, of 2 that occur."
    )


def test_of_one_seed_nothing_is_an_average() -> None:
    alone = common_confusions(an_outcome([0, 0, 1], surely([[1, 0, 1]], 2)))
    assert alone == (
        "What stands out among the one failure: 0 taken for 1 (1). This confusion is 100 % of all, "
        "the only one that occurs."
    )


def test_without_a_failure_no_confusion_stands_out() -> None:
    assert common_confusions(an_outcome([0, 1], surely([[0, 1]], 2))) == ""


@given(studies())
def test_the_share_is_that_of_the_confusions_named(
    study: tuple[npt.NDArray[np.int64], dict[str, Probabilities]],
) -> None:
    labels, runs = study
    outcome = known(labels, runs).outcomes["main"]
    text = common_confusions(outcome)
    wrong = outcome.predicted != outcome.labels
    if not wrong.any():
        assert text == ""
        return
    pairs, counts = np.unique((outcome.labels * 10 + outcome.predicted)[wrong], return_counts=True)
    share = 100 * np.sort(counts)[::-1][:MOST_CONFUSIONS].sum() / wrong.sum()
    said = re.search(r"(\d+) % of all, (?:of (\d+) that occur|the only one)", text)
    assert said is not None
    assert int(said[1]) == pytest.approx(share, abs=0.51) and int(said[2] or 1) == len(pairs)


def test_the_classes_whose_images_fail_most_are_named_the_worst_first() -> None:
    labels = np.repeat(np.arange(5), 4)
    answers = labels.copy()
    answers[[0, 4, 5, 8, 9, 10]] = 3  # of class 0 one image, of 1 two, of 2 three
    assert hardest(an_outcome(labels.tolist(), surely([answers, answers], 5))) == (
        "Most often wrong are the images of 2 (75.0 %), 1 (50.0 %) and 0 (25.0 %)."
    )


def test_of_three_classes_all_would_be_named_so_none_is() -> None:
    assert hardest(an_outcome([0, 1, 2], surely([[1, 1, 1]], 3))) == ""


# ---- labels -------------------------------------------------------------------------------------


def test_a_label_is_suspect_where_all_networks_of_all_settings_agree_on_another() -> None:
    labels = [0, 0, 1, 2]
    main = surely([[1, 1, 1, 2], [1, 1, 1, 2]], 3)
    l2 = surely([[1, 2, 1, 2], [1, 1, 1, 2]], 3)
    assert suspect_labels(known(labels, {"main": main, "l2": l2})) == (
        "1 image is taken for one and the same other class by all 4 networks: hard images, or "
        "wrong labels: image 5, labeled 0, taken for 1."
    )
    alone = suspect_labels(known(labels, {"main": main}))
    assert alone.startswith("2 images are taken for one and the same other class by all 2 networks")


def test_of_many_suspect_labels_the_first_by_suspicion_are_named() -> None:
    probability = surely([[1, 1, 1, 1, 1, 0]] * 2, 2)
    probability[:, 3] = [0.01, 0.99]
    found = suspect_labels(known([0, 0, 0, 0, 1, 0], {"main": probability}))
    assert found.startswith("4 images are taken") and "; first by suspicion: image 11, " in found
    assert found.count("taken for 1") == 3


def test_without_agreement_that_is_said_and_of_one_network_nothing() -> None:
    labels = [0, 0, 1]
    apart = known(labels, {"main": surely([[1, 0, 1], [0, 1, 1]], 3)})
    assert suspect_labels(apart) == (
        "No image is taken for the same other class by all 2 networks."
    )
    assert suspect_labels(known(labels, {"main": surely([[1, 0, 1]], 3)})) == ""


def test_only_the_most_suspicious_label_is_asked_about() -> None:
    answers = np.zeros(40, int)
    answers[7] = 1
    failures = known([0] * 39 + [1], {"main": surely([answers, answers], 2)})
    suspected = failures.suspicions
    assert suspected is not None
    asked = [row for row in range(40) if suspicion_of(failures, row)]
    assert sorted(suspected.rank[asked].tolist()) == [1, 2]  # 5 % of forty
    first = int(np.argmin(suspected.rank))
    assert suspicion_of(failures, first).startswith("Is the label right? Rank 1 of 40; ")


# ---- what a variation changes, and what networks look at ----------------------------------------


def test_what_a_variation_fixes_and_breaks_stands_against_chance() -> None:
    labels = [0, 0, 0, 1]
    main = surely([[1, 1, 0, 1], [1, 1, 0, 1], [1, 0, 0, 1]], 2)
    l2 = surely([[0, 1, 1, 1], [0, 1, 1, 1], [0, 1, 1, 1]], 2)
    by_setting = known(labels, {"main": main, "l2": l2}).outcomes
    counts = change_counts(by_setting["main"], by_setting["l2"])
    assert counts is not None
    text = on_changes("l2", counts).replace("\u00a0", " ")
    assert text.startswith("l2 fixes 1 image and breaks 1 over 3 seeds; by chance alone it would ")
    assert text.endswith("for fixing as many as it breaks).")
    assert "by chance" not in on_changes("l2", replace(counts, by_chance=None))


STUDY = make_study(seeds=4, epochs=2, settings=["main", "l2"])
IMAGES = 100
RECORDS = make_records(STUDY, images=IMAGES)


def changed(record: Record, center: float, around: float) -> Interventions:
    """A network that keeps its answers on so many images without center, or surroundings."""
    assert record.predictions is not None
    answers = record.predictions.predicted
    draw = np.random.default_rng(record.facts.seed)

    def kept(share: float) -> Integers:
        other = (answers + 1 + draw.integers(0, 9, IMAGES)) % 10
        return np.where(draw.random(IMAGES) < share, answers, other)

    predicted = {CENTER_BLANKED: kept(center), SURROUNDINGS_BLANKED: kept(around)}
    return Interventions(predicted=predicted, outside=np.array([0.3, 0.4, 0.5], np.float32))


@pytest.mark.parametrize(
    ("center", "around", "says"),
    [
        (0.1, 0.9, "Wrong answers too rest on the center more than on the surroundings"),
        (0.9, 0.1, "Wrong answers rest on the surroundings more than on the center"),
        (0.5, 0.5, "Whether wrong answers rest on the surroundings or the center is undecided"),
    ],
)
def test_what_wrong_answers_rest_on_is_said_as_far_as_it_is_shown(
    center: float, around: float, says: str
) -> None:
    analyzed = {record.key: changed(record, center, around) for record in RECORDS}
    made = effects(STUDY, RECORDS, analyzed)
    text = what_they_look_at(made, compare(STUDY, RECORDS, analyzed), "main")
    assert text.startswith("Shown only the center of each image, main is right in ")
    assert "would be chance). " in text and says in text
    assert re.search(r"\(reliance .*, 95 % interval \[.*\]\)\.$", text)
    own = {e.intervention.name: e for e in made if e.setting == "main"}
    seen = float(own[SURROUNDINGS_BLANKED].accuracy.estimate)
    assert f"main is right in {100 * seen:.1f} % of the images" in text


def test_without_an_analysis_nothing_is_said_of_it() -> None:
    assert what_they_look_at((), None, "main") == ""
    analyzed = {record.key: changed(record, 0.5, 0.5) for record in RECORDS}
    text = what_they_look_at(effects(STUDY, RECORDS, analyzed), None, "main")
    assert text.endswith("would be chance).")
