"""Pages with an explorer, from records and explanations made without training anything."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from PIL import Image

from paribus.failures.outcomes import Outcomes
from paribus.failures.study import Explained, Failures, Neighbor
from paribus.records.types import Integers
from paribus.report.blocks import Section
from paribus.report.images import ReadImage
from paribus.report.page import page
from paribus.report.sections.cases import cases, explorer
from paribus.report.sections.confusion import confusions
from paribus.results import Results
from report.reports import HOSTILE, results_of
from synthetic import ANIMALS, make_records, make_study

#: The side of a synthetic map, in pixels.
SIDE = 8

#: The training images that are near to every test image.
NEAR = (Neighbor(3, 1, 3), Neighbor(5, 2, 2))


@dataclass(frozen=True)
class Explored:
    """A page and what it was made from."""

    html: str
    results: Results

    @property
    def failures(self) -> Failures:
        """What the explorer is made from."""
        return self.results.failed_cases


@cache
def explored(classes: Sequence[str] = ANIMALS, *, images: bool = True) -> Explored:
    """Three settings, all explained, whose images are all there but for one original."""
    study = make_study(seeds=3, epochs=2)
    results = explain(results_of(study, make_records(study, classes=classes, images=200)))
    missing = f"original-{results.failed_cases.telling[1]}.png"
    read = (lambda name: None if name == missing else square(name)) if images else None
    return Explored(page_of(results, read), results)


def hostile_explored() -> Explored:
    """Every class is called by somebody else's text."""
    return explored(HOSTILE)


def page_of(results: Results, images: ReadImage | None) -> str:
    """A page of the sections that the explorer works with."""
    parts = {"confusion": confusions, "failures": cases, "explorer": explorer}
    shown = [Section(anchor, list(make(results))) for anchor, make in parts.items()]
    return page("name", "lead", [section for section in shown if section.blocks], images, {})


def explain(results: Results) -> Results:
    """The results of a study whose networks were all explained."""
    values = results.failed_cases
    explained = {name: _explained(seen, values.telling) for name, seen in values.outcomes.items()}
    return with_failed_cases(results, replace(values, explained=explained))


def unexplained(results: Results) -> Results:
    """The results of a study whose networks nobody explained."""
    return with_failed_cases(results, replace(results.failed_cases, explained={}))


def with_failed_cases(results: Results, failures: Failures) -> Results:
    """The results with other explanations than those on disk, of which there are none."""
    changed = replace(results)
    vars(changed)["failed_cases"] = failures  # where the cached property keeps it
    return changed


def square(name: str) -> bytes:
    """An image of one color, another for every name."""
    file = io.BytesIO()
    color = tuple(sum(map(ord, name)) * factor % 256 for factor in (7, 11, 13))
    Image.new("RGB", (16, 16), color).save(file, format="PNG")
    return file.getvalue()


def _explained(values: Outcomes, telling: Integers) -> Explained:
    """Maps that speak for the target on the left and against it on the right."""
    slope = np.linspace(1, -1, SIDE, dtype=np.float32)
    sides = np.broadcast_to(slope, (len(telling), SIDE, SIDE))
    return Explained(
        seeds=len(values.seeds),
        images=telling,
        targets=values.target[np.searchsorted(values.index, telling)],
        gradients=sides,
        occlusion=-sides,
        neighbors=(NEAR,) * len(telling),
    )
