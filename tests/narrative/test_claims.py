"""The sentences on a claim name what was tested, and say no more than the verdict."""

from __future__ import annotations

from dataclasses import replace

import pytest

from paribus.claims.judge import ClaimVerdict, Judged, Verdict
from paribus.claims.statement import (
    Above,
    Answer,
    Equivalent,
    Expectation,
    Inside,
    NotBeyond,
    Statement,
    Toward,
)
from paribus.metrics.metric import Metric
from paribus.metrics.registry import METRICS
from paribus.narrative.claims import MOST_TOLD, evidence, sentence
from paribus.stats.intervals import Interval
from paribus.study.claims import Claim

TOP5 = Metric("top5", "top-5 accuracy", "higher", lambda run: 0.0, unit="share", margin=0.01)
PAIR = ("bn", "main")


def judged(
    expected: Expectation,
    verdict: Verdict,
    *,
    settings: tuple[str, ...] = PAIR,
    metric: Metric = TOP5,
    inside_margin: bool = False,
) -> Judged:
    claimed = Statement(
        settings, metric, expected, 10, Interval(0.02, 0.005, 0.035, 0.95),
        answer=Answer(0.01, 0.02),
    )  # fmt: skip
    return Judged(claimed, verdict, 0.01, 0.02, inside_margin)


NUMBERS = "bn against main, top-5 accuracy: +0.020 [0.005, 0.035] share (95 %) over 10 seeds"


@pytest.mark.parametrize(
    ("expected", "verdict", "inside_margin", "outcome"),
    [
        (Toward("better"), "supported", False, ": better (p = 0.01)."),
        (Toward("better"), "refuted", False, ": worse, not better (p = 0.02)."),
        (
            Toward("higher"),
            "supported",
            True,
            ": higher (p = 0.01); the difference is shown to be smaller than 0.01 share, the "
            "margin.",
        ),
        (
            NotBeyond("not_worse"),
            "supported",
            False,
            ": not worse by 0.01 share or more (p = 0.01).",
        ),
        (NotBeyond("not_worse"), "refuted", False, ": worse by 0.01 share or more (p = 0.02)."),
        (Toward("lower", 0.5), "refuted", False, ": not lower by 0.5 share or more (p = 0.02)."),
        (Toward("lower"), "undecided", False, ": not shown to be lower (p = 0.01)."),
        (Equivalent(), "supported", False, ": equivalent within 0.01 share (p = 0.01)."),
        (Equivalent(), "refuted", False, ": not equivalent within 0.01 share (p = 0.02)."),
        (Inside(0, 1), "supported", False, " lies within 0 to 1 share (p = 0.01)."),
        (Inside(0, 1), "refuted", False, " lies outside 0 to 1 share (p = 0.02)."),
    ],
)
def test_a_sentence_says_its_numbers_and_its_verdict(
    expected: Expectation, verdict: Verdict, inside_margin: bool, outcome: str
) -> None:
    message = sentence(judged(expected, verdict, inside_margin=inside_margin))
    assert message == NUMBERS + outcome


def test_classes_are_ranked_in_a_setting_and_settings_among_themselves() -> None:
    of_classes = sentence(judged(Above("cat", "dog"), "supported", settings=("l2",)))
    assert of_classes.startswith("l2, top-5 accuracy, cat minus dog: +0.020 [")
    assert of_classes.endswith(": cat lies above dog (p = 0.01).")
    of_settings = sentence(judged(Above("bn", "main"), "undecided"))
    assert of_settings.startswith("top-5 accuracy, bn minus main: +0.020 [")


def test_a_mean_is_of_one_setting_and_written_as_a_value() -> None:
    accuracy = METRICS["test_accuracy"]
    mean = judged(Inside(0.4, 0.6), "undecided", settings=("bn",), metric=accuracy)
    assert sentence(mean) == (
        "bn, mean test accuracy: 2.0 [0.5, 3.5] % (95 %) over 10 seeds is not shown to lie within "
        "40 to 60 %, nor outside (p = 0.01)."
    )


@pytest.mark.parametrize(("level", "shown"), [(0.75, "75 %"), (0.984, "98.4 %"), (0.95, "95 %")])
def test_an_interval_says_its_own_level(level: float, shown: str) -> None:
    """As of ranks of three seeds, with looks, and as usual."""
    one = judged(Toward("better"), "supported")
    interval = Interval(0.02, 0.005, 0.035, level)
    message = sentence(replace(one, statement=replace(one.statement, interval=interval)))
    assert f"+0.020 [0.005, 0.035] share ({shown}) over 10 seeds" in message


@pytest.mark.parametrize(
    ("claimed", "reason"),
    [
        (Statement(PAIR, TOP5, Equivalent(), unfinished=("bn",)), "bn has no finished run."),
        (Statement(PAIR, TOP5, Equivalent(), unfinished=PAIR), "bn, main have no finished run."),
        (Statement(PAIR, TOP5, Equivalent()), "No seed has a value in each."),
        (Statement(("bn",), TOP5, Inside(0, 1)), "No run has a value."),
        (Statement(("bn",), TOP5, Above(), 0, agreeing=0), "No run has a value."),
        (Statement(PAIR, TOP5, Equivalent(), 1), "One seed compares two trained networks; "),
        (Statement(("bn",), TOP5, Above(), 1, agreeing=1), "It holds for that one."),
        (Statement(("bn",), TOP5, Above(), 1, agreeing=0), "It does not hold for that one."),
    ],
)
def test_a_statement_without_an_answer_says_why(claimed: Statement, reason: str) -> None:
    assert reason in sentence(Judged(claimed, "undecided", None, None))


def test_of_many_statements_the_one_that_decides_is_told() -> None:
    each = judged(Toward("better"), "supported")
    deciding = replace(each, verdict="refuted")
    many = (*[each] * MOST_TOLD, deciding)
    test = {"setting": "bn", "against": "main", "metric": "top5", "expect": "better"}
    claim = Claim.model_validate({"id": "it", "says": "It is so.", "test": test})
    message = evidence(ClaimVerdict(claim, "refuted", many, deciding))
    assert message.startswith(
        "5 statements: 1 refuted, 4 supported. The one that decides: bn against"
    )
    assert message.count("over 10 seeds") == 1
