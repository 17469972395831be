"""What a new seed will show, in words, and whether the differences look as a t test takes them."""

from paribus.comparison.compare import Comparison
from paribus.narrative.numbers import p_in_words, seeds


def winning(c: Comparison) -> str:
    """In how many seeds the variation wins: "Better in 8 of 10 seeds, equal in 1"."""
    of = c.outperforming
    assert of is not None, "asked only where it is known"
    way = "Higher" if c.metric.better == "neither" else "Better"
    equal = f", equal in {of.ties}" if of.ties else ""
    return f"{way} in {of.wins} of {drawn(c, of.n)}{equal}"


def drawn(c: Comparison, n: int) -> str:
    """So many seeds, or pairs of runs where seeds don't correspond."""
    return seeds(n) if c.paired or c.anytime else f"{n:,} pairs of runs"


def odds(c: Comparison) -> str:
    """The probability of winning, as "85 % [51, 98 %] of all seeds"."""
    of = c.outperforming
    assert of is not None, "asked only where it is known"
    every = "seeds" if c.paired or c.anytime else "pairs of runs"
    return f"{100 * of.share:.0f} % [{100 * of.low:.0f}, {100 * of.high:.0f} %] of all {every}"


def on_shape(c: Comparison) -> str:
    """On differences that a t test doesn't suit, where a verdict rests on them."""
    if c.shape is None or c.robust is None or c.verdict == "undecided":
        return ""
    p = p_in_words(c.robust.p_adjusted.behind(c.verdict))
    looks = f"The differences look {c.shape}, and the t test takes them to be normal"
    if c.robust.verdict == c.verdict:
        return f"{looks}; the verdict is the same by tests that ask for less ({p})."
    instead = c.robust.verdict
    return f"{looks}: by tests that ask for less it would be {instead} ({p} instead)."
