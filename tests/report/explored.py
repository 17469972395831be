"""Pages with an explorer, from records and explanations made without training anything."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from PIL import Image

from paribus.evaluation.explained import Explained, Neighbour
from paribus.evaluation.outcomes import Outcomes
from paribus.records import Integers
from paribus.report.blocks import Explorer
from paribus.report.failures import Failures
from paribus.report.images import Pictures
from paribus.report.page import page
from paribus.report.sections.cases import cases, explorer
from paribus.report.sections.classes import confusions
from paribus.report.summary import Summary, summarise
from report.reports import HOSTILE
from synthetic import ANIMALS, make_records, make_study

#: The side of a synthetic map, in pixels.
SIDE = 8

#: The training pictures that are near to every test picture.
NEAR = (Neighbour(3, 1, 3), Neighbour(5, 2, 2))


@dataclass(frozen=True)
class Explored:
    """A page and what it was made from."""

    html: str
    summary: Summary
    failures: Failures


@cache
def explored(classes: Sequence[str] = ANIMALS, *, pictures: bool = True) -> Explored:
    """Three settings, all explained, whose pictures are all there but for one original."""
    study = make_study(seeds=3, epochs=2)
    summary = explain(summarise(study, make_records(study, classes=classes, pictures=200)))
    missing = f"original-{summary.telling[1]}.png"
    read = (lambda name: None if name == missing else square(name)) if pictures else None
    return Explored(page_of(summary, read), summary, failures_of(summary))


def hostile_explored() -> Explored:
    """Every class is called by somebody else's text."""
    return explored(HOSTILE)


def page_of(summary: Summary, pictures: Pictures | None) -> str:
    """A page of the sections that the explorer works with."""
    return page("name", "lead", [part(summary) for part in (confusions, cases, explorer)], pictures)


def failures_of(summary: Summary) -> Failures:
    """What the explorer is made from."""
    (block,) = (block for block in explorer(summary).blocks if isinstance(block, Explorer))
    return block.failures


def explain(summary: Summary) -> Summary:
    """The summary of a study whose networks were all explained."""
    explained = {name: _explained(its, summary.telling) for name, its in summary.outcomes.items()}
    return replace(summary, explained=explained)


def unexplained(summary: Summary) -> Summary:
    """The summary of a study whose networks nobody explained."""
    return replace(summary, explained={})


def square(name: str) -> bytes:
    """A picture of one colour, another for every name."""
    file = io.BytesIO()
    colour = tuple(sum(map(ord, name)) * factor % 256 for factor in (7, 11, 13))
    Image.new("RGB", (16, 16), colour).save(file, format="PNG")
    return file.getvalue()


def _explained(its: Outcomes, telling: Integers) -> Explained:
    """Maps that speak for the target on the left and against it on the right."""
    slope = np.linspace(1, -1, SIDE, dtype=np.float32)
    sides = np.broadcast_to(slope, (len(telling), SIDE, SIDE))
    return Explained(
        seeds=len(its.seeds),
        pictures=telling,
        targets=its.target[np.searchsorted(its.index, telling)],
        gradients=sides,
        occlusion=-sides,
        neighbours=(NEAR,) * len(telling),
    )
