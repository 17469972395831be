"""What was observed, each in a sentence with its numbers below."""

from collections.abc import Container, Iterator

from paribus.narrative import words
from paribus.report.blocks import Block, Paragraph, Point, Points
from paribus.report.sections.cells import shown_in
from paribus.results import Results

#: The most useful ones, so many; results.json has all.
MOST_POINTS = 7


def observations(results: Results, anchors: Container[str]) -> Iterator[Block]:
    """The most useful ones, and what the seeds leave undecided in one sentence.

    `anchors` are those of the report's sections.
    """
    points = results.observed.points[:MOST_POINTS]
    if points:
        yield Points(
            [
                Point(
                    words.typeset(of.says),
                    words.typeset(" ".join(of.evidence)),
                    shown_in(of.figure, anchors),
                )
                for of in points
            ]
        )
    if results.observed.open:
        yield Paragraph(words.typeset(results.observed.open))
