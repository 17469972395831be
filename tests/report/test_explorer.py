"""The explorer's data: complete, counted as by hand, within its budget, and harmless."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paribus.failures.cases import shown_cases
from paribus.failures.study import Failures
from paribus.report.blocks import Gallery, Section, every
from paribus.report.explorer import Payload, payload
from paribus.report.page import page
from paribus.report.sections.cases import cases
from paribus.results import Results
from report.explored import (
    NEAR,
    explain,
    explored,
    hostile_explored,
    square,
    unexplained,
)
from report.reports import results_of
from synthetic import make_records, make_study


def gallery(results: Results) -> Section:
    return Section("failures", list(cases(results)))


@pytest.fixture(scope="module")
def failures() -> Failures:
    return explored().failures


@pytest.fixture(scope="module")
def data(failures: Failures) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(payload(failures, square).json)
    return result


def test_cells_count_each_image_once_however_many_seeds_confuse_it(
    failures: Failures, data: dict[str, Any]
) -> None:
    for setting in data["settings"]:
        outcome = failures.outcomes[setting["name"]]
        cells: dict[tuple[int, int], set[int]] = {}
        for given_classes in outcome.predicted.tolist():
            for image, (true, given_class) in enumerate(
                zip(outcome.labels.tolist(), given_classes, strict=True)
            ):
                if true != given_class:
                    cells.setdefault((true, given_class), set()).add(image)
        assert {(i, j): n for i, j, n in setting["cells"]} == {
            cell: len(images) for cell, images in cells.items()
        }


def test_failures_of_a_class_are_counted_once_though_they_fall_into_several_cells(
    failures: Failures, data: dict[str, Any]
) -> None:
    for setting in data["settings"]:
        outcome = failures.outcomes[setting["name"]]
        wrong = [
            sum((outcome.wrong > 0) & (outcome.labels == n)) for n in range(len(outcome.classes))
        ]
        assert dict(setting["wrong"]) == {n: count for n, count in enumerate(wrong) if count}


def test_every_image_says_what_the_outcomes_say_of_it(
    failures: Failures, data: dict[str, Any]
) -> None:
    for image in data["cases"]:
        row = failures.rows[image["index"]]
        for outcome, facts in zip(failures.outcomes.values(), image["settings"], strict=True):
            assert facts["wrong"] == outcome.wrong[row]
            assert facts["kind"] == outcome.kinds[row]
            assert (facts["true"], facts["rival"]) == (outcome.labels[row], outcome.rival[row])
            assert facts["p"] == pytest.approx(
                [outcome.true_probability[row], outcome.rival_probability[row]], abs=1e-4
            )
            given_classes = outcome.predicted[:, row].tolist()
            assert dict(facts["votes"]) == {n: given_classes.count(n) for n in given_classes}


def test_changes_are_the_variations_own_and_at_the_baseline_the_strongest_of_all(
    failures: Failures, data: dict[str, Any]
) -> None:
    for image in data["cases"]:
        row = failures.rows[image["index"]]
        base, *others = image["settings"]
        for change, facts in zip(failures.changes.values(), others, strict=True):
            assert facts["fixed"][:2] == [change.fixed[row], len(change.seeds)]
            assert facts["changes"] == [verdict for verdict in [change.verdicts[row]] if verdict]
        assert base["broken"][0] == max(facts["broken"][0] for facts in others)
        assert set(base["changes"]) == {v for facts in others for v in facts["changes"]}


def test_every_image_is_called_by_its_file_where_it_has_one(
    failures: Failures, data: dict[str, Any]
) -> None:
    assert {image["file"] for image in data["cases"]} == {""}
    first, second = (image["index"] for image in data["cases"][:2])
    called = replace(failures, files={first: "cat/\u202egnp.exe", second: "כלב/1.png"})
    cases = payload(called, square).data["cases"]
    assert cases[0]["file"] == r"cat/\u202egnp.exe"
    assert cases[1]["file"] == "\u2068כלב\u2069/1.png"
    assert {image["file"] for image in cases[2:]} == {""}


def test_only_failures_are_in_it_in_the_order_of_telling() -> None:
    results = explored().results
    backwards = results.failed_cases.outcomes["main"].index[::-1]
    failures = replace(results.failed_cases, telling=backwards)
    result = [image["index"] for image in payload(failures, square).data["cases"]]
    wrong = {n: failures.wrong[row] for n, row in failures.rows.items()}
    assert 0 in wrong.values()
    assert result == [n for n in backwards.tolist() if wrong[n]]


def test_each_file_is_in_it_once_and_a_missing_one_not_at_all(failures: Failures) -> None:
    missing = f"original-{failures.telling[0]}.png"
    result = payload(failures, lambda name: None if name == missing else square(name)).data
    named = {image["original"] for image in result["cases"]}
    for image in result["cases"]:
        for facts in image["settings"]:
            named |= {facts["seen"], *(near[-1] for near in facts["near"])}
    assert set(result["images"]) == named - {missing}


def test_a_training_image_that_was_not_kept_as_seen_is_shown_as_it_came(
    failures: Failures,
) -> None:
    result = payload(failures, lambda name: None if name.startswith("seen") else square(name)).data
    facts = result["cases"][0]["settings"][0]
    assert facts["near"] == [
        [near.index, near.label, near.seeds, f"original-{near.index}.png"] for near in NEAR
    ]


def test_images_that_exceed_the_budget_are_left_out_and_counted(failures: Failures) -> None:
    def size(result: Payload) -> int:
        maps = [
            uri
            for image in result.data["cases"]
            for facts in image["settings"]
            for uri in facts["maps"].values()
        ]
        return sum(map(len, [*result.data["images"].values(), *maps]))

    whole = payload(failures, square)
    half = payload(failures, square, budget=size(whole) // 2)
    shown, all_of = len(half.data["cases"]), len(whole.data["cases"])
    assert 0.8 * size(whole) // 2 < size(half) <= size(whole) // 2
    assert half.data["cases"] == whole.data["cases"][:shown]
    assert f"the {shown} most informative are in this file" in half.note
    assert f"{all_of - shown}\u00a0more images would have made the file too large" in half.note


def test_without_images_there_is_neither_image_nor_map_and_no_budget(failures: Failures) -> None:
    result = payload(failures, None, budget=0)
    assert result.data["images"] == {} and not result.data["withImages"]
    assert "data:image" not in result.json
    assert len(result.data["cases"]) > 20


def test_without_explanations_all_else_is_there() -> None:
    plain = payload(unexplained(explored().results).failed_cases, square).data
    facts = plain["cases"][0]["settings"][0]
    assert "maps" not in facts and "near" not in facts and facts["votes"]


@given(st.text())
def test_no_name_can_end_the_element_that_holds_the_data(name: str) -> None:
    result = Payload({"names": [name, "</script><!--\u2028\u2029&amp;"]}, "")
    assert not set("<>&\u2028\u2029") & set(result.json)
    assert json.loads(result.json) == result.data


def test_hostile_classes_have_names_that_are_safe_and_all_different() -> None:
    names = hostile_explored().failures.names
    assert len(set(names)) == len(names)
    assert not any("\u202e" in name or len(name) > 70 for name in names)


@pytest.mark.parametrize(("seeds", "classes", "settings"), [(1, 2, 1), (2, 40, 2), (1, 200, 1)])
def test_any_number_of_seeds_classes_and_settings_has_an_explorer(
    seeds: int, classes: int, settings: int
) -> None:
    study = make_study(seeds=seeds, epochs=2, settings=["main", "l2"][:settings])
    names = [f"class {n}" for n in range(classes)]
    results = results_of(study, make_records(study, classes=names, images=400))
    result = payload(explain(results).failed_cases, square).data
    assert len(result["names"]) == classes
    kinds = {facts["kind"] for image in result["cases"] for facts in image["settings"]}
    assert ("one-seed" in kinds) == (seeds == 1)
    if settings == 1:
        assert result["cases"][0]["settings"][0]["fixed"] == [0, 0, 0]


def test_a_card_of_the_gallery_says_what_all_seeds_said_and_what_is_near(
    failures: Failures,
) -> None:
    results = explored().results
    html = page("", "", [gallery(results)], square, {})
    case = shown_cases(results.records)[0]
    outcome, row = failures.outcomes[case.setting], failures.rows[case.index]
    votes = outcome.predicted[:, row].tolist()
    wrong = sorted(set(votes) - {outcome.labels[row]}, key=lambda n: (-votes.count(n),))
    assert f"{case.wrong} of {case.seeds} seeds wrong: {outcome.classes[wrong[0]]} " in html
    assert 'alt="Training image 3"' in html
    assert f"speaks for {case.predicted} and" in html


def test_a_label_is_called_suspicious_only_among_the_most_suspicious_twentieth(
    failures: Failures,
) -> None:
    results, suspicions = explored().results, failures.suspicions
    assert suspicions is not None
    html = page("", "", [gallery(results)], None, {})
    shown = [of for b in every(gallery(results).blocks) if isinstance(b, Gallery) for of in b.cases]
    ranks = [suspicions.rank[failures.rows[of.case.index]] for of in shown]
    expected = [rank <= 0.05 * len(suspicions.rank) for rank in ranks]
    assert html.count("Is the label right? Rank ") == np.count_nonzero(expected)
    assert 0 < np.count_nonzero(expected) < len(expected)
