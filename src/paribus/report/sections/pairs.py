"""Every setting against every other, as one table."""

from collections.abc import Iterator

from paribus.comparison.pairs import MOST_SETTINGS, SettingPair, SettingPairs
from paribus.names import safe_name
from paribus.narrative import words
from paribus.narrative.numbers import difference_of, p_value
from paribus.report.blocks import Block, Cell, Folded, Heading, Table, note
from paribus.report.sections import cells
from paribus.stats.intervals import Interval
from paribus.stats.pairs import FEWEST_SEEDS

#: Of more pairs the table is folded.
MOST_OPEN = 15

_REASONS = {
    "many": f"there are more than {MOST_SETTINGS} settings",
    "unpaired": "the seeds of different settings don't correspond",
    "ranks": "the primary metric is compared by ranks",
    "few": f"it takes {FEWEST_SEEDS} seeds that all settings have finished",
    "values": "values above 0 are needed for a ratio",
}


def all_pairs(of: SettingPairs) -> Iterator[Block]:
    """The table of all pairs of settings; or why there is none, where there are three or more."""
    if of.reason is None and not of.pairs:
        return
    yield Heading(f"{cells.label(of.metric)}: every setting against every other")
    if of.reason is not None:
        yield note(f"Not all pairs of settings are compared: {_REASONS[of.reason]}.")
        return
    yield note(
        f"All {words.count(len(of.pairs), 'pair')} tested together over "
        f"{words.count(of.n_seeds, 'seed')}: with 95 % all these intervals hold at once, and the p "
        "values are adjusted over all pairs. They are wider than those of the variations against "
        "the baseline, because there are more of them. tables/pairs.csv has them all."
    )
    unit = safe_name(difference_of(of.metric).sign)
    table = Table(
        f"Difference of the first and the second{f' in {unit}' if unit else ''}",
        ("First and second", "The first is", "Difference", "Adjusted p"),
        [(f"{pair.first}, {pair.second}", _cells(of, pair)) for pair in of.pairs],
    )
    if len(of.pairs) > MOST_OPEN:
        yield Folded("All pairs", [table])
    else:
        yield table


def _cells(of: SettingPairs, pair: SettingPair) -> list[Cell]:
    unit = difference_of(of.metric).bare
    interval = Interval(pair.estimate, pair.low, pair.high, of.level)
    return [
        cells.verdict_mark(pair.verdict),
        Cell(words.typeset(unit.estimate(interval))),
        Cell(p_value(pair.p_adjusted)),
    ]
