"""What the program observes, as an author would write it by hand."""

from __future__ import annotations

from paribus.report import words
from paribus.report.blocks import Paragraph, Point, Points, Section
from paribus.report.sections.places import PLACES
from paribus.report.summary import Summary


def observations(summary: Summary) -> Section:
    """Every observation with the part of the report that shows it."""
    points = tuple(
        Point(of.topic, words.typeset(of.text), of.figure, PLACES[of.figure])
        for of in summary.findings.observations
    )
    explanation = Paragraph(
        "Written by the program from the numbers, which are in results.json; every sentence goes "
        "as far as its test does. In brackets the 95 % interval for new seeds on these test "
        "images; p values are adjusted over the variations.",
        quiet=True,
    )
    return Section("observations", "Observations", [Points(points), explanation])
