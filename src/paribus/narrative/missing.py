"""What a study's records lack, in sentences: which part, in how many runs, and why it matters."""

from collections.abc import Callable, Collection, Sequence

from paribus.records.types import Environment, NetworkFacts, Record

_LOSSES = ("step_loss", "train_loss", "val_loss")


#: How a sentence on a part of a record begins, whether a record lacks it, and what is lost then.
_PARTS: tuple[tuple[str, Callable[[Record], bool], str], ...] = (
    (
        "Predictions for the test images are",
        lambda record: record.predictions is None,
        "their confusion matrices, recalls, failed cases and causes can't be shown, and no metric "
        "that Paribus works out from predictions can be tested",
    ),
    (
        "Probabilities of the predicted classes are",
        lambda record: record.predictions is not None and record.predictions.last is None,
        "test loss and the other metrics of probabilities, margins, confidence and the suspicion "
        "of wrong labels are unknown",
    ),
    (
        "Loss curves are",
        lambda record: not any(name in record.curves.series for name in _LOSSES),
        "their losses can't be drawn, and nothing that follows from them can be tested, such as "
        "where overfitting starts",
    ),
    (
        "Facts about the images are",
        lambda record: not record.facts.data.fingerprint,
        "nothing shows that all runs were trained and tested on the same images",
    ),
    (
        "Test images that all seeds share are",
        lambda record: record.has_own_split,
        "no image can be followed over the seeds, so failed cases and what the networks look at "
        "aren't shown",
    ),
    (
        "Facts about the network are",
        lambda record: record.facts.network == NetworkFacts(),
        "its layers and parameters can't be listed",
    ),
    (
        "The machine and its software are",
        lambda record: record.facts.environment == Environment(),
        "the numbers can't be traced to versions",
    ),
    (
        "Hashes of the random streams are",
        lambda record: record.facts.streams is None and not record.facts.drawn,
        "equal seeds only declare that runs are paired and don't prove it",
    ),
    (
        "Training times are",
        lambda record: not record.facts.train_cpu_seconds,
        "they can't be compared",
    ),
)


_NOT_ANALYZED = (
    "what these look at isn't known, and no metric that rests on it can be tested. "
    "`paribus run` analyzes them"
)


#: Of runs that something else trained, these parts may be missing.
_OF_OTHERS = ("Predictions", "Probabilities", "Hashes")


def on_missing(
    records: Sequence[Record], analyzed: Collection[tuple[str, int]], *, own: bool = True
) -> tuple[str, ...]:
    """A sentence for every part that a finished run lacks; none where all have all.

    `analyzed` are the settings and seeds whose networks were analyzed. Of runs that aren't
    Paribus's own nothing is known of images, networks and machines, which is one sentence.
    """
    if not own:
        return _on_others(records)
    finished = [record for record in records if record.finished]
    counts = [(what, sum(map(lacks, finished)), lost) for what, lacks, lost in _PARTS]
    tested = [r for r in finished if r.predictions is not None and not r.has_own_split]
    unknown = sum(record.key not in analyzed for record in tested)
    counts.append(("Analyses of the networks are", unknown, _NOT_ANALYZED))
    return tuple(
        f"{what} missing in {_of(number, len(finished))}: {lost}."
        for what, number, lost in counts
        if number
    )


def _on_others(records: Sequence[Record]) -> tuple[str, ...]:
    finished = [record for record in records if record.finished]
    parts = [part for part in _PARTS if part[0].startswith(_OF_OTHERS)]
    counts = [(what, sum(map(lacks, finished)), lost) for what, lacks, lost in parts]
    followed = sum(not record.curves.series for record in finished)
    counts.append(("Curves are", followed, "nothing can be shown of how they were trained"))
    elsewhere = any(record.facts.environment == Environment() for record in finished)
    what = "Data, networks and machines" if elsewhere else "Data and networks"
    return (
        *(f"{part} missing in {_of(n, len(finished))}: {lost}." for part, n, lost in counts if n),
        f"{what} aren't known, as something else trained these runs: nothing shows that they "
        "differ in nothing but what their configurations say.",
    )


def _of(number: int, total: int) -> str:
    if number < total:
        return f"{number:,} of {total:,} finished runs"
    return "the only finished run" if total == 1 else f"all {total:,} finished runs"
