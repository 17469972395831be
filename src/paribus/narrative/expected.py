"""What a study's seeds can show, and what should be declared otherwise, in sentences."""

from collections.abc import Iterator

from paribus.comparison.expected import Expected
from paribus.narrative.numbers import seeds
from paribus.narrative.words import whole
from paribus.stats.detectable import Design
from paribus.stats.intervals import ALPHA
from paribus.stats.power import MOST_SEEDS

#: Fewer test images than this are no margin that one could act on.
FEW_IMAGES = 3
#: A margin so large that nearly all variations are equivalent.
LARGE_MARGIN = 0.1
#: Seeds to look, and to conclude.
LOOK, CONCLUDE = 5, 10


def expectations(of: Expected, *, own: bool = True) -> Iterator[str]:
    """What one point is in test images, and what these seeds can show.

    `own`: Paribus trains the runs, so that they have metrics that are compared by ranks.
    """
    if of.of_images and of.test:
        margin = of.images_in_margin
        rest = "" if margin is None else f"; the margin, {_points(of.margin)}, is {_images(margin)}"
        yield f"One point of accuracy is {_images(of.test / 100)} of {of.test:,} test images{rest}."
    if of.design is None or of.design.seeds < 2:
        return
    if of.smallest_sd is not None:
        yield _smallest(of, of.design)
    if of.chance_of_equivalence is not None:
        yield (
            f"A variation that changes nothing would be shown equivalent within the margin in "
            f"{_percent(of.chance_of_equivalence)} of studies."
        )
    assert of.fewest_by_ranks is not None, "known with the design"
    if own and of.fewest_by_ranks > of.design.seeds:
        yield (
            "Tests by ranks (best epoch, epochs to a loss, roughness) can't show a difference: "
            f"they need {of.fewest_by_ranks} seeds."
        )
    if not of.design.one_by_one and (p := 2 / 2**of.design.seeds) > ALPHA:
        yield f"The sign-flip test can't show one either: its p is {p:.2g} at best."


def _smallest(of: Expected, design: Design) -> str:
    among = f" for each of {of.variations} variations" if of.variations > 1 else ""
    added = design.one_by_one or design.looks is not None
    who = f"{'At most ' if added else ''}{seeds(design.seeds)}"
    if of.smallest is None:
        size = f"of {of.smallest_sd:.2g} times the standard deviation of the paired differences"
        return f"{who} would show, in 80 % of studies, a difference in {of.label} {size}{among}."
    assert of.spread is not None, "known with the difference"
    return (
        f"{who} would show, in 80 % of studies, a difference of {_points(of.smallest)}{among}, if "
        f"paired differences spread by {_points(of.spread)} (assumed; 0.6 to 1.2 in our studies)."
    )


def advice(of: Expected) -> Iterator[str]:
    """What of the seeds and the margin makes no sense, and what would."""
    if not of.variations:
        yield "There is no variation, so there is nothing to compare."
    elif of.design is not None and of.design.seeds < 2:
        yield f"One seed shows no spread, so nothing can be tested: {_LOOK}."
    elif of.design is not None and of.design.seeds < LOOK:
        yield f"{seeds(of.design.seeds)} are few: {_LOOK}."
    if (margin := _on_margin(of)) or (margin := _on_chance(of)):
        yield margin


_LOOK = f"take {LOOK} to look, {CONCLUDE} to conclude"


def _on_margin(of: Expected) -> str:
    images = of.images_in_margin
    if images is None or of.margin is None:
        return ""
    if images < 1:
        return (
            f"The margin, {_points(of.margin)}, is less than one test image. Declare the smallest "
            f"gain you would act on, at least a few images: {_share(FEW_IMAGES / of.test)} is "
            f"{FEW_IMAGES}."
        )
    if images < FEW_IMAGES:
        return (
            f"The margin, {_points(of.margin)}, is {_images(images)} test images: a gain that so "
            "few images make is hard to act on."
        )
    if of.margin >= LARGE_MARGIN:
        return (
            f"Within a margin of {_points(of.margin)} nearly everything is equivalent; one point "
            "is 0.01."
        )
    return ""


def _on_chance(of: Expected) -> str:
    """Where these seeds are unlikely to show what the margin says matters."""
    needed = of.seeds_for_margin
    if of.design is None or of.chance_at_margin is None or needed is None or of.design.seeds < 2:
        return ""
    if of.chance_at_margin >= 0.8:
        return ""
    enough = f"more than {MOST_SEEDS:,}" if needed > MOST_SEEDS else f"{needed}"
    # Their number is that of a test at the end; stopping early takes more seeds at most.
    stops = of.design.looks is not None or of.design.one_by_one
    fixed = ", trained whatever they show," if stops else ""
    return (
        f"A difference as large as the margin would be shown in {_percent(of.chance_at_margin)} "
        f"of studies; {enough} seeds{fixed} would show it in 80 %."
    )


def _points(share: float | None) -> str:
    assert share is not None, "asked only where it is known"
    number = f"{100 * share:.2g}"
    return "1 point" if number == "1" else f"{number} points"


def _share(share: float) -> str:
    return f"{share:.2g}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _images(number: float) -> str:
    """A number of images: "3.6", "100"."""
    return f"{number:.2g}" if number < 10 else whole(number)
