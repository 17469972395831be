"""Which test images are kept: the worst of all first, then some of everything that tells."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from failures.made import Probabilities, some_records, studies, surely, suspected
from paribus.failures import cases as failures
from paribus.failures.outcomes import Outcomes, all_changes, outcomes
from paribus.failures.telling import FEWEST, MOST, MOST_EXPLANATIONS, telling_images
from paribus.records.types import Integers
from synthetic import make_records, make_study


@pytest.fixture(scope="module")
def found() -> dict[str, Outcomes]:
    return outcomes(make_records(make_study(seeds=4, epochs=1), images=1500))


def test_the_shown_cases_come_first_and_are_all_there(found: dict[str, Outcomes]) -> None:
    shown = {
        c.index
        for c in failures.shown_cases(make_records(make_study(seeds=4, epochs=1), images=1500))
    }
    kept = telling_images(found, "main").tolist()
    assert set(kept[: len(shown)]) == shown
    assert set(telling_images(found, "main", most=1).tolist()) == shown


def test_the_first_of_every_ranking_are_kept(found: dict[str, Outcomes]) -> None:
    kept = set(telling_images(found, "main").tolist())
    index = found["main"].index
    rankings = [np.argsort(suspected(found).rank)]
    for its in found.values():
        rankings += [
            failures.most_confident(its), failures.nearest_boundary(its), failures.examples(its)
        ]  # fmt: skip
    for name, change in all_changes(found, "main").items():
        rankings += [
            failures.most_fixed(found[name], change), failures.most_broken(found[name], change)
        ]  # fmt: skip
    for ranking in rankings:
        assert set(index[ranking[:10]].tolist()) <= kept


def test_a_image_is_kept_once_and_the_same_are_kept_again(found: dict[str, Outcomes]) -> None:
    kept = telling_images(found, "main")
    assert len(set(kept.tolist())) == len(kept) == MOST
    np.testing.assert_array_equal(kept, telling_images(found, "main"))
    assert telling_images(found, "main", most=50).tolist() == kept[:50].tolist()


@pytest.mark.parametrize("settings", [1, 12, 100])
def test_of_many_settings_fewer_images_are_kept(settings: int) -> None:
    names = [f"s{number}" for number in range(settings)]
    records = make_records(make_study(seeds=2, epochs=1, settings=names), images=600)
    shown = {case.index for case in failures.shown_cases(records)}
    expected = max(len(shown), FEWEST, min(MOST, MOST_EXPLANATIONS // settings))
    assert len(telling_images(outcomes(records), names[0])) == expected


@given(studies())
@settings(max_examples=40, deadline=None)
def test_of_few_images_all_are_kept(
    study: tuple[Integers, dict[str, Probabilities]],
) -> None:
    its = outcomes(some_records(*study))
    kept = telling_images(its, "main").tolist()
    assert sorted(kept) == its["main"].index.tolist()


def test_where_nothing_fails_only_a_few_images_are_kept() -> None:
    labels = np.arange(300) % 3
    its = outcomes(some_records(labels, {"main": surely([labels, labels], 3)}))
    assert len(telling_images(its, "main")) == FEWEST


def test_without_a_finished_run_nothing_is_kept() -> None:
    assert telling_images({}, "main").tolist() == []


def test_without_a_finished_baseline_images_are_kept_all_the_same(
    found: dict[str, Outcomes],
) -> None:
    assert len(telling_images({"l2": found["l2"]}, "main")) == MOST
