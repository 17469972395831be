"""Which seed a run has: by its file, its configuration, or its name."""

from __future__ import annotations

import re

import pytest

from found.making import declared, found
from paribus.found.seeds import guessed_pattern, named, seeds_of
from paribus.found.unsettled import UnsettledError
from paribus.sources.run import FoundRun


def seeds(runs: list[FoundRun], **values: object) -> tuple[int | None, ...]:
    return seeds_of(runs, declared(**values).compare)[0]


@pytest.mark.parametrize(
    "key", ["seed", "random_state", "trainer.manual_seed", "train/random-seed", "cfg.SEED"]
)
def test_a_key_is_known_by_its_last_part(key: str) -> None:
    runs = [found(f"r{n}", {key: n, "lr": 0.1}) for n in (3, 1)]
    assert seeds(runs) == (3, 1)


def test_a_seed_of_the_file_counts_before_the_configuration() -> None:
    assert seeds([found("a", {"seed": 1}, seed=7), found("b", {"seed": 2}, seed=8)]) == (7, 8)


def test_text_and_whole_floats_are_numbers() -> None:
    runs = [found("a", {"seed": "3"}), found("b", {"seed": 4.0}), found("c", {"lr": 1})]
    assert seeds(runs) == (3, 4, None)


def test_of_two_keys_the_one_that_varies_is_the_seed() -> None:
    runs = [found(f"r{n}", {"data.seed": 0, "seed": n}) for n in range(3)]
    assert seeds(runs) == (0, 1, 2)


def test_two_keys_that_tell_the_same_runs_apart_are_one() -> None:
    runs = [found(f"r{n}", {"seed": n, "torch_seed": 100 + n}) for n in range(3)]
    assert seeds(runs) == (0, 1, 2)


def test_two_keys_that_differ_are_asked_about() -> None:
    runs = [
        found(f"r{a}{b}", {"data.seed": a, "model.seed": b}) for a in range(2) for b in range(2)
    ]
    with pytest.raises(UnsettledError) as error:
        seeds(runs)
    assert [*error.value.choices] == [{"seed": "data.seed"}, {"seed": "model.seed"}]
    assert seeds(runs, seed="model.seed") == (0, 1, 0, 1)


@pytest.mark.parametrize("value", [-1, 0.5, "abc", 10**11])
def test_what_is_no_seed_is_refused_with_its_run(value: object) -> None:
    with pytest.raises(UnsettledError, match=r"b: expected a whole number from 0"):
        seeds([found("a", {"seed": 0}), found("b", {"seed": value})])  # type: ignore[dict-item]


def test_without_a_seed_the_ways_to_tell_one_are_named() -> None:
    runs = [found(f"{s}_v{n}", {"fold": n, "lr": 0.1}) for s in ("a", "b") for n in range(3)]
    with pytest.raises(UnsettledError) as error:
        seeds(runs)
    assert {"seed": "fold"} in error.value.choices
    assert {"seed": "none"} in error.value.choices
    assert seeds(runs, seed="none") == (None,) * 6


def test_a_key_that_no_run_has_is_refused_with_the_likely_ones() -> None:
    with pytest.raises(UnsettledError, match="No run has a key 'sed'") as error:
        seeds([found("a", {"random_state": 1})], seed="sed")
    assert error.value.choices == ({"seed": "random_state"},)


# ---- names --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "pattern", "setting", "seed"),
    [
        ("logs/mixup_seed3/log.csv", "{setting}_seed{seed}", "mixup", 3),
        ("logs/mixup/seed-12/metrics.csv", "{setting}/seed-{seed}", "mixup", 12),
        ("mixup-0.2_seed7.csv", "{setting}_seed{seed}", "mixup-0.2", 7),
        ("a/b_c_s1", "{setting}_s{seed}", "b_c", 1),
        ("seed4-resnet", "seed{seed}-{setting}", "resnet", 4),
        ("x (y) [z]_1", "{setting}_{seed}", "x (y) [z]", 1),
        ("CartPole__ppo__3__1699999999", "*__{setting}__{seed}__*", "ppo", 3),
    ],
)
def test_a_pattern_reads_setting_and_seed(name: str, pattern: str, setting: str, seed: int) -> None:
    told = named([found(name)], pattern)
    assert (told.settings, told.seeds) == ((setting,), (seed,))


def test_a_title_counts_before_the_name() -> None:
    told = named([found("0a1b/x_1", title="main_2")], "{setting}_{seed}")
    assert (told.settings, told.seeds) == (("main",), (2,))


def test_a_run_whose_name_does_not_fit_is_told_from_the_others() -> None:
    told = named([found("main_1"), found("readme")], "{setting}_{seed}")
    assert told.fits == (True, False)


def test_a_pattern_that_fits_no_name_is_refused_with_the_names() -> None:
    with pytest.raises(UnsettledError, match="fits no name; the first are 'main-1'"):
        named([found("main-1")], "{setting}_seed{seed}")


@pytest.mark.parametrize(
    ("names", "pattern"),
    [
        (["main_seed0", "main_seed1", "mixup_seed0", "mixup_seed1"], "{setting}_seed{seed}"),
        (["logs/a-1/log.csv", "logs/b-2/log.csv"], "{setting}-{seed}"),
        (["a_s10", "b_s11"], "{setting}_s{seed}"),
        (["resnet/seed_1/log.csv", "vit/seed_1/log.csv"], "{setting}/seed_{seed}"),
        (["resnet/1/log.csv", "vit/1/log.csv"], "{setting}/{seed}"),
        (["CartPole-v1__ppo__1", "CartPole-v1__dqn__2"], "{setting}__{seed}"),
        (["E__ppo__1__1699999999", "E__dqn__2__1700000123"], "{setting}__{seed}__*"),
        (["main_seed0", "main_seed1"], ""),
        (["frosty-sun", "bright-moon"], ""),
    ],
)
def test_a_pattern_is_guessed_from_names_that_end_with_numbers(
    names: list[str], pattern: str
) -> None:
    # Each setting has another run, of another seed.
    again = [re.sub(r"([0-9])(/log.csv|__[0-9]{9,})?$", r"9\1\2", name) for name in names]
    runs = [found(name) for name in (*names, *again)]
    assert guessed_pattern(runs) == pattern
    assert not pattern or all(named(runs, pattern).fits)


def test_names_of_their_own_for_each_run_give_no_pattern() -> None:
    runs = [found(f"{word}-fox-{n}") for n, word in enumerate(("shy", "wild", "red", "old"))]
    assert guessed_pattern(runs) == ""
    assert guessed_pattern([found(f"run{n}") for n in range(4)]) == ""
