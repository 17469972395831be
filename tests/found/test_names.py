"""What settings are called, and which one is the baseline."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from found.making import found, sweep
from found.test_grouping import grouped
from paribus.found.grouping import Grouping
from paribus.found.names import Named, name_settings
from paribus.found.unsettled import UnsettledError
from paribus.sources.run import FoundRun
from paribus.study.config import SETTING_NAME


def names(runs: list[FoundRun], wanted: str | None = None) -> list[str]:
    return [*name_settings(runs, grouped(runs), wanted).names.values()]


def given_names(*labels: str, wanted: str | None = None) -> Named:
    runs = [found(f"r{n}") for n in range(len(labels))]
    return name_settings(runs, Grouping(labels), wanted)


def test_settings_are_named_by_what_distinguishes_them_from_the_baseline() -> None:
    runs = [
        found(f"r{n}{s}", {"model.mixup": m, "optim.lr": lr, "seed": s})
        for n, (m, lr) in enumerate([(0.0, 0.1), (0.2, 0.1), (0.2, 0.5)])
        for s in range(2)
    ]
    assert names(runs, "mixup=0,lr=0.1") == ["mixup=0,lr=0.1", "mixup=0.2", "mixup=0.2,lr=0.5"]
    assert names(runs, "lr=0.5") == ["mixup=0.2,lr=0.5", "mixup=0,lr=0.1", "lr=0.1"]


def test_keys_with_the_same_last_part_keep_their_whole_names() -> None:
    runs = [
        found(f"r{a}{b}{s}", {"enc.size": a, "dec.size": b, "seed": s})
        for a in (1, 2)
        for b in (1, 2)
        for s in range(2)
    ]
    assert "enc.size=2" in names(runs, "enc.size=1,dec.size=1")


@pytest.mark.parametrize("wanted", ["mixup=0", "mixup=0.0", "MIXUP=0", "mixup=0,lr=0.1"])
def test_the_baseline_is_what_has_these_values(wanted: str) -> None:
    assert names(sweep(), wanted)[0] == "mixup=0"


def test_a_value_alone_may_name_the_baseline() -> None:
    runs = [
        found(f"r{m}{s}", {"net": m, "seed": s}) for m in ("resnet/50", "vit") for s in range(2)
    ]
    assert names(runs, "resnet/50") == ["resnet-50", "vit"]


def test_words_name_settings_before_numbers() -> None:
    runs = [
        found(f"r{m}{s}", {"size": 1.234 * n, "net": m, "seed": s})
        for n, m in enumerate(("a", "b"))
        for s in range(2)
    ]
    assert names(runs, "a") == ["a", "b"]


@pytest.mark.parametrize("values", [("[1, 2]", "[1, 3]"), (0.12345678, 0.12345679), (1e-5, 1e-6)])
def test_every_choice_of_a_baseline_is_its_own_and_settles_it(values: tuple[Any, Any]) -> None:
    runs = [found(f"r{v}{s}", {"layers": v, "seed": s}) for v in values for s in range(2)]
    with pytest.raises(UnsettledError) as error:
        names(runs)
    wanted = [str(choice["baseline"]) for choice in error.value.choices]
    assert len({*wanted}) == 2
    assert len({names(runs, one)[0] for one in wanted}) == 2


def test_groups_name_settings_where_they_are_one_to_one() -> None:
    runs = [
        found(f"{n}{s}", {"mixup": n, "seed": s}, group=("plain", "with mixup")[n])
        for n in range(2)
        for s in range(2)
    ]
    assert names(runs, "plain") == ["plain", "with-mixup"]
    assert names(runs, "mixup=1") == ["with-mixup", "plain"]


def test_titles_do_where_there_are_no_groups_and_only_then() -> None:
    runs = [
        found(f"{n}{s}", {"mixup": n, "seed": s}, title=("plain", "mixed")[n])
        for n in range(2)
        for s in range(2)
    ]
    assert names(runs, "plain") == ["plain", "mixed"]
    different = [found(f"{n}", {"mixup": n // 2, "seed": n % 2}, title=f"t{n}") for n in range(4)]
    assert names(different, "mixup=0") == ["mixup=0", "mixup=1"]


@pytest.mark.parametrize("name", ["baseline", "Main", "default", "control"])
def test_a_setting_called_the_baseline_is_taken_for_it_and_that_is_said(name: str) -> None:
    settings = given_names("mixup", name)
    assert settings.baseline == name
    assert "as its name says" in settings.note


def test_a_single_setting_is_its_own_baseline() -> None:
    assert given_names("a", "a").baseline == "a"


def test_without_a_baseline_each_setting_is_a_choice() -> None:
    with pytest.raises(UnsettledError, match="Which of the 2 settings is the baseline") as error:
        names(sweep())
    assert [*error.value.choices] == [{"baseline": "mixup=0"}, {"baseline": "mixup=0.2"}]
    for choice in error.value.choices:
        assert names(sweep(), str(choice["baseline"]))[0] == choice["baseline"]


@pytest.mark.parametrize(
    ("wanted", "why"),
    [("mixup=7", "fits no setting"), ("lr=0.1", "fits 2 settings"), ("other", "fits no setting")],
)
def test_a_baseline_that_fits_not_one_setting_is_refused_with_those_there_are(
    wanted: str, why: str
) -> None:
    with pytest.raises(UnsettledError, match=why) as error:
        names(sweep(), wanted)
    assert len(error.value.choices) == 2


@given(st.lists(st.text(min_size=1, max_size=80), min_size=1, max_size=8, unique=True))
def test_any_names_become_different_names_of_folders(labels: list[str]) -> None:
    made = given_names(*labels, wanted=labels[0]).names
    assert len({name.casefold() for name in made.values()}) == len(labels)
    assert all(re.fullmatch(SETTING_NAME, name) for name in made.values())
