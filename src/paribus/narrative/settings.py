"""What holds within each setting, in sentences: where it overfits, best and worst classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from paribus.claims.sample import Interval
from paribus.comparison.study import StudyComparison
from paribus.comparison.values import SettingValues
from paribus.narrative.differences import TABLE, found, numbers_of
from paribus.narrative.numbers import Quantity, over_seeds, p_in_words
from paribus.narrative.observation import MOST_NAMED, Observation, left_out, listed
from paribus.stats.intervals import ALPHA, Floats
from paribus.stats.multiplicity import overall_level
from paribus.stats.ranking import Above, extreme_ranking

_EPOCH = "best_epoch"
_POINTS = Quantity("points", scale=100, sign=True)


# ---- where overfitting starts -------------------------------------------------------------------


def on_overfitting(compared: StudyComparison) -> list[Observation]:
    """The epoch of lowest validation loss of each setting, and what is shown to change it."""
    known = {n: its for n, its in compared.values.settings.items() if its.finished.any()}
    if not known:
        return []
    said = [_overfitting(name, its) for name, its in list(known.items())[:MOST_NAMED]]
    said += left_out(len(known), "tables/runs.csv")
    numbers = {name: _epoch_numbers(its) for name, its in known.items()}
    for c in compared.on(_EPOCH):
        if c.p is not None:
            numbers[c.variation] |= numbers_of(c)
    said += _earlier_or_later(compared)
    return [Observation("Where overfitting starts", tuple(said), numbers, "loss")]


def _epoch_numbers(its: SettingValues) -> dict[str, float | None]:
    epochs = its.of(_EPOCH)[its.finished]
    return {
        "median_epoch": float(np.median(epochs)),
        "first_epoch": float(epochs.min()),
        "last_epoch": float(epochs.max()),
        "still_falling": int(its.censored[_EPOCH][its.finished].sum()),
        "runs": len(epochs),
    }


def _overfitting(name: str, its: SettingValues) -> str:
    epochs, censored = its.of(_EPOCH)[its.finished], its.censored[_EPOCH][its.finished]
    falling, n = int(censored.sum()), len(epochs)
    if falling == n:
        runs = "its one run" if n == 1 else f"all {n} runs"
        last = listed(sorted({f"{epoch:g}" for epoch in epochs}))
        return (
            f"In {name} the validation loss was still falling after the last epoch, {last}, of "
            f"{runs}: overfitting starts there at the earliest."
        )
    if n == 1:
        return f"The one run of {name} overfits after epoch {epochs[0]:g}."
    median = _at_least(float(np.median(epochs)), epochs, censored)
    low, high = (_at_least(float(end), epochs, censored) for end in (epochs.min(), epochs.max()))
    where = f"{name} overfits after epoch {median} (median of {n} seeds; {low} to {high})"
    if not falling:
        return f"{where}."
    were = "1 seed was" if falling == 1 else f"{falling} seeds were"
    return f"{where}; {were} still improving at the end, so that theirs is only a least value."


def _at_least(epoch: float, epochs: Floats, censored: np.ndarray) -> str:
    """An epoch, as ">=" from the first on that is only known to be at least that."""
    least = min(epochs[censored], default=np.inf)
    return f">={epoch:g}" if epoch >= least else f"{epoch:g}"


def _earlier_or_later(compared: StudyComparison) -> list[str]:
    tested = [c for c in compared.on(_EPOCH) if c.p is not None]
    said = []
    for c in tested[:MOST_NAMED]:
        its = f"{found(c)} ({p_in_words(c.p_adjusted)})"
        if c.verdict == "undecided":
            said.append(f"Whether {c.variation} shifts that epoch is undecided: {its}.")
        else:
            way = "later" if c.verdict == "higher" else "earlier"
            said.append(f"{c.variation} overfits {way} than {compared.values.baseline}: {its}.")
    return [*said, *left_out(len(tested), TABLE)]


# ---- best and worst classes ---------------------------------------------------------------------


@dataclass(frozen=True)
class _End:
    """The best or the worst class of one setting, and how sure that is.

    Attributes:
        rival: of all other classes the one that is told apart least surely; None with one
            seed.
    """

    setting: str
    name: str
    recall: float
    n_seeds: int
    rival: Above | None
    p: float | None

    @property
    def certain(self) -> bool:
        return self.p is not None and self.p <= ALPHA


def on_classes(compared: StudyComparison, looks: Sequence[int] | None = None) -> list[Observation]:
    """Best and worst class by recall of each setting, and whether that rank is certain."""
    if len(compared.values.classes) < 2:
        return []
    names = [n for n, its in compared.values.settings.items() if its.finished.any()]
    made = []
    for best in (True, False):
        ends = [_end(compared, name, best, looks) for name in names]
        if ends:
            made.append(_on_ends(ends, "Best class" if best else "Worst class"))
    return made


def _end(compared: StudyComparison, setting: str, best: bool, looks: Sequence[int] | None) -> _End:
    classes = compared.values.classes
    recalls = compared.values.by_class(setting, "recall")
    recalls = recalls[np.isfinite(recalls).all(axis=1)]
    means = recalls.mean(axis=0)
    at = int(means.argmax() if best else means.argmin())
    ranking = extreme_ranking(recalls, classes, [classes[at]], highest=best)
    rival = max(ranking.statements, key=lambda s: s.p, default=None)
    p = None if rival is None else rival.p
    if p is not None and looks is not None:
        p = float(overall_level(p, looks))
    return _End(setting, classes[at], float(means[at]), len(recalls), rival, p)


def _on_ends(ends: Sequence[_End], topic: str) -> Observation:
    named = ends[:MOST_NAMED]
    by_class: dict[str, list[_End]] = {}
    for end in named:
        by_class.setdefault(end.name, []).append(end)
    where = "; ".join(_where(name, of) for name, of in by_class.items())
    return Observation(
        topic,
        (
            f"By mean recall it is {where}.",
            *_certainty(named),
            *left_out(len(ends), "tables/per_class.csv"),
        ),
        {of.setting: _end_numbers(of) for of in ends},
        "recall",
    )


def _where(name: str, ends: Sequence[_End]) -> str:
    return f"{name} in {listed([f'{of.setting} ({100 * of.recall:.1f} %)' for of in ends])}"


def _certainty(ends: Sequence[_End]) -> list[str]:
    """Whether each rank would hold for other seeds, by the class that is nearest to it."""
    certain = [_evidence(of) for of in ends if of.certain]
    uncertain = [_evidence(of) for of in ends if of.p is not None and not of.certain]
    alone = [of.setting for of in ends if of.p is None]
    said = []
    if certain:
        said.append(
            f"Shown to hold for other seeds on these test images: in {'; in '.join(certain)}."
        )
    if uncertain:
        said.append(f"Not certain: in {'; in '.join(uncertain)}.")
    if alone:
        said.append(f"One run doesn't tell whether it holds for other seeds: {listed(alone)}.")
    return said


def _evidence(of: _End) -> str:
    """The setting, with the gap to the class that is told apart least surely."""
    assert of.rival is not None, "asked only where there are two seeds"
    gap = f"{of.rival.upper} minus {of.rival.lower} {_POINTS.found(_gap(of.rival))}"
    return f"{of.setting}, {gap} {over_seeds(of.n_seeds)} ({p_in_words(of.p)})"


def _gap(rival: Above) -> Interval:
    constant = np.isnan(rival.low)
    low, high = (None, None) if constant else (rival.low, rival.high)
    return Interval(rival.estimate, low, high, 1 - ALPHA)


def _end_numbers(of: _End) -> dict[str, float | None]:
    gap = _gap(of.rival) if of.rival else None
    return {
        "recall": of.recall,
        "n_seeds": of.n_seeds,
        "gap": gap.estimate if gap else None,
        "low": gap.low if gap else None,
        "high": gap.high if gap else None,
        "p": of.p,
    }
