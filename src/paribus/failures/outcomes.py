"""Every test image over the seeds of a setting: right, wrong in some of them, or in all.

And a variation against the baseline, image by image: fixed, broken or neither. All arrays
named (n,) have one entry a test image, in the order of the records.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from paribus.errors import RecordError
from paribus.records.types import Integers, Predictions, Record

Kind = Literal["right", "seed-dependent", "systematic", "one-seed"]
Verdict = Literal["", "fixed", "broken"]

KINDS: tuple[Kind, ...] = get_args(Kind)
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)

Probabilities = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Names = npt.NDArray[np.str_]


@dataclass(frozen=True, eq=False)
class Outcomes:
    """What a setting's finished runs say of every test image after the last epoch.

    Attributes:
        seeds: of the finished runs, ascending.
        data: fingerprint of the data set; settings with the same one see the same pixels.
        shape: channels, height and width of the images as the network sees them.
        index: (n,) each image's number in its source.
        labels: (n,) its true class.
        predicted: (seeds, n) the class that each run gives.
        probability: (n, classes) mean over the seeds; NaN where only classes are known.
    """

    setting: str
    seeds: tuple[int, ...]
    classes: tuple[str, ...]
    data: str
    shape: tuple[int, int, int] | None
    index: Integers
    labels: Integers
    predicted: Integers
    probability: Probabilities

    @property
    def has_probabilities(self) -> bool:
        """Whether the runs' probabilities are known, and not just the classes they give."""
        return bool(np.isfinite(self.probability).all())

    @cached_property
    def wrong(self) -> Integers:
        """(n,) in how many seeds the image is given a wrong class."""
        return np.asarray((self.predicted != self.labels).sum(axis=0))

    @cached_property
    def votes(self) -> Integers:
        """(n, classes) how many seeds give each class."""
        images, classes = self.probability.shape
        cells = np.arange(images) * classes + self.predicted
        counts = np.bincount(cells.ravel(), minlength=images * classes)
        return counts.reshape(images, classes)

    @cached_property
    def rival(self) -> Integers:
        """(n,) the wrong class that most seeds give; the likelier where two tie or none does."""
        # Probabilities are at most one, so that half of one can only decide between equal votes.
        strength = self.votes + np.nan_to_num(self.probability) / 2
        return _argmax_but(strength, self.labels)

    @cached_property
    def target(self) -> Integers:
        """(n,) the class that an explanation explains: the rival of a failure, else the true."""
        return np.where(self.wrong > 0, self.rival, self.labels)

    @cached_property
    def kinds(self) -> Names:
        """(n,) the `Kind` of each image; one seed can't tell systematic from chance."""
        always = "systematic" if len(self.seeds) > 1 else "one-seed"
        mistaken = np.where(self.wrong == len(self.seeds), always, "seed-dependent")
        return np.where(self.wrong > 0, mistaken, "right")

    @cached_property
    def true_probability(self) -> Probabilities:
        """(n,) given to the true class; NaN where it isn't known."""
        return self._given_to(self.labels)

    @cached_property
    def rival_probability(self) -> Probabilities:
        """(n,) given to the rival; NaN where it isn't known."""
        return self._given_to(self.rival)

    @cached_property
    def margin(self) -> Probabilities:
        """(n,) log(true class's probability / likeliest other's), in nats; 0 at the boundary."""
        other = self._given_to(_argmax_but(self.probability, self.labels))
        smallest = np.finfo(np.float64).tiny  # so that a probability of 0 has a logarithm
        true, other = (np.log(np.maximum(p, smallest)) for p in (self.true_probability, other))
        return np.asarray(true - other)

    def rows(self, index: Integers) -> Integers:
        """Where in the (n,) arrays the images of these numbers stand; KeyError for others."""
        places = {number: row for row, number in enumerate(self.index.tolist())}
        return np.array([places[number] for number in index.tolist()], np.int64)

    def _given_to(self, classes: Integers) -> Probabilities:
        return np.asarray(self.probability[np.arange(len(classes)), classes])


@dataclass(frozen=True, eq=False)
class Changes:
    """A variation against the baseline, image by image, over the seeds that both finished.

    Even a variation that changes nothing fixes and breaks images: those that some seeds get
    wrong are wrong in other seeds each time. `paribus.failures.changes` says how many.

    Attributes:
        seeds: the paired seeds, ascending.
        before, after: (n,) in how many the baseline is wrong, and the variation.
        fixed: (n,) in how many the baseline is wrong and the variation right.
        broken: (n,) in how many it is the other way.
    """

    variation: str
    seeds: tuple[int, ...]
    before: Integers
    after: Integers
    fixed: Integers
    broken: Integers

    @cached_property
    def verdicts(self) -> Names:
        """(n,) the `Verdict`: "fixed", "broken" or "", by more than half of the paired seeds."""
        fixed, broken = turned(self.before, self.after, len(self.seeds))
        return np.where(fixed, "fixed", np.where(broken, "broken", ""))


def turned(before: Integers, after: Integers, seeds: int) -> tuple[Flags, Flags]:
    """Which images are fixed and which broken, of so many wrong answers in paired seeds.

    Fixed: wrong in more than half of the seeds before, and right in more than half after.
    """
    fixed = (2 * before > seeds) & (2 * after < seeds)
    broken = (2 * before < seeds) & (2 * after > seeds)
    return fixed, broken


def outcomes(records: Sequence[Record]) -> dict[str, Outcomes]:
    """Each setting with a run whose predictions are known, in the order of the records.

    A setting that was tested on other images than the first one, or on others for each seed, is
    left out: image by image it can't be compared.

    Raises:
        RecordError: if the runs of one setting weren't all tested on the same images.
    """
    runs: dict[str, list[Record]] = {}
    for record in records:
        if record.predictions is not None and not record.has_own_split:
            runs.setdefault(record.facts.setting, []).append(record)
    for first, *others in runs.values():
        for record in others:
            _require_same_images(first, record)
    reference = next(iter(runs.values()), [None])[0]
    return {
        name: _outcomes(setting_runs)
        for name, setting_runs in runs.items()
        if reference and _same_images(reference, setting_runs[0])
    }


def changes(baseline: Outcomes, variation: Outcomes) -> Changes:
    """A variation against the baseline over the seeds that both finished; none may be."""
    seeds = paired_seeds(baseline, variation)
    before, after = (wrong_in(outcome, seeds) for outcome in (baseline, variation))
    return Changes(
        variation=variation.setting,
        seeds=seeds,
        before=before.sum(axis=0),
        after=after.sum(axis=0),
        fixed=(before & ~after).sum(axis=0),
        broken=(after & ~before).sum(axis=0),
    )


def all_changes(by_setting: Mapping[str, Outcomes], baseline: str) -> dict[str, Changes]:
    """Every variation that has a finished run against the baseline; none if that has no run."""
    if baseline not in by_setting:
        return {}
    return {
        name: changes(by_setting[baseline], outcome)
        for name, outcome in by_setting.items()
        if name != baseline
    }


def paired_seeds(baseline: Outcomes, variation: Outcomes) -> tuple[int, ...]:
    """The seeds that both finished, ascending."""
    return tuple(seed for seed in baseline.seeds if seed in variation.seeds)


def wrong_in(outcome: Outcomes, seeds: Sequence[int]) -> Flags:
    """(seeds, n) whether each of these seeds gets each image wrong."""
    rows = [outcome.seeds.index(seed) for seed in seeds]
    return np.asarray(outcome.predicted[rows] != outcome.labels)


def _outcomes(records: Sequence[Record]) -> Outcomes:
    # Sums in another order could differ in their last bits, and with them what is shown.
    records = sorted(records, key=lambda record: record.facts.seed)
    facts, predictions = records[0].facts, [_predictions(record) for record in records]
    # NaN where a run's probabilities aren't known.
    total = np.zeros((len(predictions[0].labels), len(facts.data.classes)))
    for shown in predictions:
        total += np.nan if shown.last is None else np.exp(shown.last, dtype=np.float64)
    return Outcomes(
        setting=facts.setting,
        seeds=tuple(record.facts.seed for record in records),
        classes=facts.data.classes,
        data=facts.data.fingerprint,
        shape=facts.data.shape,
        index=predictions[0].index,
        labels=predictions[0].labels,
        predicted=np.stack([shown.predicted for shown in predictions]),
        probability=total / len(predictions),
    )


def _argmax_but(values: Probabilities, left_out: Integers) -> Integers:
    """(n,) the column of each row's largest value, one column a row left out."""
    values = values.copy()
    values[np.arange(len(values)), left_out] = -1
    return np.asarray(values.argmax(axis=1))


def _predictions(record: Record) -> Predictions:
    assert record.predictions is not None, "only runs with predictions have outcomes"
    return record.predictions


def _require_same_images(first: Record, record: Record) -> None:
    if not _same_images(first, record):
        raise RecordError(
            f"{record.facts.setting}, seed {record.facts.seed}: its test images or classes are "
            f"not those of seed {first.facts.seed}; the same are expected in all runs of a "
            "setting. Run the study again: what no longer fits is retrained."
        )


def _same_images(record: Record, other: Record) -> bool:
    """Whether two finished runs were tested on the same images, of the same classes."""
    one, two = _predictions(record), _predictions(other)
    return (
        record.facts.data.classes == other.facts.data.classes
        and np.array_equal(one.index, two.index)
        and np.array_equal(one.labels, two.labels)
    )
