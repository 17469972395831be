"""What the seeds of a study decide, and what all of its runs have in common, in words."""

from collections.abc import Collection

from paribus.narrative.words import listed
from paribus.study.config import SOURCES, VARIED, Source

_NAMES: dict[Source, str] = {
    "init": "initial values",
    "order": "order of images, augmentation and dropout",
    "split": "split of the images",
}


def decided(vary: Collection[Source]) -> str:
    """What a seed decides: "initial values, order of images, augmentation and dropout"."""
    return "; ".join(_NAMES[source] for source in SOURCES if source in vary)


def bound_to(vary: Collection[Source] | None) -> str:
    """What every interval over seeds is bound to, as "with this training set, split and ...".

    `vary` is None where it isn't known what a seed decided.
    """
    if vary is None:
        return "with the data and splits that these runs had"
    held = [_NAMES[source] for source in VARIED if source not in vary]
    fixed = f" and the {'; '.join(held)} of seed 0" if held else ""
    if "split" in vary:
        return f"with these images, split anew for each seed{fixed}"
    return f"with this training set, split and test set{fixed}"


def held_fixed(vary: Collection[Source] | None) -> str:
    """A sentence on what no interval over seeds allows for."""
    if vary is None:
        return "Data, splits and tuning are as these runs had them; the intervals allow for seeds."
    images = "The images" if "split" in vary else "Training images, split"
    held = [f"the {_NAMES[source]}" for source in VARIED if source not in vary]
    same = listed([images, *held, "tuning"])
    return f"{same} are the same in all runs; the intervals don't allow for others."


def by_seed(vary: Collection[Source]) -> str:
    """What a spread over seeds comes from, where that isn't as usual; else ""."""
    return "" if tuple(vary) == VARIED else f" (the seed decides: {decided(vary)})"
