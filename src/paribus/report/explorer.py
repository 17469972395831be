"""The explorer's data: all that the page's script shows of failed test images.

The script is `templates/explorer.js`. Images are told by their numbers in their source, classes
by their places in `names`, settings by their places in `settings`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter, itemgetter
from typing import Any

import numpy as np

from paribus.failures.outcomes import VERDICTS, Changes, Outcomes
from paribus.failures.study import Failures
from paribus.io.strict_json import dumps
from paribus.names import in_print
from paribus.narrative import words
from paribus.records.images import original_name, seen_name
from paribus.records.types import Integers
from paribus.report.images import ReadImage, data_uri, overlay, small_uri

#: Bytes of images and maps that a page may hold, as they stand in it.
BUDGET = 8_000_000

Json = dict[str, Any]


@dataclass(frozen=True)
class Payload:
    """What goes into the page: the script's data, and a sentence on what is left out."""

    data: Json
    note: str

    @property
    def json(self) -> str:
        """The data as JSON that can't end the element it stands in, whatever a name holds."""
        text = dumps(self.data, ensure_ascii=False, separators=(",", ":"))
        return text.translate(_HARMLESS)


_HARMLESS = {ord(letter): f"\\u{ord(letter):04x}" for letter in "<>&\u2028\u2029"}


def payload(failures: Failures, read_image: ReadImage | None, budget: int = BUDGET) -> Payload:
    """The failed cases for the page, the most telling first, until the budget is spent.

    Args:
        read_image: where files come from; None leaves all images and maps out.
        budget: bytes of images and maps, as they stand in the page.
    """
    # What no run gets wrong, however suspicious, is no failed case.
    kept = [n for n in failures.telling.tolist() if failures.wrong[failures.rows[n]]]
    images: dict[str, str] = {}
    shown: list[Json] = []
    for index in kept:
        image = _image(failures, index, read_image)
        files = _files(image, images, read_image) if read_image else {}
        maps = [uri for facts in image["settings"] for uri in facts.get("maps", {}).values()]
        budget -= sum(map(len, [*files.values(), *maps]))
        if budget < 0:
            break
        images |= files
        shown.append(image)
    data = {
        "names": list(map(in_print, failures.names)),
        "settings": [_setting(failures, outcome) for outcome in failures.outcomes.values()],
        "cases": shown,
        "images": images,
        "withImages": read_image is not None,
    }
    return Payload(data, _note(failures, len(kept), len(shown)))


def _setting(failures: Failures, outcome: Outcomes) -> Json:
    """A setting, with how many distinct test images its failures are: all, kept or not."""
    cells = np.zeros((len(outcome.classes),) * 2, np.int64)
    np.add.at(cells, outcome.labels, outcome.votes > 0)
    np.fill_diagonal(cells, 0)
    wrong = np.bincount(outcome.labels[outcome.wrong > 0], minlength=len(outcome.classes))
    return {
        "name": outcome.setting,
        "baseline": outcome.setting == failures.baseline,
        "seeds": len(outcome.seeds),
        "hasProbabilities": outcome.has_probabilities,
        "wrong": [[n, int(count)] for n, count in enumerate(wrong) if count],
        "cells": [[*cell, int(cells[*cell])] for cell in np.argwhere(cells).tolist()],
    }


def _image(failures: Failures, index: int, read_image: ReadImage | None) -> Json:
    return {
        "index": index,
        "file": in_print(failures.file(index)),
        "original": original_name(index),
        "suspicion": _suspicion(failures, failures.rows[index]),
        "settings": [
            _facts(failures, outcome, index) | _explanation(failures, outcome, index, read_image)
            for outcome in failures.outcomes.values()
        ],
    }


def _suspicion(failures: Failures, row: int) -> Json | None:
    suspicion = failures.suspicions
    if suspicion is None:
        return None
    return {
        "score": round(float(suspicion.score[row]), 3),
        "rank": int(suspicion.rank[row]),
        "of": len(suspicion.rank),
    }


def _facts(failures: Failures, outcome: Outcomes, index: int) -> Json:
    """What a setting's runs say of a test image."""
    row = failures.rows[index]
    return {
        "true": int(outcome.labels[row]),
        "rival": int(outcome.rival[row]),
        "p": [_rounded(outcome.true_probability[row]), _rounded(outcome.rival_probability[row])],
        "margin": _rounded(outcome.margin[row]),
        "wrong": int(outcome.wrong[row]),
        "kind": str(outcome.kinds[row]),
        "votes": votes(outcome, row),
        "seen": seen_name(outcome.data, index),
        **_changes(failures, outcome, row),
    }


def votes(outcome: Outcomes, row: int) -> list[tuple[int, int]]:
    """The classes that a setting's seeds give an image, and how many do, the most first."""
    counts = outcome.votes[row]
    order = np.lexsort((-outcome.probability[row], -counts))
    return [(n, int(counts[n])) for n in order.tolist() if counts[n]]


def _changes(failures: Failures, outcome: Outcomes, row: int) -> Json:
    """What the variation fixes and breaks; at the baseline, what any of the variations does.

    "fixed" and "broken" are [paired seeds in which it is so, paired seeds, the variation].
    """
    names, changes = list(failures.outcomes), failures.changes
    shown = [changes[outcome.setting]] if outcome.setting in changes else list(changes.values())
    verdicts = {str(change.verdicts[row]) for change in shown}

    def most(times: Callable[[Changes], Integers]) -> list[int]:
        counts = (
            [int(times(one)[row]), len(one.seeds), names.index(one.variation)] for one in shown
        )
        return max(counts, key=itemgetter(0), default=[0, 0, 0])

    return {
        "changes": [verdict for verdict in VERDICTS if verdict and verdict in verdicts],
        "fixed": most(attrgetter("fixed")),
        "broken": most(attrgetter("broken")),
    }


def _explanation(
    failures: Failures, outcome: Outcomes, index: int, read_image: ReadImage | None
) -> Json:
    """The maps and the nearest training images, where an image was explained."""
    explanation = failures.explanation(outcome.setting, index)
    if explanation is None:
        return {}
    explained, place = explanation
    facts: Json = {"explained": explained.seeds, "target": int(explained.targets[place])}
    if read_image:
        maps = {"gradients": explained.gradients, "occlusion": explained.occlusion}
        facts["maps"] = {kind: data_uri(overlay(of[place])) for kind, of in maps.items()}
    files = [neighbor_files(outcome, near.index) for near in explained.neighbors[place]]
    near = [
        [near.index, near.label, near.seeds, first_there(shown, read_image)]
        for near, shown in zip(explained.neighbors[place], files, strict=True)
    ]
    return facts | {"near": near}


def neighbor_files(outcome: Outcomes, index: int) -> tuple[str, str]:
    """What shows a training image: as the network saw it, or else the original."""
    return seen_name(outcome.data, index), original_name(index)


def first_there(files: Sequence[str], read_image: ReadImage | None) -> str:
    """The first of several files that isn't missing; the first of all where all are."""
    return next((name for name in files if read_image and read_image(name) is not None), files[0])


def _files(image: Json, there: Mapping[str, str], read_image: ReadImage) -> dict[str, str]:
    """Every file that an image's page shows and that isn't there yet, but for missing ones."""
    settings = image["settings"]
    near = [file for facts in settings for *_, file in facts.get("near", ())]
    wanted = dict.fromkeys([image["original"], *near], small_uri)
    wanted |= dict.fromkeys([facts["seen"] for facts in settings], data_uri)
    files = {name: read_image(name) for name in wanted if name not in there}
    return {name: wanted[name](png) for name, png in files.items() if png is not None}


def _note(failures: Failures, kept: int, shown: int) -> str:
    wrong = int(np.count_nonzero(failures.wrong))
    images = words.count(wrong, "test image")
    if shown == wrong:
        return f"All {images} that at least one run gets wrong are in this file."
    text = (
        f"Of the {images} that at least one run gets wrong, the {words.whole(shown)} most "
        "informative are in this file; tables/failures.csv lists all."
    )
    if shown < kept:
        text += f" {words.count(kept - shown, 'more image')} would have made the file too large."
    return text


def _rounded(value: float) -> float | None:
    """Four decimals; None where the value isn't known."""
    return None if np.isnan(value) else round(float(value), 4)
