"""Golden: the published confusion matrices give every figure that is printed of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ruamel.yaml import YAML

from paribus.metrics import classification as metrics

COPY = Path(__file__).parents[1] / "published.yaml"
REFERENCE = Path(__file__).parents[2].parent / "shared" / "reference" / "published.yaml"
SETTINGS = ["main", "batch-norm", "l2"]


def read(file: Path) -> dict[str, Any]:
    if not file.exists():
        pytest.skip(f"{file.name} does not lie beside the repository, in shared/reference")
    facts: dict[str, Any] = YAML(typ="safe").load(file)
    return facts


@pytest.fixture(params=[COPY, REFERENCE], ids=["copy", "reference"])
def published(request: pytest.FixtureRequest) -> dict[str, Any]:
    return read(request.param)


def printed(*figures: float) -> list[str]:
    """As scikit-learn prints them: the exact value to two decimals."""
    return [f"{figure:.2f}" for figure in figures]


@pytest.mark.parametrize("setting", SETTINGS)
def test_every_class_figure_follows_from_the_matrix(published: Any, setting: str) -> None:
    of = published["settings"][setting]
    figures = metrics.class_figures(np.array(of["confusion"]))
    for row, name in enumerate(published["classes"]):
        *shares, support = of["report_printed"][name]
        ours = figures.precision[row], figures.recall[row], figures.f1[row]
        assert (name, printed(*ours)) == (name, printed(*shares))
        assert figures.support[row] == support


@pytest.mark.parametrize("setting", SETTINGS)
def test_accuracy_and_averages_follow_from_the_matrix(published: Any, setting: str) -> None:
    of = published["settings"][setting]
    matrix = np.array(of["confusion"])
    figures = metrics.class_figures(matrix)
    assert printed(metrics.accuracy(matrix)) == printed(of["report_printed"]["accuracy"])
    for name, average in [
        ("macro avg", metrics.macro_average(figures)),
        ("weighted avg", metrics.weighted_average(figures)),
    ]:
        *shares, support = of["report_printed"][name]
        ours = printed(average.precision, average.recall, average.f1)
        assert (name, ours, average.support) == (name, printed(*shares), support)


def test_the_printed_accuracy_of_each_class_is_its_recall(published: Any) -> None:
    of = published["settings"]["main"]
    recall = metrics.class_figures(np.array(of["confusion"])).recall
    for row, name in enumerate(published["classes"]):
        assert f"{recall[row]:.3f}" == f"{of['per_class_accuracy_printed'][name]:.3f}"


def test_the_copy_says_what_the_reference_says() -> None:
    copy, reference = read(COPY), read(REFERENCE)
    assert copy["classes"] == reference["classes"]
    for setting in SETTINGS:
        for fact, value in copy["settings"][setting].items():
            assert reference["settings"][setting][fact] == value
