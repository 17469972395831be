"""Test accuracy on new images, and class by class."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from paribus.comparison.compare import Comparison
from paribus.comparison.study import StudyComparison
from paribus.report import words
from paribus.report.blocks import Block, Cell, Heading, Paragraph, Table
from paribus.report.sections.numbers import TALL, level, p_value, verdict_cell


def both_intervals(compared: StudyComparison) -> Iterator[Block]:
    """The two intervals of test accuracy, and what each lets one say."""
    known = [c for c in compared.primary if c.new_images is not None]
    if not known:
        return
    yield Heading("Test accuracy: these images, or new ones")
    yield Paragraph(
        "The first interval supports a claim about these test images: trained from other seeds "
        "and tested on the very same images, the mean difference would lie in it. The second "
        "supports a claim about images of this kind: trained from other seeds and tested on "
        "other images drawn like these. Verdicts rest on the first; who means the network's use "
        "should read the second, which more seeds alone don't make narrow.",
    )
    yield Table(
        "Difference in test accuracy in points",
        ("", "Estimate", "New seeds, these images", "New seeds, new images"),
        tuple((c.variation, _both(c)) for c in known),
        tall=len(known) > TALL,
    )


def _both(c: Comparison) -> tuple[Cell, ...]:
    assert c.new_images is not None and c.estimate is not None
    unit = words.Unit(2, scale=100)

    def ends(low: float | None, high: float | None) -> str:
        if low is None or high is None or math.isnan(low):
            return words.NONE
        return f"[{unit.number(low)}, {unit.number(high)}]"

    return (
        Cell(unit.signed(c.estimate)),
        Cell(ends(c.low, c.high), level(c)),
        Cell(ends(c.new_images.low, c.new_images.high), f"p {p_value(c.new_images.p)}"),
    )


def recall_changes(recalls: Sequence[Comparison]) -> Iterator[Block]:
    """The table of all classes and variations, said to be exploratory."""
    tested = [c for c in recalls if c.p is not None]
    if not tested:
        return
    names = list(dict.fromkeys(c.variation for c in recalls))
    metrics = list(dict.fromkeys(c.metric.name for c in recalls))
    at = {(c.metric.name, c.variation): c for c in recalls}
    shown = sum(c.verdict not in ("undecided", "equivalent") for c in tested)
    yield Heading("Recall of each class")
    yield Paragraph(
        "Exploratory: many classes are looked at together. The p values are adjusted over all "
        f"{words.count(len(recalls), 'test')} of this table together (Holm), of which "
        f"{words.whole(shown) if shown else 'none'} {'shows' if shown == 1 else 'show'} a "
        "difference. The intervals are not adjusted.",
        quiet=True,
    )
    yield Table(
        "Difference in recall, with its 95 % interval, verdict and adjusted p",
        ("Class", *names),
        tuple(
            (
                words.class_name(metric.removeprefix("recall:")),
                tuple(verdict_cell(at[metric, name]) for name in names),
            )
            for metric in metrics
        ),
        tall=len(metrics) > TALL,
    )
