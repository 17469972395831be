"""Failed cases as pictures."""

from __future__ import annotations

from paribus.evaluation.failures import MOST_CLASSES
from paribus.report.blocks import Block, Gallery, Heading, Paragraph, Section
from paribus.report.summary import Summary


def cases(summary: Summary) -> Section:
    """For each setting and class, the picture that most seeds get wrong."""
    blocks: list[Block] = [Paragraph(_explanation(summary), quiet=True)]
    for result in summary.settings:
        own = tuple(case for case in summary.cases if case.setting == result.name)
        if own:
            blocks += [Heading(result.name), Gallery(result.name, own)]
    return Section("failures", "Failed cases", blocks)


def _explanation(summary: Summary) -> str:
    if not summary.cases:
        return "No test picture is classified wrongly."
    text = (
        "For each class, the test picture that most seeds get wrong, and of those the one that "
        "they are surest of. On the left the original, on the right what the network saw. The "
        "probabilities are means over all seeds."
    )
    if any(len(result.classes) > MOST_CLASSES for result in summary.settings):
        text += f" Of the classes, the {MOST_CLASSES} of lowest recall are shown."
    return text
