"""Which failed cases to show: for each class, the picture that most seeds get wrong.

The pipeline keeps the pictures of `shown_cases` beside the records, and the report makes the
same choice again from the records' predictions; so both must come from here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from paribus.errors import RecordError
from paribus.records import Integers, Predictions, Record

#: More classes than this, and only those of lowest recall are shown.
MOST_CLASSES = 12

Probabilities = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """A test picture that a setting gets wrong.

    Attributes:
        setting: the setting's name.
        index: the picture's number in its source.
        true, predicted: the true class, and the wrong one that most seeds give, by name.
        true_probability, predicted_probability: given to the two, mean over all seeds.
        wrong: in how many of the `seeds` finished runs the picture is named wrongly.
        height, width: of the picture as the network saw it, in pixels.
    """

    setting: str
    index: int
    true: str
    predicted: str
    true_probability: float
    predicted_probability: float
    wrong: int
    seeds: int
    height: int
    width: int

    @property
    def original(self) -> str:
        """The file, in `pictures/`, of the picture as its source has it."""
        return f"original-{self.index}.png"

    @property
    def seen(self) -> str:
        """The file, in `pictures/`, of the picture as the network saw it."""
        return f"seen-{self.height}x{self.width}-{self.index}.png"


def shown_cases(records: Sequence[Record]) -> tuple[Case, ...]:
    """For each setting and true class, the picture that is wrong in most seeds.

    Of several, the one with the highest mean probability for its wrong class; the lowest index
    where that ties too. A class without a wrong picture has no case. Settings come in the order
    of `records`, and classes in their own.

    Raises:
        RecordError: if the runs of a setting don't share their test pictures.
    """
    finished = [record for record in records if record.predictions is not None]
    settings = dict.fromkeys(record.facts.setting for record in finished)
    # Sums in another order could differ in their last bits, and with them the choice.
    finished.sort(key=lambda record: record.facts.seed)
    return tuple(
        case
        for setting in settings
        for case in _cases([record for record in finished if record.facts.setting == setting])
    )


def _cases(records: list[Record]) -> list[Case]:
    """The cases of one setting."""
    first, predictions = records[0], _predictions(records)
    index, labels = predictions[0].index, predictions[0].labels
    predicted = np.stack([p.last.argmax(axis=1) for p in predictions])  # (seeds, n)
    probability = _mean_probability(predictions)
    wrong = (predicted != labels).sum(axis=0)
    rival = _rivals(predicted, labels, probability)
    confidence = probability[np.arange(len(labels)), rival]
    # The last key counts first.
    ranked = np.lexsort((index, -confidence, -wrong))

    def case(picture: int) -> Case:
        names, (_, height, width) = first.facts.data.classes, first.facts.data.shape
        return Case(
            setting=first.facts.setting,
            index=int(index[picture]),
            true=names[labels[picture]],
            predicted=names[rival[picture]],
            true_probability=float(probability[picture, labels[picture]]),
            predicted_probability=float(confidence[picture]),
            wrong=int(wrong[picture]),
            seeds=len(records),
            height=height,
            width=width,
        )

    worst = [ranked[labels[ranked] == number][:1] for number in _shown_classes(labels, wrong)]
    return [case(int(picture)) for top in worst for picture in top if wrong[picture]]


def _predictions(records: list[Record]) -> list[Predictions]:
    """Every run's predictions, of the same pictures."""
    predictions = [record.predictions for record in records if record.predictions]
    for record, its in zip(records, predictions, strict=True):
        if not np.array_equal(its.index, predictions[0].index):
            raise RecordError(
                f"{record.facts.setting}, seed {record.facts.seed}: its test pictures are not "
                f"those of seed {records[0].facts.seed}; runs of one setting share them. Delete "
                f"the setting's records and run the study again."
            )
    return predictions


def _mean_probability(predictions: list[Predictions]) -> Probabilities:
    """(n, classes), mean over the seeds."""
    total = np.zeros(predictions[0].last.shape)
    for its in predictions:
        total += np.exp(its.last, dtype=np.float64)
    return total / len(predictions)


def _rivals(predicted: Integers, labels: Integers, probability: Probabilities) -> Integers:
    """The wrong class that most seeds give each picture, (n,); the likelier where two tie."""
    pictures, classes = probability.shape
    votes = np.zeros((pictures, classes))
    for its in predicted:
        votes[np.arange(pictures), its] += 1
    # Probabilities are at most one, so that half of one can only decide between equal votes.
    votes += probability / 2
    votes[np.arange(pictures), labels] = -1
    rivals: Integers = votes.argmax(axis=1)
    return rivals


def _shown_classes(labels: Integers, wrong: Integers) -> list[int]:
    """The classes to show, in their order: those of most wrong answers a picture if many."""
    support = np.bincount(labels)
    mistakes = np.bincount(labels, weights=wrong) / np.maximum(support, 1)
    lowest_recall_first = np.argsort(-mistakes, kind="stable")
    return sorted(lowest_recall_first[:MOST_CLASSES].tolist())
