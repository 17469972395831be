"""Failed cases as images: the worst of every class, and an explorer of all that are kept."""

from __future__ import annotations

from collections.abc import Sequence

from paribus.failures.cases import MOST_CLASSES, Case
from paribus.report import maps, words
from paribus.report.blocks import (
    Block,
    Explorer,
    Gallery,
    Heading,
    Nearest,
    Paragraph,
    Section,
    Shown,
)
from paribus.report.explorer import neighbor_files, votes
from paribus.report.failures import Failures
from paribus.report.sections.failure_counts import failure_counts
from paribus.report.summary import Summary

#: A label is called suspicious if its image is in this share of most suspicious ones.
SUSPICIOUS = 0.05


def cases(summary: Summary) -> Section:
    """For each setting and class, the image that most seeds get wrong."""
    cases, failures = summary.cases, summary.failures
    counts = failure_counts(failures.outcomes, failures.baseline) if cases else ()
    blocks: list[Block] = [*counts, Paragraph(_explanation(cases, failures), quiet=True)]
    for setting in dict.fromkeys(case.setting for case in cases):
        own = tuple(_shown(case, failures) for case in cases if case.setting == setting)
        blocks += [Heading(setting), Gallery(setting, own)]
    return Section("failures", "Failed cases", blocks)


def explorer(summary: Summary) -> Section:
    """Every failed case that is kept, to filter, sort and open; asks for a finished run."""
    explanation = (
        "The failed test images one by one: filter and sort them, or choose a cell of a "
        "confusion matrix to see what is in it. The address of the page keeps what is chosen, "
        "so that a finding can be sent to somebody who has this file."
    )
    block = Explorer(summary.failures)
    return Section("explorer", "Explorer", [Paragraph(explanation, quiet=True), block])


def _explanation(cases: Sequence[Case], failures: Failures) -> str:
    if not cases:
        return "No test image is classified wrongly."
    text = (
        "For each class, the test image that most seeds get wrong, and of those the one that "
        "they are surest of. On the left the original, then what the network saw. The "
        "probabilities are means over all seeds."
    )
    if failures.explained:
        text += (
            " Over the third image lie its integrated gradients: vermillion speaks for the "
            "class that the image is taken for, blue against it. Below are the training "
            "images nearest to it in the last hidden layer."
        )
    if len(failures.names) > MOST_CLASSES:
        text += f" Of the classes, the {MOST_CLASSES} of lowest recall are shown."
    return text


def _shown(case: Case, failures: Failures) -> Shown:
    its, row = failures.outcomes[case.setting], failures.rows[case.index]
    wrong = [(number, times) for number, times in votes(its, row) if number != its.labels[row]]
    text = ", ".join(f"{failures.names[number]} ({times})" for number, times in wrong)
    suspicion = _suspicion(failures, row)
    found = failures.explanation(case.setting, case.index)
    if found is None:
        return Shown(case, text, suspicion=suspicion)
    explained, place = found
    return Shown(
        case,
        text,
        overlay=maps.overlay(explained.gradients[place]),
        target=failures.names[explained.targets[place]],
        nearest=tuple(
            Nearest(
                index=near.index,
                label=failures.names[near.label],
                seeds=near.seeds,
                files=neighbor_files(its, near.index),
            )
            for near in explained.neighbors[place]
        ),
        suspicion=suspicion,
    )


def _suspicion(failures: Failures, row: int) -> str:
    rank, of = int(failures.suspicions.rank[row]), len(failures.suspicions.rank)
    if rank > SUSPICIOUS * of:
        return ""
    return f"Label-error suspicion: rank {words.whole(rank)} of {words.whole(of)}."
