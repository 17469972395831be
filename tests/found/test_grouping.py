"""Runs fall into settings by what isn't seed, place, time or outcome."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from found.making import found, sweep
from paribus.found.grouping import Grouping, by_config
from paribus.sources.run import FoundRun


def grouped(
    runs: Sequence[FoundRun], ignored: Sequence[str] = (), measured: Sequence[str] = ()
) -> Grouping:
    seeds = [run.config.get("seed") for run in runs]
    return by_config(
        runs,
        [seed if isinstance(seed, int) else None for seed in seeds],
        seed_key="seed",
        ignored=ignored,
        measured=measured,
    )


def sizes(grouping: Grouping) -> list[int]:
    return sorted(grouping.labels.count(label) for label in set(grouping.labels))


def test_a_key_that_differs_makes_settings_and_the_seed_does_not() -> None:
    grouping = grouped(sweep())
    assert sizes(grouping) == [4, 4]
    assert grouping.keys == ("mixup",)
    assert grouping.passed_over == {
        "seed": "it is the seed",
        "run_dir": "it differs in every run",
    }


def test_places_and_times_make_no_settings_and_are_named() -> None:
    runs = sweep()
    for n, run in enumerate(runs):
        run.config["hostname"] = f"node{n % 3}"  # type: ignore[index]  # a dict, made here
    grouping = grouped(runs)
    assert sizes(grouping) == [4, 4]
    assert grouping.passed_over["hostname"] == "it says where or when a run ran"


def test_a_place_that_tells_repeated_runs_apart_is_a_setting() -> None:
    runs = [
        found(f"r{rank}{m}{s}", {"lora.rank": rank, "m": m, "seed": s})
        for rank in (8, 16)
        for m in (0, 1)
        for s in range(3)
    ]
    assert set(grouped(runs).keys) == {"lora.rank", "m"}


def test_how_far_a_run_came_makes_no_setting_and_a_number_of_epochs_does() -> None:
    runs = [
        found(f"r{n}{s}", {"epochs": 10 * n, "epoch": n + s % 2, "_step": 7 * s, "seed": s})
        for n in range(2)
        for s in range(4)
    ]
    assert grouped(runs).keys == ("epochs",)


def test_what_follows_the_seed_makes_no_setting() -> None:
    runs = [
        found(f"r{m}{s}", {"m": m, "seed": s, "data_order": 100 + s})
        for m in range(2)
        for s in range(3)
    ]
    grouping = grouped(runs)
    assert grouping.keys == ("m",)
    assert grouping.passed_over["data_order"] == "it follows the seed"


def test_settings_with_seeds_of_their_own_stay_settings() -> None:
    runs = [
        found(f"r{lr}{s}", {"lr": lr, "seed": s + (5 if lr == 0.2 else 0)})
        for lr in (0.1, 0.2)
        for s in range(5)
    ]
    assert sizes(grouped(runs)) == [5, 5]


def test_ignored_and_measured_keys_make_no_settings() -> None:
    runs = [
        found(f"r{n}{s}", {"lr": n, "data.workers": n + s, "acc": 0.1 * s, "seed": s})
        for n in range(2)
        for s in range(3)
    ]
    assert grouped(runs, ["workers"], ["acc"]).keys == ("lr",)


def test_a_whole_key_is_ignored_alone() -> None:
    runs = [
        found(f"r{a}{b}{s}", {"optim.lr": a, "model.lr": b, "seed": s})
        for a in (1, 2)
        for b in (1, 2)
        for s in range(2)
    ]
    assert grouped(runs, ["optim.lr"]).keys == ("model.lr",)


def test_one_run_of_each_short_value_is_a_setting_of_its_own() -> None:
    runs = [
        found(f"r{n}", {"lr": 10.0**-n, "out": f"/very/long/folder/of/run/{n}"}) for n in range(4)
    ]
    grouping = grouped(runs)
    assert grouping.keys == ("lr",)
    assert sizes(grouping) == [1, 1, 1, 1]


def test_numbers_are_equal_however_they_are_written_and_true_is_not_one() -> None:
    assert sizes(grouped([found("a", {"lr": 1}), found("b", {"lr": 1.0})])) == [2]
    runs = [found(n, {"on": v, "x": 1}) for n, v in (("a", True), ("b", 1), ("c", True), ("d", 1))]
    assert sizes(grouped(runs)) == [2, 2]


def test_nan_is_equal_to_itself_and_a_missing_key_is_a_value() -> None:
    values = (np.nan, np.nan, None, None)
    runs = [found(f"r{n}", {} if v is None else {"clip": v}) for n, v in enumerate(values)]
    assert sizes(grouped(runs)) == [2, 2]


def test_keys_that_suffice_to_tell_settings_apart_come_first() -> None:
    runs = [
        found(f"r{n}{s}", {"exp": f"outputs/long/{lr}-{wd}", "lr": lr, "wd": wd, "seed": s})
        for n, (lr, wd) in enumerate([(0.1, 0.0), (0.2, 0.0), (0.1, 0.5)])
        for s in range(2)
    ]
    grouping = grouped(runs)
    assert grouping.keys[: grouping.enough] == ("lr", "wd")
    assert "exp" in grouping.keys


@given(st.permutations(range(8)))
def test_the_order_of_runs_changes_nothing(order: list[int]) -> None:
    runs = sweep()
    straight, shuffled = grouped(runs), grouped([runs[n] for n in order])
    assert shuffled.keys == straight.keys
    assert [straight.labels[n] for n in order] == [*shuffled.labels]
