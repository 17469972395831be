"""How often networks that learned nothing are shown to be above chance."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from calibration.chance import CLASSES, unrelated
from paribus.comparison.chance import against_chance
from paribus.comparison.values import SettingValues, Values, values
from paribus.records.types import Predictions
from paribus.stream import stream
from synthetic import make_records, make_study

Integers = npt.NDArray[np.int64]
SEEDS = (1, 3, 10, 30)
LOOKS = (3, 5, 10)


def _one_class(rng: np.random.Generator, seeds: int, images: int) -> Integers:
    return np.repeat(rng.integers(0, CLASSES, (seeds, 1)), images, axis=1)


def _by_seed(rng: np.random.Generator, seeds: int, images: int) -> Integers:
    """Each seed prefers other classes."""
    mixed = rng.dirichlet(np.full(CLASSES, 0.3), seeds)
    return np.stack([rng.choice(CLASSES, images, p=shares) for shares in mixed])


def _nearly_same(rng: np.random.Generator, seeds: int, images: int) -> Integers:
    """All seeds give the same answers but for one in twenty."""
    own, all_ = rng.integers(0, CLASSES, (seeds, images)), rng.integers(0, CLASSES, images)
    return np.where(rng.random((seeds, images)) < 0.05, own, all_)


#: Answers (seeds, images) that have nothing to do with the labels.
LAWS: dict[str, Callable[[np.random.Generator, int, int], Integers]] = {
    "one class always, another each seed": _one_class,
    "any class at random": lambda rng, n, m: rng.integers(0, CLASSES, (n, m)),
    "each seed prefers classes of its own": _by_seed,
    "seeds much alike": lambda rng, n, m: unrelated(rng, n, m, 2.0),
    "seeds nearly the same": _nearly_same,
}


class Networks:
    """Networks of one setting, whose answers are to be chosen."""

    def __init__(self, seeds: int, images: int) -> None:
        study = make_study(seeds=seeds, epochs=1, settings=("main",))
        names = [f"class {k}" for k in range(CLASSES)]
        self.made = values(study, make_records(study, classes=names, images=images))
        self.index = np.arange(images)

    def giving(self, answers: Integers, labels: Integers) -> Values:
        """The values of the first networks, as many as there are answers (n, images)."""
        of = self.made.settings["main"]
        shown = [Predictions(self.index, labels, given=row) for row in answers]
        runs = tuple(
            replace(run, record=replace(run.record, predictions=one))
            for run, one in zip(of.runs, shown, strict=False)
            if run is not None
        )
        setting: SettingValues = replace(of, runs=runs)
        return replace(self.made, settings={"main": setting}, labels=labels)


def is_shown(given: Values, looks: int = 1) -> bool:
    found = against_chance(given, "main", looks)
    return found is not None and found.is_above


def labels_of(rng: np.random.Generator, images: int, rare: bool) -> Integers:
    """Equally many of each class; or half of one, and fewer and fewer of the others."""
    shares = 0.5 ** np.arange(1, CLASSES + 1)
    of = rng.choice(CLASSES, images, p=shares / shares.sum()) if rare else np.arange(images)
    return np.asarray(of % CLASSES)


def falsely_shown(law: str, seeds: int, images: int, repetitions: int, rare: bool = False) -> float:
    """How many studies show networks that learned nothing to be above chance."""
    rng, networks = stream(seeds, "baseline", law, images, int(rare)), Networks(seeds, images)
    shown = 0
    for _ in range(repetitions):
        labels = labels_of(rng, images, rare)
        if np.ptp(labels):
            shown += is_shown(networks.giving(LAWS[law](rng, seeds, images), labels))
    return shown / repetitions


def falsely_shown_at_a_stop(law: str, images: int, repetitions: int) -> tuple[float, float]:
    """The same at any of three looks, and after any of ten seeds."""
    rng, networks = stream(0, "baseline stops", law, images), Networks(LOOKS[-1], images)
    found = np.zeros(2)
    for _ in range(repetitions):
        labels = labels_of(rng, images, False)
        answers = LAWS[law](rng, LOOKS[-1], images)
        given = {n: networks.giving(answers[:n], labels) for n in range(1, LOOKS[-1] + 1)}
        found += [
            any(is_shown(given[n], len(LOOKS)) for n in LOOKS),
            any(is_shown(replace(one, anytime=True)) for one in given.values()),
        ]
    at_looks, at_any = (found / repetitions).tolist()
    return at_looks, at_any


def baseline_tables(repetitions: int) -> Iterator[Iterator[str]]:
    """The tables of docs/statistics.md."""
    yield _over_seeds(repetitions)
    yield _at_stops(repetitions)


def _over_seeds(repetitions: int) -> Iterator[str]:
    yield f"**Networks that learned nothing, shown to be above chance ({repetitions:,} each)**\n"
    yield "| answers, images | " + " | ".join(f"n = {n}" for n in SEEDS) + " |"
    yield "|---|" + "--:|" * len(SEEDS)
    for law in LAWS:
        for images, rare in ((20, False), (100, False), (100, True)):
            shares = [falsely_shown(law, n, images, repetitions, rare) for n in SEEDS]
            name = f"{law}, {images}{', rare classes' if rare else ''}"
            yield f"| {name} | " + " | ".join(f"{100 * share:.1f} %" for share in shares) + " |"


def _at_stops(repetitions: int) -> Iterator[str]:
    yield f"**The same of studies that may stop, 100 images ({repetitions:,} each)**\n"
    yield "| answers | at a look at 3, 5 or 10 seeds | after any of 10 seeds |"
    yield "|---|--:|--:|"
    for law in LAWS:
        shares = falsely_shown_at_a_stop(law, 100, repetitions)
        yield f"| {law} | " + " | ".join(f"{100 * share:.1f} %" for share in shares) + " |"
