"""Whether runs of equal seeds are pairs."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

#: Fewer seeds that two settings share make no pairs.
FEWEST_PAIRS = 2


def paired(
    by_key: Iterable[tuple[str, int]],
    names: Sequence[str],
    has_seeds: bool,
    declared: bool | None,
) -> tuple[bool, str]:
    """Whether equal seeds are pairs, and what that rests on.

    They are where each variation has the baseline's seeds, or some of them, or more: a comparison
    is over those that both have. Where seeds only overlap, pairing would throw runs away.
    """
    if not has_seeds:
        return False, "The runs have no seeds, so none are paired."
    if declared is not None:
        how = "paired" if declared else "not paired"
        return declared, f"Equal seeds are {how}, as declared."
    of = defaultdict(set)
    for name, seed in by_key:
        of[name].add(seed)
    baseline, *variations = (of[name] for name in names)
    nested = [one <= baseline or one >= baseline for one in variations]
    if all(nested) and all(len(one & baseline) >= FEWEST_PAIRS for one in variations):
        return True, "Runs of equal seeds are pairs: declared by equal seeds, not proven."
    shared = [len(one & baseline) for one in variations]
    more = (
        "; `paired: true` in a study file (--study) compares the seeds that both have"
        if min(shared, default=0) >= FEWEST_PAIRS
        else ""
    )
    return False, f"The settings have different seeds, so nothing is paired{more}."
