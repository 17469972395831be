"""The best setting against others that beat the baseline too, from the test of all pairs."""

from collections.abc import Sequence

from paribus.comparison.pairs import SettingPairs
from paribus.narrative.words import listed


def on_others(pairs: SettingPairs, best: str, others: Sequence[str], ahead: str) -> str:
    """How a sentence on others that are ahead of the baseline goes on about the best setting."""
    them = "it" if len(others) == 1 else "them"
    found = {frozenset((pair.first, pair.second)): pair for pair in pairs.pairs}
    between = [found.get(frozenset((best, other))) for other in others]
    if not all(between):
        return f"whether {best} is {ahead} than {them} is not tested"
    shown = [
        other
        for other, pair in zip(others, between, strict=True)
        if pair is not None and pair.verdict != "undecided"
    ]
    left = [other for other in others if other not in shown]
    if not shown:
        return f"tested as one of all pairs, {best} is not shown to be {ahead} than {them}"
    rest = f", and not shown to be so than {listed(left)}" if left else ""
    return f"tested as one of all pairs, {best} is {ahead} than {listed(shown)}{rest}"
