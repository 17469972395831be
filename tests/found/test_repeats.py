"""Several runs of one setting and seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from found.making import found, predicted
from paribus.found.find import Placed
from paribus.found.repeats import settle
from paribus.found.unsettled import UnsettledError
from paribus.found.values import Outcome


def placed(name: str, setting: str, seed: int | None, acc: float | None) -> Placed:
    """A run; without an accuracy it failed."""
    of = Outcome("failed", "why") if acc is None else Outcome("finished", values={"acc": acc})
    return Placed(found(name), setting, seed, of)


def names(superseded: Sequence[tuple[Placed, str]]) -> list[str]:
    return [one.run.name for one, _ in superseded]


TWICE = [
    placed("a", "main", 0, 0.1),
    placed("b", "main", 0, 0.3),
    placed("c", "main", 1, 0.5),
    placed("d", "new", 1, 0.5),
]


def test_of_a_failed_and_a_finished_run_the_finished_one_counts() -> None:
    runs = [placed("a", "main", 0, None), placed("b", "main", 0, 0.9), placed("c", "main", 0, None)]
    kept, why = settle(runs, None, has_seeds=True)
    assert [one.run.name for one in kept.values()] == ["b"]
    assert names(why) == ["a", "c"] and why[0][1].startswith("it failed")


def test_of_failed_runs_alone_the_last_one_counts() -> None:
    kept, why = settle([placed("a", "m", 0, None), placed("b", "m", 0, None)], None, True)
    assert [one.run.name for one in kept.values()] == ["b"] and names(why) == ["a"]


def test_two_finished_runs_are_asked_about() -> None:
    with pytest.raises(UnsettledError, match="main, seed 0: a and b") as error:
        settle(TWICE, None, has_seeds=True)
    assert [*error.value.choices] == [
        {"repeated": "last"}, {"repeated": "mean"}, {"seed": "none"},
    ]  # fmt: skip


def test_the_last_one_counts_as_declared() -> None:
    kept, why = settle(TWICE, "last", has_seeds=True)
    assert kept["main", 0].run.name == "b" and names(why) == ["a"]


def test_their_mean_counts_as_declared() -> None:
    kept, why = settle(TWICE, "mean", has_seeds=True)
    assert kept["main", 0].outcome.values == {"acc": pytest.approx(0.2)}
    assert kept["main", 1].outcome.values == {"acc": 0.5}
    assert not why


def test_a_value_that_not_all_repeats_have_has_no_mean() -> None:
    more = Outcome("finished", values={"acc": 0.3, "f1": 0.5})
    runs = [TWICE[0], replace(placed("z", "main", 0, 0.3), outcome=more)]
    kept, _ = settle(runs, "mean", has_seeds=True)
    assert [*kept["main", 0].outcome.values] == ["acc"]


def test_runs_without_seeds_are_numbered_in_their_settings() -> None:
    runs = [placed(n, s, 42, 0.5) for n, s in (("a", "x"), ("b", "y"), ("c", "x"))]
    kept, _ = settle(runs, None, has_seeds=False)
    assert {key: one.run.name for key, one in kept.items()} == {
        ("x", 0): "a", ("x", 1): "c", ("y", 0): "b",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("runs", "last"),
    [
        ([("version_10", None), ("version_2", None)], "version_10"),
        ([("b", 1.0), ("a", 2.0)], "a"),
        ([("b", 1.0), ("a", None)], "b"),
    ],
)
def test_the_last_run_is_that_which_started_last_or_else_by_its_number(
    runs: list[tuple[str, float | None]], last: str
) -> None:
    made = [placed(name, "main", 0, 0.5) for name, _ in runs]
    timed = [
        replace(one, run=replace(one.run, started=start))
        for one, (_, start) in zip(made, runs, strict=True)
    ]
    kept, _ = settle(timed, "last", has_seeds=True)
    assert kept["main", 0].run.name == last


def test_repeated_runs_of_one_setting_alone_ask_for_a_pattern() -> None:
    with pytest.raises(UnsettledError, match="Nothing tells settings apart") as error:
        settle(TWICE[:3], None, has_seeds=True)
    assert not error.value.choices


def test_there_is_no_mean_of_predictions() -> None:
    shown = [replace(one, run=replace(one.run, predictions=predicted("ab", "ab"))) for one in TWICE]
    with pytest.raises(UnsettledError, match="of which there is no mean"):
        settle(shown, "mean", has_seeds=True)
