"""Observations on the best and the worst class of each setting, and how sure these ranks are."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from paribus.comparison.study import StudyComparison
from paribus.narrative.differences import MOST_NAMED, Observation, left_out
from paribus.narrative.numbers import POINTS, over_seeds, p_in_words
from paribus.narrative.words import listed
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


def on_classes(compared: StudyComparison, looks: Sequence[int] | None = None) -> list[Observation]:
    """Best and worst class by recall of each setting, and whether that rank is certain."""
    names = [name for name, one in compared.values.settings.items() if one.tested.any()]
    if len(compared.values.classes) < 2 or not names:
        return []
    ends = [_end(compared, name, best, looks) for best in (True, False) for name in names]
    # So many chances to be wrong. Which class it is was seen in the data, but that costs nothing
    # more: it is told from the nearest one (Gutmann and Maymin 1987; docs/statistics.md).
    p = holm([math.nan if end.p is None else end.p for end in ends]).tolist()
    ends = [
        replace(end, p=None if math.isnan(adjusted) else adjusted)
        for end, adjusted in zip(ends, p, strict=True)
    ]
    best, worst = ends[: len(names)], ends[len(names) :]
    return [_on_ends(best, "Best class"), _on_ends(worst, "Worst class")]


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


def _on_ends(ends: Sequence[_End], topic: str) -> Observation:
    by_class: dict[tuple[str, ...], list[str]] = {}
    for end in ends[:MOST_NAMED]:
        where = f"{end.setting} ({100 * end.recall:.1f} %)"
        by_class.setdefault(end.names, []).append(where)
    classes = "; ".join(f"{_tied(names)} in {listed(where)}" for names, where in by_class.items())
    sentences = (
        f"By mean recall: {classes}.",
        *_certainty(ends[:MOST_NAMED]),
        *left_out(len(ends), "tables/per_class.csv"),
    )
    return Observation(topic, sentences, {end.setting: _end_numbers(end) for end in ends}, "recall")


def _tied(names: Sequence[str]) -> str:
    """A class, or all that tie: "0, 1 and 4 (tied)"."""
    if len(names) == 1:
        return names[0]
    shown = [*names[:MOST_NAMED]]
    if len(names) > MOST_NAMED:
        shown.append(f"{len(names) - MOST_NAMED} more")
    return f"{listed(shown)} (tied)"


def _certainty(ends: Sequence[_End]) -> list[str]:
    """Whether each rank would hold for new seeds, by the class that is nearest to it."""
    certain = "; in ".join(_evidence(end) for end in ends if end.certain)
    uncertain = "; in ".join(
        _evidence(end) for end in ends if end.p is not None and not end.certain
    )
    alone = listed([end.setting for end in ends if end.n_seeds == 1])
    sentences = [
        f"Shown to hold for new seeds on these test images: in {certain}." if certain else "",
        f"Not certain: in {uncertain}." if uncertain else "",
        f"One run can't tell whether it holds for new seeds: {alone}." if alone else "",
    ]
    return list(filter(None, sentences))


def _evidence(of: _End) -> str:
    """The setting, with the gap to the class that is least surely apart."""
    assert of.rival is not None, "asked only where there are two seeds"
    gap = f"{of.rival.upper} minus {of.rival.lower}: {POINTS.estimate(of.rival.interval)}"
    return f"{of.setting}, {gap} {over_seeds(of.n_seeds)} ({p_in_words(of.p)})"


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
