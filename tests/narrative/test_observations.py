"""Observations follow the verdicts, are bound to numbers, and pass over what is missing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from oracles import statsmodels_holm
from paribus.claims.judge import judge
from paribus.comparison.compare import Comparison
from paribus.comparison.pairs import SettingPairs
from paribus.comparison.study import StudyComparison, compare
from paribus.metrics.metric import Wording
from paribus.metrics.registry import CAUSES, METRICS
from paribus.narrative.claims import evidence
from paribus.narrative.differences import MOST_NAMED, Observation, Undecided, plural
from paribus.narrative.numbers import value_of
from paribus.narrative.observations import Observations, observe
from paribus.narrative.words import listed
from paribus.records.types import Curves, Record
from paribus.stats.multiplicity import nominal_level
from paribus.stats.sample import Verdict
from paribus.study.spec import Study
from synthetic import changed_curves, make_records, make_study

CLASSES = ("cat", "dog", "ship")


@pytest.fixture(scope="module")
def study() -> Study:
    return make_study(seeds=6, epochs=30)


@pytest.fixture(scope="module")
def records(study: Study) -> list[Record]:
    return make_records(study, classes=CLASSES, images=150)


@pytest.fixture(scope="module")
def compared(study: Study, records: list[Record]) -> StudyComparison:
    return compare(study, records)


def changed(
    compared: StudyComparison, metric: str, change: Callable[[Comparison], Comparison]
) -> StudyComparison:
    """With the comparisons on one metric changed."""
    made = [change(c) if c.metric.name == metric else c for c in compared.comparisons]
    return replace(compared, comparisons=tuple(made))


def judged(
    compared: StudyComparison,
    metric: str,
    verdict: Verdict,
    sign: int,
    of: Sequence[str] = ("batch-norm", "l2"),
) -> StudyComparison:
    """As if the comparisons of these variations on a metric had come out so."""

    def change(c: Comparison) -> Comparison:
        if c.variation not in of:
            return c
        ratio = c.metric.compare == "ratio"
        ends = (1.1, 1.05, 1.15) if ratio else (0.02, 0.01, 0.03)
        if sign < 0:
            ends = (0.9, 0.85, 0.95) if ratio else (-0.02, -0.03, -0.01)
        estimate, low, high = ends
        return replace(
            c, verdict=verdict, estimate=estimate, low=low, high=high, difference=sign * 0.02,
            p=0.01, p_adjusted=0.02, p_equivalence_adjusted=0.03,
        )  # fmt: skip

    return changed(compared, metric, change)


def about(compared: StudyComparison, topic: str) -> Observation:
    return next(of for of in observe(compared).points if of.topic == topic)


def everything(compared: StudyComparison) -> str:
    """All that is said of a study, but for what is undecided."""
    return " ".join(of.text for of in observe(compared).points)


@pytest.mark.parametrize(
    ("metric", "topic", "sign", "verdict", "one", "both", "numbers"),
    [
        (
            "train_cpu_seconds", "Training time", 1, "worse",
            "l2 takes longer to train.", "batch-norm and l2 take longer to train.",
            "l2: 1.100 times the baseline's, 95 % interval [1.050, 1.150], 6 seeds, p = 0.02.",
        ),
        (
            "train_cpu_seconds", "Training time", -1, "better",
            "l2 takes less time to train.", "batch-norm and l2 take less time to train.",
            "l2: 0.900 times the baseline's, 95 % interval [0.850, 0.950], 6 seeds, p = 0.02.",
        ),
        (
            "test_loss", "Test loss", -1, "better",
            "l2 has the lower test loss.", "batch-norm and l2 have the lower test loss.",
            "l2: -0.020 nats, 95 % interval [-0.030, -0.010], 6 seeds, p = 0.02.",
        ),
        (
            "epochs_to_loss", "Speed of learning", -1, "better",
            "l2 learns faster.", "batch-norm and l2 learn faster.",
            "l2: -0.020 epochs, 96.9 % interval [-0.030, -0.010], 6 seeds, p = 0.02.",
        ),
        (
            "epochs_to_loss", "Speed of learning", 1, "worse",
            "l2 learns more slowly.", "batch-norm and l2 learn more slowly.",
            "l2: +0.020 epochs, 96.9 % interval [0.010, 0.030], 6 seeds, p = 0.02.",
        ),
        (
            "roughness", "Smoothness before overfitting", -1, "better",
            "l2 has the smoother validation curve until overfitting starts.",
            "batch-norm and l2 have the smoother validation curve until overfitting starts.",
            "l2: -0.020, 96.9 % interval [-0.030, -0.010], 6 seeds, p = 0.02.",
        ),
        (
            "roughness", "Smoothness before overfitting", 1, "worse",
            "l2 has the rougher validation curve until overfitting starts.",
            "batch-norm and l2 have the rougher validation curve until overfitting starts.",
            "l2: +0.020, 96.9 % interval [0.010, 0.030], 6 seeds, p = 0.02.",
        ),
        (
            "best_epoch", "Where overfitting starts", 1, "higher",
            "main overfits after epoch 15.5; l2 overfits later.",
            "main overfits after epoch 15.5; batch-norm and l2 overfit later.",
            "l2: +0.020 epochs, 96.9 % interval [0.010, 0.030], 6 seeds, p = 0.02.",
        ),
        (
            "best_epoch", "Where overfitting starts", -1, "lower",
            "main overfits after epoch 15.5; l2 overfits earlier.",
            "main overfits after epoch 15.5; batch-norm and l2 overfit earlier.",
            "l2: -0.020 epochs, 96.9 % interval [-0.030, -0.010], 6 seeds, p = 0.02.",
        ),
        (
            "test_accuracy", "Test accuracy", 1, "better",
            "l2 is better than main by 2.00 points in test accuracy.",
            "batch-norm and l2 are better than main in test accuracy.",
            "l2: +2.00 points, 95 % interval [1.00, 3.00], 6 seeds, p = 0.02.",
        ),
        (
            "test_accuracy", "Test accuracy", -1, "worse",
            "l2 is worse than main by 2.00 points in test accuracy.",
            "batch-norm and l2 are worse than main in test accuracy.",
            "l2: -2.00 points, 95 % interval [-3.00, -1.00], 6 seeds, p = 0.02.",
        ),
        (
            "test_accuracy", "Test accuracy", 1, "equivalent",
            "l2 differs from main by less than 1 point.",
            "batch-norm and l2 differ from main by less than 1 point.",
            "l2: +2.00 points, 95 % interval [1.00, 3.00], 6 seeds, "
            "p = 0.03 against 1 point or more.",
        ),
    ],
)  # fmt: skip
def test_a_verdict_is_said_in_the_direction_that_it_has_with_the_numbers_below(
    compared: StudyComparison,
    metric: str,
    topic: str,
    sign: int,
    verdict: Verdict,
    one: str,
    both: str,
    numbers: str,
) -> None:
    nothing = judged(compared, metric, "undecided", sign)
    alone = about(judged(nothing, metric, verdict, sign, ["l2"]), topic)
    assert alone.says == one and numbers in alone.evidence
    together = judged(compared, metric, verdict, sign)
    assert about(together, topic).says == both and numbers in about(together, topic).evidence
    label = compared.values.metrics[metric].label
    assert label not in [open_.what for open_ in observe(together).undecided]


@pytest.mark.parametrize(
    ("metric", "topic"),
    [
        ("train_cpu_seconds", "Training time"),
        ("test_loss", "Test loss"),
        ("epochs_to_loss", "Speed of learning"),
        ("roughness", "Smoothness before overfitting"),
        ("test_accuracy", "Test accuracy"),
    ],
)
@pytest.mark.parametrize("sign", [-1, 1])
def test_of_an_undecided_test_only_the_last_sentence_speaks(
    compared: StudyComparison, metric: str, topic: str, sign: int
) -> None:
    label = compared.values.metrics[metric].label
    result = observe(judged(compared, metric, "undecided", sign))
    assert topic not in [of.topic for of in result.points]
    (open_,) = (each for each in result.undecided if each.what == label)
    assert open_.of == ("batch-norm", "l2")
    assert result.open.startswith("Not decided with 6 seeds: ") and result.open.count(label) == 1


@pytest.mark.parametrize("sign", [-1, 1])
def test_an_undecided_epoch_of_overfitting_is_told_of_the_baseline_alone(
    compared: StudyComparison, sign: int
) -> None:
    result = judged(compared, "best_epoch", "undecided", sign)
    assert about(result, "Where overfitting starts").says == "main overfits after epoch 15.5."
    assert "epoch of lowest validation loss" in observe(result).open


def test_what_one_variation_leaves_open_is_said_of_it_alone(compared: StudyComparison) -> None:
    decided = judged(compared, "test_loss", "better", -1)
    one = observe(judged(decided, "test_loss", "undecided", -1, ["batch-norm"]))
    loss = next(of for of in one.points if of.topic == "Test loss")
    assert loss.says == "l2 has the lower test loss."
    assert "for batch-norm, test loss" in one.open
    # Its numbers come after those of what is decided.
    assert [text.partition(":")[0] for text in loss.evidence] == ["l2", "batch-norm"]


def test_what_is_undecided_is_one_sentence_by_the_variations_it_is_about() -> None:
    left = (Undecided("time", ("a",)), Undecided("loss", ("a", "b")), Undecided("accuracy", ("a",)))
    whole = Observations((), (*left, Undecided("which class is hardest")), 5)
    assert whole.open == (
        "Not decided with 5 seeds: for a, time and accuracy; for a and b, loss; which class is "
        "hardest."
    )
    many = Undecided("loss", tuple("abcdefg"))
    assert Observations((), (many,), 1).open == (
        "Not decided with 1 seed: for a, b, c, d and 3 more, loss."
    )
    assert Observations((), (), 5).open == ""


def test_a_baseline_alone_leaves_its_classes_open_with_its_own_seeds() -> None:
    study = make_study(seeds=3, epochs=3, settings=["main"])
    result = observe(compare(study, make_records(study, classes=CLASSES, images=60)))
    assert result.open.startswith("Not decided with 3 seeds: which class is ")


def test_equal_settings_are_all_named_the_best(study: Study, records: list[Record]) -> None:
    baseline = {r.facts.seed: r for r in records if r.facts.setting == "main"}
    same = [replace(r, predictions=baseline[r.facts.seed].predictions) for r in records]
    equal = judged(compare(study, same), "test_accuracy", "equivalent", 1)
    assert "Highest mean: main, batch-norm and l2, " in about(equal, "Test accuracy").text


def test_best_means_stand_over_the_seeds_that_all_settings_finished(study: Study) -> None:
    records = make_records(study, classes=CLASSES, images=150, failing=("l2", 2))
    failing = judged(compare(study, records), "test_accuracy", "better", 1)
    best = about(failing, "Test accuracy")
    accuracies = failing.values.settings["main"].of("test_accuracy")
    assert best.numbers["main"]["mean"] == np.delete(accuracies, 2).mean()
    assert f"over the {study.most_seeds - 1} seeds that all of them have" in best.text
    assert f"1 of l2's {study.most_seeds} runs failed, which these means leave out." in best.text


def test_of_two_better_settings_it_is_not_said_which_is_better(compared: StudyComparison) -> None:
    evidence = about(judged(compared, "test_accuracy", "better", 1), "Test accuracy").evidence
    assert "Highest mean: batch-norm, 74.6 %." in evidence
    assert "Tested as one of all pairs, batch-norm is not shown to be better than l2." in evidence


def test_without_a_test_of_all_pairs_that_is_said(compared: StudyComparison) -> None:
    untested = replace(compared, setting_pairs=SettingPairs(compared.values.primary))
    text = about(judged(untested, "test_accuracy", "better", 1), "Test accuracy").text
    assert "Whether batch-norm is better than l2 is not tested." in text


def test_every_number_in_a_sentence_is_among_its_numbers(compared: StudyComparison) -> None:
    """Up to rounding: the first estimate of each setting in a sentence is bound to a number."""
    for of in observe(compared).points:
        known = [
            scale * value
            for declared in of.numbers.values()
            for value in declared.values()
            if value is not None
            for scale in (1, -1, 100, -100)
        ]
        # Names, the usual level, and the fixed part of a p value are no measured numbers.
        text = re.sub(r"l2|p < 0\.001|intervals of 95 %|best of 2 variations", "", of.text)
        if of.topic in ("Spread over seeds", "Effect of pairing", "Worst class", "Best class"):
            text = text.replace("95 % interval", "")
        for number in re.findall(r"-?\d+(?:\.\d+)?", text):
            half_unit = 0.5 * 10 ** -len(number.partition(".")[2]) * 1.02
            p_digits = 0.05 * abs(float(number))  # a p value has two digits that count
            assert any(abs(float(number) - of_it) <= max(half_unit, p_digits) for of_it in known), (
                of.topic, number, of.text,
            )  # fmt: skip


def test_of_a_metric_without_values_nothing_is_said(study: Study, records: list[Record]) -> None:
    untimed = [
        replace(r, facts=r.facts.model_copy(update={"train_cpu_seconds": 0.0})) for r in records
    ]
    result = observe(compare(study, untimed))
    topics = [of.topic for of in result.points]
    assert "Training time" not in topics and "Test loss" in topics
    assert "training time" not in result.open


def test_without_a_finished_run_nothing_is_said(study: Study) -> None:
    assert observe(compare(study, [])).points == ()


def test_one_seed_says_nothing_of_the_ways_of_training() -> None:
    single = make_study(seeds=1, epochs=12)
    result = observe(compare(single, make_records(single, classes=CLASSES, images=60)))
    text = " ".join(of.text for of in result.points)
    assert result.open == (
        "Not decided with 1 seed: for batch-norm and l2, test accuracy; which class is hardest and "
        "which class is easiest."
    )
    assert "in its one run" in text
    assert not re.search(r"better than|worse than|longer|faster|smoother|earlier|p [=<]", text)
    assert {of.topic for of in result.points} == {"Where overfitting starts"}


def test_one_variation_alone_is_singular() -> None:
    assert listed(["main"]) == "main" and listed(["a", "b", "c"]) == "a, b and c"
    pair = make_study(seeds=2, epochs=12, settings=["main", "l2"])
    text = everything(compare(pair, make_records(pair, classes=CLASSES, images=60)))
    assert "2 seeds" in text and not re.search(r"\b1 (seeds|points|epochs)\b", text)


# ---- levels -------------------------------------------------------------------------------------

INTERVAL = re.compile(r"(?:([\d.]+) % interval )?\[")


def levels(compared: StudyComparison, looks: Sequence[int] | None = None) -> dict[str, set[str]]:
    """Topic -> the level before each interval in its evidence; "" where there is none."""
    return {
        of.topic: {found[1] or "" for text in of.evidence for found in INTERVAL.finditer(text)}
        for of in observe(compared, looks).points
    }


def test_every_interval_says_its_own_level(compared: StudyComparison) -> None:
    shown = levels(judged(compared, "test_accuracy", "better", 1))
    assert shown.pop("Spread over seeds") == {""}  # said once, below all
    assert about(compared, "Spread over seeds").evidence[-1].endswith("intervals of 95 %.")
    assert shown.pop("Where overfitting starts") == {"96.9"}  # ranks of six seeds give no other
    assert set(shown) >= {"Test accuracy", "Test loss", "Training time"}
    assert all(each == {"95"} for each in shown.values())


def test_a_rank_interval_has_its_own_level(study: Study, records: list[Record]) -> None:
    few = compare(study.model_copy(update={"seeds": 3}), [r for r in records if r.facts.seed < 3])
    text = about(few, "Where overfitting starts").text
    assert "75 % interval [" in text and "3 seeds, p" in text
    assert "95 % interval" not in text


def test_looks_widen_the_intervals_and_their_level_is_said(records: list[Record]) -> None:
    looking = make_study(epochs=30).model_dump() | {"seeds": {"until": "decided", "looks": [3, 6]}}
    looked = compare(Study.model_validate(looking), records)
    level = 100 * (1 - nominal_level([3, 6]))
    shown = levels(judged(looked, "test_loss", "better", -1), [3, 6])
    assert shown["Test loss"] == {f"{level:.3g}"} == {"97.3"}


# ---- overfitting --------------------------------------------------------------------------------


def with_best_epochs(
    study: Study, records: list[Record], setting: str, epochs: list[int]
) -> StudyComparison:
    """With the lowest validation loss of a setting's runs at these epochs."""

    def moved(record: Record) -> Record:
        if record.facts.setting != setting:
            return record
        best = epochs[record.facts.seed]
        loss = np.full(30, 2.0, np.float32) + 0.01 * np.abs(np.arange(1, 31) - best)
        curves = changed_curves(record.curves, val_loss=loss)
        facts = record.facts.model_copy(update={"best_epoch": best})
        return replace(record, curves=curves, facts=facts)

    return compare(study, [moved(r) for r in records])


def test_where_overfitting_starts_is_a_median_with_its_range(
    study: Study, records: list[Record]
) -> None:
    result = with_best_epochs(study, records, "main", [12, 14, 11, 17, 14, 14])
    text = about(result, "Where overfitting starts").text
    assert text.startswith("main overfits after epoch 14.")
    assert "main: epoch 14 (median of 6 seeds; 11 to 17)." in text


def test_an_epoch_that_is_the_last_is_only_a_least_value(
    study: Study, records: list[Record]
) -> None:
    result = with_best_epochs(study, records, "main", [12, 30, 11, 17, 14, 14])
    text = about(result, "Where overfitting starts").text
    assert "(median of 6 seeds; 11 to >=30); 1 seed was still improving" in text
    most = with_best_epochs(study, records, "main", [30, 30, 11, 30, 30, 14])
    text = about(most, "Where overfitting starts").text
    assert text.startswith("main overfits after epoch >=30.")
    assert "main: epoch >=30 (median of 6 seeds; 11 to >=30); 4 seeds were" in text


def test_where_all_were_still_improving_no_start_is_given(
    study: Study, records: list[Record]
) -> None:
    result = with_best_epochs(study, records, "main", [30] * 6)
    text = about(result, "Where overfitting starts").text
    assert text.startswith("main was still improving at its last epoch.")
    assert "main: still falling at the last epoch, 30, in all 6 runs." in text
    assert "main overfits after" not in text
    earlier = judged(result, "best_epoch", "lower", -1, ["l2"])
    assert about(earlier, "Where overfitting starts").says == (
        "main was still improving at its last epoch; l2 overfits earlier."
    )


def test_what_is_undecided_is_said_once_where_two_speak_of_it(
    study: Study, records: list[Record]
) -> None:
    by = Study.model_validate(study.model_dump() | {"primary": "best_epoch", "margin": None})
    epoch = judged(compare(by, records), "best_epoch", "undecided", 1)
    assert observe(epoch).open.count("epoch of lowest validation loss") == 1


# ---- classes, spread, pairing -------------------------------------------------------------------


def test_the_worst_class_is_certain_only_where_every_other_lies_above_it(
    study: Study, records: list[Record]
) -> None:
    def confused(record: Record) -> Record:
        """Half the dogs are called cats."""
        assert record.predictions is not None and record.predictions.last is not None
        last = record.predictions.last.copy()
        dogs = np.flatnonzero(record.predictions.labels == 1)[::2]
        last[dogs] = [-0.1, -4.0, -4.0]
        return replace(record, predictions=replace(record.predictions, last=last))

    compared = compare(study, [confused(r) for r in records])
    worst = about(compared, "Worst class")
    assert worst.says == "The hardest class is dog in main, batch-norm and l2."
    assert "hardest" not in observe(compared).open
    assert all((declared["p"] or 1) <= 0.05 for declared in worst.numbers.values())
    assert all("; ship minus dog +" in text or "; cat minus dog +" in text
               for text in worst.evidence)  # fmt: skip


def test_a_class_that_is_not_told_apart_is_not_named(compared: StudyComparison) -> None:
    result = observe(compared)
    assert not {of.topic for of in result.points} & {"Best class", "Worst class"}
    assert "which class is hardest and which class is easiest" in result.open


def shifted(
    study: Study, records: list[Record], shares: Sequence[float], of: Sequence[str]
) -> StudyComparison:
    """With these shares of the cats, dogs and ships taken for the next class, in some settings."""

    def change(record: Record) -> Record:
        if record.facts.setting not in of:
            return record
        assert record.predictions is not None and record.predictions.last is not None
        labels, last = record.predictions.labels, record.predictions.last.copy()
        for label, share in enumerate(shares):
            rows = np.flatnonzero(labels == label)
            wrong = rows[: int(share * len(rows)) + (record.facts.seed * (label + 1)) % 3]
            last[rows] = np.where(np.eye(3)[label] > 0, -0.1, -4.0)
            last[wrong] = np.where(np.eye(3)[(label + 1) % 3] > 0, -0.1, -4.0)
        return replace(record, predictions=replace(record.predictions, last=last))

    return compare(study, [change(record) for record in records])


def test_only_settings_in_which_a_class_is_told_apart_are_named(
    study: Study, records: list[Record]
) -> None:
    result = shifted(study, records, (0.1, 0.2, 0.6), ["main"])
    worst = about(result, "Worst class")
    assert worst.says == "The hardest class is ship in main."
    assert [text.partition(":")[0] for text in worst.evidence] == ["main"]
    assert set(worst.numbers) == {"main", "batch-norm", "l2"}
    assert "which class is hardest in batch-norm and l2" in observe(result).open


def test_the_ranks_of_all_settings_are_adjusted_together(
    study: Study, records: list[Record]
) -> None:
    """Each end of each setting is a chance to be wrong: with three settings, six."""
    compared = shifted(study, records, (0.1, 0.3, 0.6), ["main"])
    ends = [about(compared, topic).numbers for topic in ("Best class", "Worst class")]
    alone = []
    for numbers, highest in zip(ends, (True, False), strict=True):
        for setting in numbers:
            recalls = compared.values.by_class(setting, "recall")
            at = recalls.mean(axis=0).argmax() if highest else recalls.mean(axis=0).argmin()
            others = np.delete(np.arange(len(CLASSES)), at)
            p = [stats.ttest_rel(recalls[:, at], recalls[:, other]).pvalue for other in others]
            alone.append(max(p))
    expected = statsmodels_holm(alone)
    declared = [numbers[setting]["p"] for numbers in ends for setting in numbers]
    assert declared == pytest.approx(list(expected))


def test_all_classes_that_tie_are_named(study: Study, records: list[Record]) -> None:
    def sure(record: Record) -> Record:
        """Dogs and ships are all right, most cats are."""
        assert record.predictions is not None
        labels = record.predictions.labels
        given = np.where((labels == 0) & (np.arange(len(labels)) % 4 == 0), 1, labels)
        given[record.facts.seed] = 0 if labels[record.facts.seed] == 0 else given[record.facts.seed]
        last = np.where(np.eye(3)[given] > 0, -0.1, -4.0).astype(np.float32)
        return replace(record, predictions=replace(record.predictions, last=last))

    tied = compare(study, [sure(r) for r in records])
    best = about(tied, "Best class")
    assert best.says == "The easiest class is dog and ship (tied) in main, batch-norm and l2."
    assert best.evidence[0].startswith("main: recall 100.0 %; ")
    assert re.search("; (dog|ship) minus cat ", best.evidence[0])
    result = observe(compare(study, [all_right(r) for r in records]))
    assert "which class is hardest and which class is easiest" in result.open
    assert not {of.topic for of in result.points} & {"Best class", "Worst class"}


def all_right(record: Record) -> Record:
    assert record.predictions is not None
    last = np.where(np.eye(3)[record.predictions.labels] > 0, -0.1, -4.0).astype(np.float32)
    return replace(record, predictions=replace(record.predictions, last=last))


def test_looks_make_a_class_less_certain(study: Study, records: list[Record]) -> None:
    compared = shifted(study, records, (0.1, 0.3, 0.6), ["main"])
    alone, looked = (
        next(o for o in observe(compared, looks).points if o.topic == "Worst class").numbers[
            "main"
        ]["p"]
        for looks in (None, [3, 6])
    )
    assert alone is not None and looked is not None and looked > alone


def test_the_spread_is_split_as_it_was_computed(compared: StudyComparison) -> None:
    of = about(compared, "Spread over seeds")
    for name, spread in compared.spreads.items():
        assert of.numbers[name]["sd_true"] == spread.true
        interval = f"[{100 * spread.true_low:.2f}, {100 * spread.true_high:.2f}]"
        message = next(text for text in of.evidence if text.startswith(f"{name}: "))
        assert f"run-to-run spread {100 * spread.true:.2f} {interval} points" in message
        assert ("not told apart from none" in message) == (spread.true_low == 0)


def correlated(compared: StudyComparison, r: Mapping[str, float]) -> StudyComparison:
    """As if the paired runs of each variation had correlated so on the primary metric."""
    return changed(
        compared, "test_accuracy", lambda c: replace(c, correlation=r.get(c.variation, 0.0))
    )


def test_of_pairing_only_what_is_shown_is_said(compared: StudyComparison) -> None:
    of = about(correlated(compared, {"l2": 0.97}), "Effect of pairing")
    assert of.says == "Pairing by seed pays: l2 shares luck with main in test accuracy."
    for name, declared in of.numbers.items():
        message = next(text for text in of.evidence if text.startswith(f"{name}: r = "))
        low, high = declared["low"], declared["high"]
        assert low is not None and high is not None
        assert f"95 % interval [{low:.2f}, {high:.2f}] over 6 seeds" in message
        assert (low > 0) == (f"{name} shares" in of.says)
    both = about(correlated(compared, {"l2": 0.97, "batch-norm": 0.99}), "Effect of pairing")
    assert "batch-norm and l2 share luck with main" in both.says


def test_a_correlation_that_may_be_chance_is_not_an_observation(compared: StudyComparison) -> None:
    may_be = correlated(compared, {"l2": 0.6, "batch-norm": -0.99})
    assert "Effect of pairing" not in [of.topic for of in observe(may_be).points]


def test_of_many_settings_the_first_are_named_and_the_rest_counted() -> None:
    names = ["main", *(f"v{number}" for number in range(MOST_NAMED + 2))]
    many = make_study(seeds=2, epochs=6, settings=names)
    compared = compare(many, make_records(many, classes=CLASSES, images=30))
    loss = about(judged(compared, "test_loss", "better", -1, names[1:]), "Test loss")
    assert loss.says == "v0, v1, v2, v3 and 2 more have the lower test loss."
    assert "2 more settings are in tables/comparisons.csv." in loss.evidence
    assert len(loss.evidence) == MOST_NAMED + 1
    assert len(loss.numbers) == MOST_NAMED + 2


@pytest.mark.parametrize(
    ("one", "several"),
    [
        ("takes longer to train", "take longer to train"),
        ("has the lower loss", "have the lower loss"),
        ("is not worse in loss", "are not worse in loss"),
        ("makes no difference in loss that matters", "make no difference in loss that matters"),
    ],
)
def test_what_one_does_several_do(one: str, several: str) -> None:
    assert plural(one) == several


WORDINGS = [
    outcome
    for metric in (*METRICS.values(), *CAUSES.values())
    for wording in [metric.wording or Wording.general(metric.label)]
    for outcome in (wording.above, wording.below)
]


@pytest.mark.parametrize("outcome", WORDINGS)
def test_every_outcome_in_the_registry_has_a_plural(outcome: str) -> None:
    """Its verb is one that takes a plain s, or to have, or to be."""
    verb, _, rest = plural(outcome).partition(" ")
    assert outcome.endswith(rest) and rest
    assert outcome.split(" ")[0] in {f"{verb}s", {"have": "has", "are": "is"}.get(verb)}
    assert not re.search("(i|ss|sh|ch|x)e$", verb), "a verb such as classifies has another plural"


# ---- other metrics than the built-in ones -------------------------------------------------------


OWN = {
    "metrics": {"top5": {"better": "higher", "margin": 0.01, "label": "top-5 accuracy"}},
    "claims": [
        {
            "id": "top5",
            "says": "Batch normalization helps.",
            "test": {
                "setting": "batch-norm", "against": "main", "metric": "top5", "expect": "better",
            },
        }
    ],
}  # fmt: skip


def reporting(record: Record) -> Record:
    """A record that reports a metric of the study's own, higher with batch normalization."""
    facts = record.facts
    top5 = (
        0.9 + 0.001 * facts.seed**2 + (0.03 + 0.0005 * facts.seed) * (facts.setting == "batch-norm")
    )
    return replace(record, facts=facts.model_copy(update={"metrics": {"top5": top5}}))


def test_a_metric_of_the_studys_own_is_observed_and_claimed(
    study: Study, records: list[Record]
) -> None:
    declared = Study.model_validate(study.model_dump() | OWN)
    compared = compare(declared, [reporting(record) for record in records])
    of = about(compared, "Top-5 accuracy")
    assert of.says == (
        "batch-norm has the higher top-5 accuracy; l2 makes no difference in top-5 accuracy that "
        "matters."
    )
    assert of.evidence[0].startswith("batch-norm: +0.03125, 95 % interval [")
    (verdict,) = judge(declared, compared.values)
    assert verdict.verdict == "supported"
    assert evidence(verdict).startswith("batch-norm against main, top-5 accuracy: +0.031")
    assert "over 6 seeds: better (p < 0.001)." in evidence(verdict)


def test_any_metric_can_be_the_primary_one(study: Study, records: list[Record]) -> None:
    declared = Study.model_validate(study.model_dump() | OWN | {"primary": "top5", "margin": 0.01})
    compared = compare(declared, [reporting(record) for record in records])
    topics = [of.topic for of in observe(compared).points]
    assert topics[0] == "Top-5 accuracy" and topics.count("Top-5 accuracy") == 1
    best = about(compared, "Top-5 accuracy")
    assert best.says == (
        "batch-norm is better than main by 0.03125 in top-5 accuracy; "
        "l2 differs from main by less than 0.01."
    )
    assert "Highest mean: batch-norm, 0.940." in best.evidence
    assert "Test accuracy" in topics
    assert about(compared, "Effect of pairing").says.endswith("luck with main in top-5 accuracy.")


@pytest.mark.parametrize(
    ("primary", "verdict", "sign", "says", "best", "difference"),
    [
        (
            "test_loss", "better", -1, "l2 is better than main by 0.020 nats in test loss.",
            "Lowest mean: batch-norm, ", "l2: -0.020 nats, 95 % interval [",
        ),
        (
            "best_epoch", "higher", 1,
            "l2 is higher than main by 0.020 epochs in epoch of lowest validation loss.",
            "Highest mean: l2, ", "l2: +0.020 epochs, 96.9 % interval [",
        ),
        (
            "train_cpu_seconds", "better", -1, "l2 is better than main in training time (CPU).",
            "Lowest mean: main and l2, ", "l2: 0.900 times the baseline's, 95 % interval [",
        ),
    ],
)  # fmt: skip
def test_the_best_setting_goes_by_the_primary_metric(
    study: Study, records: list[Record], primary: str, verdict: Verdict, sign: int, says: str,
    best: str, difference: str,
) -> None:  # fmt: skip
    by = Study.model_validate(study.model_dump() | {"primary": primary, "margin": None})
    nothing = judged(compare(by, records), primary, "undecided", sign)
    first = observe(judged(nothing, primary, verdict, sign, ["l2"])).points[0]
    assert first.says == says and first.evidence[0].startswith(difference)
    (mean,) = (text for text in first.evidence if text.startswith(best))
    setting = best.split()[2].rstrip(",")
    value = first.numbers[setting]["mean"]
    assert value is not None
    assert mean == f"{best}{value_of(METRICS[primary]).rounded(value)}."


def test_without_curves_and_predictions_only_reported_metrics_are_observed(
    study: Study, records: list[Record]
) -> None:
    declared = Study.model_validate(study.model_dump() | OWN)
    bare = [replace(reporting(r), curves=Curves({}), predictions=None) for r in records]
    topics = [of.topic for of in observe(compare(declared, bare)).points]
    assert topics == ["Training time", "Top-5 accuracy"]
