"""A comparison's numbers as the cells of a table have them."""

from __future__ import annotations

import math

from paribus.comparison.compare import Comparison
from paribus.narrative.headline import interval_of
from paribus.narrative.numbers import Quantity, difference_of
from paribus.report import words
from paribus.report.blocks import Cell
from paribus.report.verdicts import marked, tone
from paribus.stats.intervals import ALPHA
from paribus.stats.power import MOST_SEEDS

#: Charts show so many variations at most.
MOST_VARIATIONS = 8

#: A table longer than this scrolls.
TALL = 30


def beyond_margin(c: Comparison) -> str:
    """The adjusted p of a difference beyond the margin, where one is declared."""
    p = c.p_equivalence_adjusted
    return "" if p is None else f"{p_value(p)} beyond margin"


def seeds_needed(c: Comparison) -> str:
    """The seeds that would decide an undecided comparison, in a table."""
    if c.seeds_needed is None:
        return words.NONE
    return f"> {MOST_SEEDS:,}" if c.seeds_needed.seeds is None else f"{c.seeds_needed.seeds:,}"


def p_value(p: float | None) -> str:
    """A p value in a table."""
    if p is None or math.isnan(p):
        return words.NONE
    return "< 0.001" if p < 0.001 else f"{p:.2g}"


def found(c: Comparison) -> str:
    """The estimate with its interval and unit, as print has it."""
    if c.estimate is None:
        return words.NONE
    quantity = Quantity("times") if c.metric.compare == "ratio" else difference_of(c.metric)
    return words.typeset(quantity.found(interval_of(c)))


def verdict_cell(c: Comparison | None) -> Cell:
    """The estimate, below it the verdict; a dash where nothing is compared."""
    if c is None:
        return Cell(words.NONE)
    if c.p is None:
        return Cell(found(c), "not tested")
    return Cell(found(c), f"{marked(c.verdict)}, p {p_value(c.p_adjusted)}", tone=tone(c.verdict))


def level(c: Comparison) -> str:
    """The interval's confidence where it isn't the usual one."""
    return "" if c.low is None or abs(c.level - 1 + ALPHA) < 0.002 else f"{100 * c.level:.3g} %"
