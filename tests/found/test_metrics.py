"""Which metrics runs have, which one decides, and what is known of each."""

from __future__ import annotations

import pytest

from found.making import declared, found, predicted
from paribus.found.metrics import MOST_METRICS, measured, measured_names
from paribus.found.unsettled import UnsettledError


def test_the_only_metric_decides_and_its_name_says_the_rest() -> None:
    of = measured([found("a", val_acc=0.9), found("b", val_acc=0.8)], declared())
    assert (of.primary, of.margin) == ("val_acc", 0.01)
    assert of.declared["val_acc"].better == "higher"
    assert of.declared["val_acc"].written == "percent"
    assert of.said is None


def test_an_accuracy_in_per_cent_stays_in_its_unit_with_one_point_as_margin() -> None:
    of = measured([found("a", acc=91.5), found("b", acc=88.0)], declared())
    assert (of.margin, of.declared["acc"].unit, of.declared["acc"].written) == (1.0, "%", "number")


def test_other_metrics_have_no_margin() -> None:
    assert measured([found("a", fid=20.0)], declared()).margin is None


def test_what_is_declared_counts_before_what_names_say() -> None:
    said = declared(
        primary="val_acc", margin=0.02, metrics={"val_acc": {"better": "lower", "unit": "x"}}
    )
    of = measured([found("a", val_acc=0.9)], said)
    assert (of.declared["val_acc"].better, of.margin) == ("lower", 0.02)
    assert of.declared["val_acc"].unit == "x"
    assert of.said is not None


def test_of_several_metrics_one_must_be_named_and_the_likeliest_come_first() -> None:
    runs = [found("a", loss=1.0, val_acc=0.9, test_acc=0.9, epoch=9, lr=0.1)]
    with pytest.raises(UnsettledError, match="have 3 metrics") as error:
        measured(runs, declared())
    assert [*error.value.choices] == [
        {"metric": "test_acc"}, {"metric": "val_acc"}, {"metric": "loss"},
    ]  # fmt: skip


@pytest.mark.parametrize("wanted", ["eval/acc", "EVAL/ACC", "acc"])
def test_a_metric_may_be_named_by_its_last_part_or_in_other_letters(wanted: str) -> None:
    of = measured([found("a", eval__acc=0.9, eval__loss=1.0)], declared(primary=wanted))
    assert of.primary == "eval/acc"
    assert of.source == "eval/acc"


def test_a_last_part_of_several_is_asked_about() -> None:
    runs = [found("a", val__acc=0.9, train__acc=1.0)]
    with pytest.raises(UnsettledError, match="may be several") as error:
        measured(runs, declared(primary="acc"))
    assert len(error.value.choices) == 2


def test_a_name_that_no_run_has_is_refused_with_the_one_meant() -> None:
    with pytest.raises(UnsettledError, match="did you mean 'val_acc'"):
        measured([found("a", val_acc=0.9)], declared(primary="val_ac"))


def test_which_way_is_better_is_asked_where_no_name_says_it() -> None:
    with pytest.raises(UnsettledError, match="Is a higher sparsity better") as error:
        measured([found("a", sparsity=0.9)], declared())
    assert error.value.choices[1] == {"metric": "sparsity", "lower_better": True}


def test_of_other_metrics_it_may_stay_unknown() -> None:
    of = measured([found("a", sparsity=0.9, acc=0.9)], declared(primary="acc"))
    assert of.declared["sparsity"].better == "neither"


def test_runs_without_any_number_are_refused() -> None:
    with pytest.raises(UnsettledError, match="No run has a metric"):
        measured([found("a")], declared())


def test_parameters_in_a_tables_rows_are_no_metrics() -> None:
    runs = [
        found(f"r{n}", {"width": width, "gain": gain}, width=width, gain=gain)
        for n, (width, gain) in enumerate([(1, 0.31), (1, 0.44), (2, 0.52), (2, 0.63)])
    ]
    of = measured(runs, declared(metrics={"gain": {"better": "higher"}}))
    assert [*of.names] == ["gain"]


@pytest.mark.parametrize(
    ("values", "is_metric"),
    [
        ([16, 32, 16, 32], False),
        ([0.5, 0.25, 0.5, 0.25], True),
        ([90, 91, 92, 90], True),
        ([0, 1, 1, 0], True),
    ],
)
def test_whole_numbers_that_recur_are_no_metric_whatever_their_name(
    values: list[float], is_metric: bool
) -> None:
    runs = [found(f"r{n}", {"precision": v}, precision=v) for n, v in enumerate(values)]
    assert ("precision" in measured_names(runs)) == is_metric


def test_where_all_numbers_seem_parameters_each_is_offered() -> None:
    runs = [found(f"r{n}", {"score": v}, score=v) for n, v in enumerate([0.5, 0.25, 0.5, 0.25])]
    with pytest.raises(UnsettledError, match="all numbers are parameters") as error:
        measured(runs, declared())
    assert error.value.choices == ({"metric": "score"},)
    said = declared(primary="score", metrics={"score": {"better": "higher"}})
    assert measured(runs, said).primary == "score"


def test_names_that_a_study_can_not_have_are_changed_and_stay_different() -> None:
    long = "x" * 70
    metrics = {"a:b": 1.0, "a_b": 2.0, "seed": 3.0, "message": 4.0, long: 5.0}
    runs = [found("a", metrics=metrics)]
    of = measured(runs, declared(primary="a:b", metrics={"a_b": {"better": "higher"}}))
    assert len(of.names) == len(set(of.names)) == 4
    assert all(":" not in name and len(name) <= 64 for name in of.names)
    assert "message" not in of.names


def test_of_very_many_metrics_the_likeliest_are_compared_and_the_rest_counted() -> None:
    losses = {f"m{n}_loss": 1.0 for n in range(MOST_METRICS + 50)}
    runs = [found("a", metrics=losses, acc=1.0)]
    of = measured(runs, declared(primary="m99_loss"))
    assert len(of.names) == MOST_METRICS + 1 and "m99_loss" in of.names
    assert any("50 of 251 metrics are left out" in note for note in of.notes)


def test_with_predictions_alone_the_test_accuracy_decides() -> None:
    run = found("a", predictions=predicted("ab", "ab"))
    of = measured([run], declared())
    assert (of.primary, of.source, of.margin) == ("test_accuracy", None, 0.01)


def test_what_follows_from_predictions_is_not_taken_from_what_runs_report() -> None:
    run = found("a", predictions=predicted("ab", "ab"), test_accuracy=0.3, val_acc=0.4)
    of = measured([run], declared(primary="test_accuracy"))
    assert [*of.names] == ["val_acc"]
    assert any("worked out from the predictions" in note for note in of.notes)
