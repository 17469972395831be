"""What a study's records lack, in sentences: which part, in how many runs, and why it matters."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from paribus.records.types import Environment, NetworkFacts, Record

_LOSSES = ("step_loss", "train_loss", "val_loss")


@dataclass(frozen=True)
class _Part:
    """A part of a run's record, `what` beginning the sentence, and what can't be shown without."""

    what: str
    lacks: Callable[[Record], bool]
    without: str


_PARTS = (
    _Part(
        "Predictions for the test images are",
        lambda record: record.predictions is None,
        "their confusion matrices, recalls, failed cases and causes can't be shown, and no metric "
        "that Paribus works out from predictions can be tested",
    ),
    _Part(
        "Probabilities of the predicted classes are",
        lambda record: record.predictions is not None and record.predictions.last is None,
        "test loss, margins, confidence and the suspicion of wrong labels are unknown",
    ),
    _Part(
        "Loss curves are",
        lambda record: not any(name in record.curves.series for name in _LOSSES),
        "their losses can't be drawn, and nothing that follows from them can be tested, such as "
        "where overfitting starts",
    ),
    _Part(
        "Facts about the images are",
        lambda record: not record.facts.data.fingerprint,
        "nothing shows that all runs were trained and tested on the same images",
    ),
    _Part(
        "Facts about the network are",
        lambda record: record.facts.network == NetworkFacts(),
        "its layers and parameters can't be listed",
    ),
    _Part(
        "The machine and its software are",
        lambda record: record.facts.environment == Environment(),
        "the numbers can't be traced to versions",
    ),
    _Part(
        "Hashes of the random streams are",
        lambda record: record.facts.streams is None,
        "equal seeds only declare that runs are paired and don't prove it",
    ),
    _Part(
        "Training times are",
        lambda record: not record.facts.train_cpu_seconds,
        "they can't be compared",
    ),
)


def on_missing(records: Sequence[Record]) -> tuple[str, ...]:
    """A sentence for every part that a finished run lacks; none where all have all."""
    finished = [record for record in records if record.finished]
    counts = {part: sum(map(part.lacks, finished)) for part in _PARTS}
    return tuple(
        f"{part.what} missing in {_of(number, len(finished))}: {part.without}."
        for part, number in counts.items()
        if number
    )


def _of(number: int, total: int) -> str:
    if number < total:
        return f"{number:,} of {total:,} finished runs"
    return "the only finished run" if total == 1 else f"all {total:,} finished runs"
