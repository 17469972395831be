"""Figures from matrices, and which printed ones follow."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import classification_report

from paribus.audit.networks import PrintedFigure, follows, networks, printed_figures
from paribus.audit.read import parse_published
from paribus.audit.spec import Printed, Published

REPORT = """\
classes: [cat, dog, elk]
settings:
  main:
    confusion: [[8, 2, 0], [3, 16, 1], [0, 1, 4]]
    per_class_accuracy_printed: {cat: 0.8, elk: 0.80}
    report_printed:
      cat: [0.73, 0.80, 0.76, 10]
      dog: [0.84, 0.80, 0.82, 20]
      elk: [0.80, 0.80, 0.80, 5]
      accuracy: 0.80
      macro avg: [0.79, 0.80, 0.79, 35]
      weighted avg: [0.80, 0.80, 0.80, 35]
"""


def not_following(text: str) -> list[PrintedFigure]:
    published = parse_published(text)
    return [of for of in printed_figures(published, networks(published)) if not of.follows]


@pytest.mark.parametrize(
    ("printed", "computed", "agree"),
    [
        ("0.26", 0.26, True),
        ("0.26", 0.255, True),  # a tie, either way
        ("0.26", 0.265, True),
        ("0.26", 0.2549, False),
        ("0.26", 0.2651, False),
        ("0.260", 0.2606, False),  # three digits were printed
        ("0.3", 0.26, True),
        ("0.30", 0.26, False),
        ("1", 0.5, True),
        ("0", 0.51, False),
    ],
)
def test_a_figure_follows_if_it_rounds_to_what_is_printed(
    printed: str, computed: float, agree: bool
) -> None:
    assert follows(Printed(printed), computed) is agree


@settings(deadline=None)
@given(st.fractions(0, 1, max_denominator=5000), st.integers(0, 6))
def test_what_python_prints_of_a_figure_follows_and_the_next_digit_does_not(
    exact: float, digits: int
) -> None:
    text = f"{float(exact):.{digits}f}"
    assert follows(Printed(text), float(exact))
    assert not follows(Printed(f"{float(text) + 2 * 10**-digits:.{digits}f}"), float(exact))


def test_every_figure_that_scikit_learn_prints_follows() -> None:
    rows = [[8, 2, 0], [3, 16, 1], [0, 1, 4]]
    pairs = [(i, j) for i in range(3) for j in range(3) for _ in range(rows[i][j])]
    truth, predicted = zip(*pairs, strict=True)
    printed = classification_report(truth, predicted, target_names=["cat", "dog", "elk"])
    for line in REPORT.splitlines()[6:9]:
        name, numbers = line.strip().split(": ")
        assert numbers.strip("[]").replace(", ", " ") in " ".join(printed.split()), name
    assert not_following(REPORT) == []


@pytest.mark.parametrize(
    ("old", "new", "result"),
    [
        ("[0.84, 0.80, 0.82, 20]", "[0.84, 0.81, 0.82, 20]", ("dog", "recall", "0.81", "0.80")),
        ("[0.84, 0.80, 0.82, 20]", "[0.48, 0.80, 0.82, 20]", ("dog", "precision", "0.48", "0.84")),
        ("[0.73, 0.80, 0.76, 10]", "[0.73, 0.80, 0.77, 10]", ("cat", "f1", "0.77", "0.76")),
        ("accuracy: 0.80\n", "accuracy: 0.79\n", ("accuracy", "accuracy", "0.79", "0.80")),
        ("macro avg: [0.79", "macro avg: [0.80", ("macro avg", "precision", "0.80", "0.79")),
        ("weighted avg: [0.80, 0.80, 0.80", "weighted avg: [0.80, 0.80, 0.8012",
         ("weighted avg", "f1", "0.8012", "0.8008")),
        ("{cat: 0.8,", "{cat: 0.7,", ("cat", "accuracy", "0.7", "0.8")),
        ("elk: 0.80}", "elk: 0.801}", ("elk", "accuracy", "0.801", "0.800")),
    ],
)  # fmt: skip
def test_a_wrong_digit_is_found_and_named(old: str, new: str, result: tuple[str, ...]) -> None:
    assert REPORT.count(old) == 1
    (wrong,) = not_following(REPORT.replace(old, new))
    assert wrong.setting == "main"
    assert (wrong.row, wrong.figure, wrong.printed, wrong.expected) == result


def test_intervals_are_wilsons(build: Callable[..., Published]) -> None:
    (network,) = networks(build({"main": [[8, 2], [3, 17]]}))

    def wilson(right: int, n: int) -> tuple[float, float]:
        z, p = 1.959963984540054, right / n
        middle, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)

    assert (network.right, network.images, network.accuracy) == (25, 30, 25 / 30)
    assert (network.low, network.high) == pytest.approx(wilson(25, 30))
    cat, dog = network.classes
    assert (cat.low, cat.high) == pytest.approx(wilson(8, 10))
    assert (dog.low, dog.high) == pytest.approx(wilson(17, 20))


def test_a_class_that_is_never_predicted_has_precision_0(build: Callable[..., Published]) -> None:
    (network,) = networks(build({"main": [[0, 10], [0, 20]]}))
    assert [of.precision for of in network.classes] == [0, pytest.approx(20 / 30)]
    assert np.isfinite([network.macro.f1, network.weighted.f1]).all()
