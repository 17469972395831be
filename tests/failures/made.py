"""Records of a few runs with given answers, and hypothesis strategies for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from paribus.failures.label_errors import Suspicions, suspicions
from paribus.failures.outcomes import Outcomes, outcomes
from paribus.records.types import Integers, Predictions, Record
from synthetic import make_records, make_study

Probabilities = npt.NDArray[np.float64]

(TEMPLATE,) = make_records(make_study(seeds=1, epochs=1, settings=["main"]), images=10)


def a_record(
    setting: str, seed: int, labels: Integers, probability: Probabilities, failed: bool = False
) -> Record:
    """One run with these probabilities (n, classes); class k is called "k"."""
    log = np.log(probability).astype(np.float32)
    names = tuple(map(str, range(probability.shape[1])))
    data = TEMPLATE.facts.data.model_copy(update={"classes": names, "test": len(labels)})
    status = "failed" if failed else "finished"
    facts = TEMPLATE.facts.model_copy(
        update={"setting": setting, "seed": seed, "data": data, "status": status}
    )
    shown = Predictions(np.arange(len(labels)) * 2 + 5, labels, log, log)
    return replace(TEMPLATE, facts=facts, predictions=None if failed else shown)


def some_records(
    labels: Sequence[int] | Integers,
    settings: Mapping[str, Sequence[Probabilities] | Probabilities],
) -> list[Record]:
    """Records of each setting's runs, seeds from 0: setting -> (seeds, n, classes)."""
    return [
        a_record(setting, seed, np.asarray(labels), np.asarray(probability, np.float64))
        for setting, runs in settings.items()
        for seed, probability in enumerate(runs)
    ]


def surely(answers: npt.ArrayLike, classes: int, sure: float = 0.9) -> Probabilities:
    """(seeds, n, classes) that give each image the class in answers (seeds, n)."""
    rest = (1 - sure) / (classes - 1)
    return np.where(np.eye(classes)[np.asarray(answers)] > 0, sure, rest)


def suspected(by_setting: Mapping[str, Outcomes]) -> Suspicions:
    """The suspicions of outcomes with probabilities."""
    known = suspicions(by_setting)
    assert known is not None
    return known


@st.composite
def studies(draw: st.DrawFn) -> tuple[Integers, dict[str, Probabilities]]:
    """Labels (n,), and setting -> probabilities (seeds, n, classes), with many ties."""
    seeds, classes, images = draw(st.integers(1, 6)), draw(st.integers(2, 6)), 12
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    labels = random.integers(0, classes, images)

    def runs(seeds: int) -> Probabilities:
        weights = random.integers(1, 5, (seeds, images, classes)) ** 2.0
        weights[:, np.arange(images), labels] += draw(st.sampled_from([0.0, 4.0, 9.0]))
        return np.asarray(weights / weights.sum(axis=2, keepdims=True))

    return labels, {"main": runs(seeds), "l2": runs(draw(st.integers(1, 6)))}


def an_outcome(labels: Sequence[int], probability: Probabilities) -> Outcomes:
    """The outcomes of one setting, straight from probabilities (seeds, n, classes)."""
    return outcomes(some_records(labels, {"main": probability}))["main"]
