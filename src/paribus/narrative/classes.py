"""On classes: the best and the worst of each setting, how sure that is, what is confused."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from paribus.comparison.confusions import ConfusionDifference
from paribus.comparison.study import StudyComparison
from paribus.narrative.answer import some
from paribus.narrative.differences import MOST_NAMED, Observation, Said, Undecided, named
from paribus.narrative.numbers import POINTS, p_in_words, seeds
from paribus.narrative.words import count, listed
from paribus.stats.intervals import ALPHA
from paribus.stats.multiplicity import holm, overall_level
from paribus.stats.paired import DIGITS
from paribus.stats.ranking import Above, extreme_ranking


@dataclass(frozen=True)
class _End:
    """The best or the worst class of one setting, all that tie, and how sure that is.

    Attributes:
        rival: the other class that is least surely apart from it; None with one seed, or where all
            classes tie.
        p: adjusted over both ends of all settings.
    """

    setting: str
    names: tuple[str, ...]
    recall: float
    n_seeds: int
    rival: Above | None
    p: float | None

    @property
    def certain(self) -> bool | None:
        return None if self.p is None else self.p <= ALPHA


def on_classes(compared: StudyComparison, looks: Sequence[int] | None = None) -> Iterator[Said]:
    """Worst and best class by recall of each setting, and whether that rank is certain."""
    names = [name for name, one in compared.values.settings.items() if one.tested.any()]
    if len(compared.values.classes) < 2 or not names:
        return
    ends = [_end(compared, name, best, looks) for best in (False, True) for name in names]
    # So many chances to be wrong. Which class it is was seen in the data, but that costs nothing
    # more: it is told from the nearest one (Gutmann and Maymin 1987; docs/statistics.md).
    p = holm([math.nan if end.p is None else end.p for end in ends]).tolist()
    ends = [
        replace(end, p=None if math.isnan(adjusted) else adjusted)
        for end, adjusted in zip(ends, p, strict=True)
    ]
    worst, best = ends[: len(names)], ends[len(names) :]
    yield from _on_ends(worst, "Worst class", "hardest")
    yield from _on_ends(best, "Best class", "easiest")


def _end(compared: StudyComparison, setting: str, best: bool, looks: Sequence[int] | None) -> _End:
    """As if it were the only one: see `on_classes`."""
    classes = compared.values.classes
    recalls = compared.values.by_class(setting, "recall")
    recalls = recalls[np.isfinite(recalls).all(axis=1)]
    means = recalls.mean(axis=0).round(DIGITS)
    recall = float(means.max() if best else means.min())
    members = [name for name, mean in zip(classes, means, strict=True) if mean == recall]
    rival = None
    if len(members) < len(classes):
        ranking = extreme_ranking(recalls, classes, members, highest=best, anytime=compared.anytime)
        rival = max(ranking.statements, key=lambda s: s.p, default=None)
    if rival is not None:
        rival = replace(rival, interval=rival.interval.within(-1, 1))
    p = None if rival is None else rival.p
    if p is not None and looks is not None and not compared.anytime:
        p = float(overall_level(p, looks))
    return _End(setting, tuple(members), recall, len(recalls), rival, p)


def _on_ends(ends: Sequence[_End], topic: str, extreme: str) -> Iterator[Said]:
    open_in = [end.setting for end in ends if not end.certain]
    if len(open_in) == len(ends):
        yield Undecided(f"which class is {extreme}")
        return
    if open_in:
        yield Undecided(f"which class is {extreme} in {some(open_in)}")
    by_class: dict[tuple[str, ...], list[str]] = {}
    for end in ends:
        if end.certain:
            by_class.setdefault(end.names, []).append(end.setting)
    clauses = [f"{_tied(names)} in {some(of)}" for names, of in by_class.items()]
    says = f"The {extreme} class is {'; '.join(clauses)}."
    evidence = named([_evidence(end) for end in ends if end.certain], "tables/per_class.csv")
    numbers = {end.setting: _end_numbers(end) for end in ends}
    yield Observation(topic, says, tuple(evidence), numbers, "confusion")


def _tied(names: Sequence[str]) -> str:
    """A class, or all that tie: "0, 1 and 4 (tied)"."""
    if len(names) == 1:
        return names[0]
    shown = [*names[:MOST_NAMED]]
    if len(names) > MOST_NAMED:
        shown.append(f"{len(names) - MOST_NAMED} more")
    return f"{listed(shown)} (tied)"


def _evidence(of: _End) -> str:
    """The recall, and the gap to the class that is least surely apart."""
    assert of.rival is not None, "asked only where there are two seeds"
    gap = f"{of.rival.upper} minus {of.rival.lower} {POINTS.told(of.rival.interval)}"
    return (
        f"{of.setting}: recall {100 * of.recall:.1f} %; {gap}, {seeds(of.n_seeds)}, "
        f"{p_in_words(of.p)}."
    )


def _end_numbers(of: _End) -> dict[str, float | None]:
    gap = of.rival.interval if of.rival else None
    return {
        "recall": of.recall,
        "n_seeds": of.n_seeds,
        "gap": gap.estimate if gap else None,
        "low": gap.low if gap else None,
        "high": gap.high if gap else None,
        "p": of.p,
    }


def on_changed_cells(changes: Mapping[str, ConfusionDifference]) -> str:
    """How many cells of its confusion matrix each variation is shown to change."""
    cells = {name: int(of.survives.sum()) for name, of in changes.items()}
    differing = [f"{name} in {count(n, 'cell')}" for name, n in cells.items() if n]
    if not differing:
        return "No single cell is shown to differ from the baseline."
    return f"Shown to differ from the baseline: {some(differing)}."
