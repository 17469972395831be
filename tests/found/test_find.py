"""The whole way from runs to settings, seeds, values and pairs."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from found.making import declared, found, sweep
from paribus.found.find import Finding, find
from paribus.found.unsettled import UnsettledError
from paribus.sources.run import FoundRun


def finding(runs: Sequence[FoundRun], **values: object) -> Finding:
    return find(runs, declared(**values), lambda places: [run for run, _, _ in places])


def seeds(of: Finding) -> dict[str, list[int]]:
    return {name: of.seeds(name) for name in of.settings}


def why(of: Finding) -> dict[str, str]:
    return {one.name: one.why for one in of.left_out}


def named(settings: Sequence[str], of_seeds: Sequence[int]) -> list[FoundRun]:
    return [
        found(f"{s}{k}", setting=s, seed=k, acc=0.5 + 0.01 * k) for s in settings for k in of_seeds
    ]


def test_a_sweep_has_its_settings_seeds_and_values() -> None:
    of = finding(sweep(), baseline="mixup=0")
    assert seeds(of) == {"mixup=0": [0, 1, 2, 3], "mixup=0.2": [0, 1, 2, 3]}
    assert of.runs["mixup=0.2", 3].outcome.values == {"test_acc": pytest.approx(0.816)}
    assert of.settings["mixup=0.2"] == {"mixup": 0.2, "lr": 0.1}
    assert of.paired and "declared by equal seeds, not proven" in of.pairing
    assert not of.left_out


@given(st.permutations(range(8)))
def test_the_order_of_runs_changes_nothing(order: list[int]) -> None:
    runs = sweep()
    of = finding([runs[n] for n in order], baseline="mixup=0")
    assert seeds(of) == {"mixup=0": [0, 1, 2, 3], "mixup=0.2": [0, 1, 2, 3]}
    assert {key: one.outcome.values for key, one in of.runs.items()} == {
        key: one.outcome.values for key, one in finding(runs, baseline="mixup=0").runs.items()
    }


# ---- who tells settings -------------------------------------------------------------------------


def test_a_file_that_names_settings_counts_before_configurations() -> None:
    runs = [found(f"{s}{k}", {"lr": k}, setting=s, seed=k, acc=0.5) for s in "ab" for k in (0, 1)]
    assert seeds(finding(runs, baseline="a")) == {"a": [0, 1], "b": [0, 1]}


def test_a_pattern_counts_before_both() -> None:
    runs = [
        found(f"x{s}_{k}", {"lr": 1}, setting="z", seed=9, acc=0.5) for s in "ab" for k in (3, 4)
    ]
    of = finding(runs, pattern="{setting}_{seed}", baseline="xa")
    assert seeds(of) == {"xa": [3, 4], "xb": [3, 4]}


def test_declared_settings_count_first_and_other_runs_are_left_out() -> None:
    of = finding(
        sweep(values=(0.0, 0.2, 0.4)),
        settings={"plain": {"mixup": 0}, "strong": {"mixup": 0.4}},
        baseline="plain",
    )
    assert seeds(of) == {"plain": [0, 1, 2, 3], "strong": [0, 1, 2, 3]}
    assert set(why(of).values()) == {"it fits none of the declared settings"}


def test_a_run_that_fits_two_declared_settings_is_refused() -> None:
    with pytest.raises(UnsettledError, match="fits the declared settings a and b"):
        finding(sweep(), settings={"a": {"mixup": 0}, "b": {"lr": 0.1}}, baseline="a")


@pytest.mark.parametrize("kind", ["group", "title"])
def test_groups_or_titles_tell_settings_where_configurations_do_not(kind: str) -> None:
    runs = [found(f"{s}{k}", {"seed": k}, acc=0.5, **{kind: s}) for s in "ab" for k in (0, 1)]  # type: ignore[arg-type]  # a parameter of the test
    assert seeds(finding(runs, baseline="a")) == {"a": [0, 1], "b": [0, 1]}


def test_where_only_names_differ_a_pattern_is_offered() -> None:
    runs = [found(f"{s}-{k}", {"seed": k}, acc=0.5) for s in ("main", "new") for k in (0, 1)]
    with pytest.raises(UnsettledError, match="Nothing in the configurations") as error:
        finding(runs)
    assert error.value.choices == ({"pattern": "{setting}-{seed}"},)


def test_a_key_to_ignore_that_no_run_has_is_refused() -> None:
    with pytest.raises(UnsettledError, match="no run has a key 'mixop'; did you mean 'mixup'"):
        finding(sweep(), ignore=["mixop"])


# ---- what counts --------------------------------------------------------------------------------


def test_every_run_counts_or_is_named_with_a_reason() -> None:
    runs = [
        *sweep(),
        found("live", {"mixup": 0.0, "lr": 0.1, "seed": 7}, status="running", test_acc=0.1),
        found("dead", {"mixup": 0.2, "lr": 0.1, "seed": 7}, status="failed"),
        found("mute", {"mixup": 0.2, "lr": 0.1, "seed": 8}),
        found("lost", {"mixup": 0.2, "lr": 0.1}, test_acc=0.1),
        found("old", {"mixup": 0.2, "lr": 0.1, "seed": 3}, status="failed"),
    ]
    of = finding(runs, baseline="mixup=0")
    assert of.runs["mixup=0.2", 7].outcome.status == "failed"
    assert why(of) == {
        "live": "it is still running, or nothing says that it ended",
        "mute": "it has no value of test_acc",
        "lost": "it has no seed",
        "old": "it failed, and another run of its setting and seed counts",
    }
    assert len(of.runs) + len(of.left_out) == len(runs)


def test_runs_of_one_name_are_told_apart() -> None:
    runs = [
        found("seed0", setting=s, seed=0, metrics=m) for s, m in (("a", {"acc": 0.5}), ("b", {}))
    ]
    runs += [found("seed1", setting=s, seed=1, acc=0.5) for s in "ab"]
    of = finding(runs, baseline="a")
    assert seeds(of) == {"a": [0, 1], "b": [1]}
    assert [one.name for one in of.left_out] == ["seed0"]


def test_a_run_that_is_left_out_is_named_by_its_title() -> None:
    runs = [*sweep(), found("0af3", {"mixup": 0.0, "lr": 0.1, "seed": 9}, title="sunny-sky-9")]
    assert [*why(finding(runs, baseline="mixup=0"))] == ["sunny-sky-9 (0af3)"]
    runs = [*sweep(), found("run-9", {"mixup": 0.0, "lr": 0.1, "seed": 9}, title="run-9")]
    assert [*why(finding(runs, baseline="mixup=0"))] == ["run-9"]


def test_a_baseline_without_a_run_that_counts_is_refused_with_the_reasons() -> None:
    runs = [found(f"{s}{k}", setting=s, seed=k, acc=0.5) for s in "ab" for k in (0, 1)]
    runs[:2] = [found(f"a{k}", setting="a", seed=k, status="running", acc=0.5) for k in (0, 1)]
    with pytest.raises(UnsettledError, match=r"No run of the baseline, a, counts: it is still"):
        finding(runs, baseline="a")


# ---- pairs --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "paired"),
    [
        ([0, 1, 2], [0, 1, 2], True),
        ([0, 1, 2, 3], [1, 2], True),
        ([1, 2], [0, 1, 2, 3], True),
        ([0, 1, 2], [3, 4, 5], False),
        ([0, 1, 2], [2, 3, 4], False),
        ([0, 1, 2], [1, 2, 3], False),
        ([0, 1, 2], [2], False),
    ],
)
def test_equal_seeds_are_pairs_where_one_setting_has_the_others(
    first: list[int], second: list[int], paired: bool
) -> None:
    of = finding([*named("a", first), *named("b", second)], baseline="a")
    assert of.paired == paired
    assert ("not proven" in of.pairing) == paired


def test_one_variation_with_other_seeds_makes_the_study_unpaired() -> None:
    runs = [*named("ab", [0, 1, 2]), *named("c", [7, 8, 9])]
    of = finding(runs, baseline="a")
    assert not of.paired and "different seeds" in of.pairing


@pytest.mark.parametrize("paired", [True, False])
def test_what_is_declared_of_pairs_counts(paired: bool) -> None:
    of = finding(named("ab", [0, 1, 2]), baseline="a", paired=paired)
    assert of.paired == paired and "as declared" in of.pairing


def test_one_seed_in_all_runs_is_asked_about_and_may_be_none() -> None:
    runs = [
        found(f"{m}{k}", {"m": m, "seed": 42}, acc=0.5 + 0.01 * k) for m in "ab" for k in range(3)
    ]
    with pytest.raises(UnsettledError, match="All runs have the seed 42") as error:
        finding(runs, baseline="m=a")
    assert error.value.choices[0] == {"seed": "none"}
    of = finding(runs, baseline="m=a", seed="none")
    assert seeds(of) == {"a": [0, 1, 2], "b": [0, 1, 2]}
    assert not of.paired and "no seeds" in of.pairing


def test_no_runs_are_refused() -> None:
    with pytest.raises(UnsettledError, match="There are no runs"):
        finding([])


def test_without_seeds_a_seed_that_differs_still_makes_no_setting() -> None:
    of = finding(sweep(), baseline="mixup=0", seed="none")
    assert seeds(of) == {"mixup=0": [0, 1, 2, 3], "mixup=0.2": [0, 1, 2, 3]}


def test_a_name_of_setting_and_seed_makes_no_setting_even_where_a_run_was_repeated() -> None:
    runs = [
        found(f"r{lr}{k}{n}", {"lr": lr, "seed": k, "exp": f"exp-{lr}-{k}"}, acc=0.5 + lr)
        for lr in (0.1, 0.2)
        for k in range(3)
        for n in range(1 + (k == 0))
    ]
    of = finding(runs, baseline="lr=0.1", repeated="last")
    assert seeds(of) == {"lr=0.1": [0, 1, 2], "lr=0.2": [0, 1, 2]}
    assert of.passed_over["exp"] == "it names runs, by setting and seed"


def test_a_parent_without_a_seed_makes_no_setting() -> None:
    parent = found("parent", {"n_runs": 8, "lr": 0.1})
    of = finding([parent, *sweep()], baseline="mixup=0")
    assert seeds(of) == {"mixup=0": [0, 1, 2, 3], "mixup=0.2": [0, 1, 2, 3]}
    assert why(of) == {"parent": "it has no seed"}


def test_names_with_seeds_make_no_settings_where_seeds_are_none() -> None:
    runs = [
        found(f"r{lr}{k}{n}", {"lr": lr, "seed": k, "exp": f"exp-{lr}-{k}"}, acc=0.5 + lr)
        for lr in (0.1, 0.2)
        for k in range(3)
        for n in range(1 + (k == 0))
    ]
    of = finding(runs, baseline="lr=0.1", seed="none")
    assert seeds(of) == {"lr=0.1": [0, 1, 2, 3], "lr=0.2": [0, 1, 2, 3]}


def test_what_was_found_comes_with_what_can_not_be_known() -> None:
    with pytest.raises(UnsettledError) as error:
        finding(sweep())
    assert error.value.found[:3] == (
        "8 runs were read.", "Seeds (seed): 0-3.", "2 settings by mixup, of 4 runs each.",
    )  # fmt: skip


def test_a_baseline_among_runs_that_nothing_tells_apart_is_refused() -> None:
    runs = [found(f"x{k}y", {"seed": k, "lr": 0.1}, acc=0.5) for k in range(3)]
    with pytest.raises(UnsettledError, match="all runs are of one") as error:
        finding(runs, baseline="lr=0.2")
    assert not error.value.choices
