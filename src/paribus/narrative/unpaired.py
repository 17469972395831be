"""What to say of comparisons that aren't paired, and of tests that hold at any time."""

from paribus.comparison.compare import Comparison
from paribus.stats.intervals import ALPHA
from paribus.stats.unpaired import smallest_permuted_p

#: How a report's comparisons are made, behind "compared with the baseline, ".
_PAIRED = "paired by seed"
_DECLARED = "paired by seed (declared by equal seeds, not proven)"
_UNPAIRED = "unpaired: the seeds of different settings don't correspond"

#: Of a report whose tests allow for looking at results after any seed.
ANY_TIME = "All p values and intervals hold however often results were looked at. "


def how_paired(paired: bool, *, proven: bool) -> str:
    """How the runs of two settings stand to each other."""
    if not paired:
        return _UNPAIRED
    return _PAIRED if proven else _DECLARED


def on_groups(c: Comparison) -> str:
    """A note on an unpaired comparison: the runs of each, and how they are tested."""
    if c.paired:
        return ""
    if c.anytime:
        return "Unpaired: the runs of both are taken together in the order of their seeds."
    if c.sizes is None:
        return "Unpaired."
    b, v = c.sizes
    smallest = smallest_permuted_p(b, v)
    few = (
        f" So few runs can't give a permuted p below {smallest:.2g}."
        if c.p_sign_flip is not None and smallest > ALPHA
        else ""
    )
    return f"Unpaired: {_runs(b)} of the baseline against {v} of {c.variation}, {_test(c)}.{few}"


def _runs(n: int) -> str:
    return f"{n} run" if n == 1 else f"{n} runs"


def _test(c: Comparison) -> str:
    match c.metric.compare:
        case "ranks":
            return "by the Mann-Whitney test"
        case "ratio":
            return "by Welch's test of logarithms"
    return "by Welch's test"


def on_any_time(c: Comparison) -> str:
    """A note on a comparison that was stopped, or might have been, after any seed."""
    if not c.anytime or c.first_look is not None:
        return ""
    if c.stopped_early:
        return (
            "Stopped once decided: p value, interval and verdict hold wherever one stops, but an "
            "estimate at an early stop is, on average, too far from 0."
        )
    if c.p is not None and c.low is None and not c.constant:
        return "So few seeds give no interval that would hold wherever one stops."
    return ""
