"""The best setting against others that beat the baseline too, from the test of all pairs."""

from collections.abc import Sequence

from paribus.comparison.pairs import SettingPairs
from paribus.narrative.words import listed


def on_others(pairs: SettingPairs, best: str, others: Sequence[str], ahead: str) -> str:
    """Whether the best setting is shown to beat others that are ahead of the baseline too."""
    found = {frozenset((pair.first, pair.second)): pair for pair in pairs.pairs}
    between = [found.get(frozenset((best, other))) for other in others]
    if not all(between):
        return f"Whether {best} is {ahead} than {listed(others)} is not tested."
    shown = [
        other
        for other, pair in zip(others, between, strict=True)
        if pair is not None and pair.verdict != "undecided"
    ]
    left = [other for other in others if other not in shown]
    if not shown:
        return (
            f"Tested as one of all pairs, {best} is not shown to be {ahead} than {listed(others)}."
        )
    rest = f", and not shown to be so than {listed(left)}" if left else ""
    return f"Tested as one of all pairs, {best} is {ahead} than {listed(shown)}{rest}."
