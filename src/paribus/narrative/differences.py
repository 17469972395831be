"""Observations on differences: on the primary metric, on others, and what pairing saved."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from paribus.comparison.choice import interval_of_chosen
from paribus.comparison.compare import Comparison
from paribus.comparison.study import StudyComparison
from paribus.comparison.values import SettingValues
from paribus.metrics.metric import Metric, Wording
from paribus.metrics.registry import built_in
from paribus.narrative.answer import decided_in_short, some
from paribus.narrative.comparisons import numbers_of, told
from paribus.narrative.failing import failures
from paribus.narrative.numbers import difference_of, over_seeds, seeds, value_of
from paribus.narrative.pairs import on_others
from paribus.stats.intervals import Interval, correlation_interval
from paribus.stats.power import unpaired_seeds

TABLE = "tables/comparisons.csv"

#: Setting -> name -> number.
Numbers = Mapping[str, Mapping[str, float | None]]

#: The evidence names so many settings at most; the tables have all.
MOST_NAMED = 4


@dataclass(frozen=True)
class Observation:
    """What the program says of a study in place of its author, as far as it is shown.

    Attributes:
        says: one sentence.
        evidence: the numbers behind it, in sentences.
        numbers: the same numbers by setting, and p values.
        figure: the anchor of the part of the report that shows it.
    """

    topic: str
    says: str
    evidence: tuple[str, ...]
    numbers: Numbers
    figure: str

    @property
    def text(self) -> str:
        """All sentences as one paragraph."""
        return " ".join((self.says, *self.evidence))


@dataclass(frozen=True)
class Undecided:
    """What these seeds don't decide: a thing of so many variations, or a question of its own."""

    what: str
    of: tuple[str, ...] = ()


#: What can be said of one subject.
Said = Observation | Undecided


def named(sentences: Sequence[str], where: str) -> list[str]:
    """The sentences on the first settings, one each, and one on those left out."""
    return [*sentences[:MOST_NAMED], *left_out(len(sentences), where)]


def left_out(settings: int, where: str) -> list[str]:
    """A sentence on the settings that the others don't name."""
    left = settings - MOST_NAMED
    more = f"{left} more {'setting is' if left == 1 else 'settings are'} in {where}."
    return [more] if left > 0 else []


def estimates(tested: Sequence[Comparison]) -> list[str]:
    """The numbers of each comparison, those that are decided first."""
    ordered = sorted(tested, key=lambda c: c.verdict == "undecided")
    return named([f"{told(c)}." for c in ordered], TABLE)


def undecided(tested: Sequence[Comparison]) -> Iterator[Undecided]:
    """What the comparisons on one metric leave open."""
    if names := tuple(c.variation for c in tested if c.verdict == "undecided"):
        yield Undecided(tested[0].metric.label, names)


def on_primary(compared: StudyComparison, looks: Sequence[int] | None = None) -> Iterator[Said]:
    """What is shown on the primary metric, and how much of it may be due to the choice."""
    metric = compared.values.primary
    tested = [c for c in compared.primary if c.p is not None]
    if not tested:
        if compared.primary:
            yield Undecided(metric.label, tuple(c.variation for c in compared.primary))
        return
    yield from undecided(tested)
    if says := decided_in_short(compared):
        means, shared = _means(compared.values.settings, metric)
        evidence = [
            *estimates(tested),
            *_on_best(compared, means, shared, tested, looks),
            *_on_failed(compared),
        ]
        numbers = _numbers_of_primary(compared, means, tested, looks)
        yield Observation(_capital(metric.label), says, tuple(evidence), numbers, "answer")


def _on_failed(compared: StudyComparison) -> list[str]:
    failed = compared.values.failed_runs()
    if not failed:
        return []
    first = f"{failures(failed[:MOST_NAMED])}, which these means leave out."
    return [first, *left_out(len(failed), "results.json")]


def _numbers_of_primary(
    compared: StudyComparison,
    means: Mapping[str, float],
    tested: Sequence[Comparison],
    looks: Sequence[int] | None,
) -> Numbers:
    numbers: dict[str, dict[str, float | None]] = {
        name: {"mean": mean} for name, mean in means.items()
    }
    for c in tested:
        numbers.setdefault(c.variation, {})
        numbers[c.variation] |= numbers_of(c)
    best = _best(compared.values.primary, means)
    chosen = _chosen(compared, best, tested, looks)
    if chosen is not None:
        numbers[best[0]] |= {"low_chosen": chosen.low, "high_chosen": chosen.high}
        numbers[best[0]] |= {"level_chosen": chosen.level, "chosen_of": len(tested)}
    return numbers


def _means(settings: Mapping[str, SettingValues], metric: Metric) -> tuple[dict[str, float], str]:
    """The mean of the metric in every setting that has a value of it, over the seeds they share.

    And these seeds in words, if some setting has more of them.
    """
    columns = {name: setting.of(metric.name) for name, setting in settings.items()}
    known = {name: column for name, column in columns.items() if np.isfinite(column).any()}
    finite = np.isfinite([*known.values()])
    shared = finite.all(axis=0)
    if not shared.any():
        return {}, ""
    means = {name: float(column[shared].mean()) for name, column in known.items()}
    same = np.array_equal(finite.any(axis=0), shared)
    return means, "" if same else f" over the {seeds(int(shared.sum()))} that all of them have"


def _best(metric: Metric, means: Mapping[str, float]) -> list[str]:
    """The settings of the best mean; the highest is named where neither way is better."""
    if not means:
        return []
    end = (min if metric.better == "lower" else max)(means.values())
    return [name for name, mean in means.items() if mean == end]


def _on_best(
    compared: StudyComparison,
    means: Mapping[str, float],
    shared: str,
    tested: Sequence[Comparison],
    looks: Sequence[int] | None,
) -> list[str]:
    """The best mean, whether it is shown to beat others, and what allows for the choice."""
    metric, best = compared.values.primary, _best(compared.values.primary, means)
    if not best:
        return []
    extreme = "lowest" if metric.better == "lower" else "highest"
    value = value_of(metric).rounded(means[best[0]])
    first = f"{extreme.capitalize()} mean: {some(best)}, {value}{shared}."
    chosen = _chosen(compared, best, tested, looks)
    return [first, *_against_others(compared, best, tested), *_on_choice(chosen, tested, metric)]


def _against_others(
    compared: StudyComparison, best: Sequence[str], tested: Sequence[Comparison]
) -> list[str]:
    """Whether the best is shown to beat the others that beat the baseline too."""
    ahead = "higher" if compared.values.primary.better == "neither" else "better"
    names = [c.variation for c in tested if c.verdict == ahead]
    others = [name for name in names if name not in best][:MOST_NAMED]
    if not others or best[0] not in names:
        return []
    return [on_others(compared.setting_pairs, best[0], others, ahead)]


def _chosen(
    compared: StudyComparison,
    best: Sequence[str],
    tested: Sequence[Comparison],
    looks: Sequence[int] | None,
) -> Interval | None:
    """The interval of the best variation that allows for its having been chosen among several."""
    winner = next((c for c in tested if c.variation in best[:1]), None)
    if winner is None or len(tested) < 2 or winner.low is None:
        return None
    return interval_of_chosen(compared.values, winner, len(tested), looks)


def _on_choice(chosen: Interval | None, tested: Sequence[Comparison], metric: Metric) -> list[str]:
    """That the best was chosen, and the interval that holds all the same."""
    if chosen is None or chosen.low is None:
        return []
    return [
        f"It was chosen as the best of {len(tested)} variations, so its difference is likely to be "
        f"overestimated; allowing for the choice, {difference_of(metric).told(chosen)}."
    ]


def on_differences(compared: StudyComparison) -> Iterator[Said]:
    """What is shown on each other metric that has a wording, or is the study's own."""
    for metric in compared.values.metrics.values():
        tested = [c for c in compared.on(metric.name) if c.p is not None]
        spoken_of = metric.wording or not built_in(metric.name)
        if not tested or not spoken_of or metric == compared.values.primary:
            continue
        yield from undecided(tested)
        wording = metric.wording or Wording.general(metric.label)
        if says := _says(tested, wording):
            numbers = {c.variation: numbers_of(c) for c in tested}
            yield Observation(wording.topic, says, tuple(estimates(tested)), numbers, metric.figure)


def _says(tested: Sequence[Comparison], wording: Wording) -> str:
    """One sentence on all variations of which something is shown; "" where nothing is."""
    by_outcome: dict[str, list[str]] = {}
    for c in tested:
        if outcome := _outcome(c, wording):
            by_outcome.setdefault(outcome, []).append(c.variation)
    clauses = [
        f"{some(of)} {outcome if len(of) == 1 else plural(outcome)}"
        for outcome, of in by_outcome.items()
    ]
    return f"{'; '.join(clauses)}." if clauses else ""


def _outcome(c: Comparison, wording: Wording) -> str:
    if c.verdict == "undecided":
        return ""
    if c.verdict == "equivalent":
        return f"makes no difference in {c.metric.label} that matters"
    if c.verdict in ("not worse", "not better"):
        return f"is {c.verdict} in {c.metric.label}"
    above = c.difference is not None and c.difference > 0
    return wording.above if above else wording.below


def plural(clause: str) -> str:
    """What one does, as several do it: "takes longer" -> "take longer"."""
    verb, _, rest = clause.partition(" ")
    verbs = {"has": "have", "is": "are"}
    return f"{verbs.get(verb, verb.removesuffix('s'))} {rest}"


def on_pairing(compared: StudyComparison) -> Iterator[Observation]:
    """How closely paired runs agree on the primary metric, and what that saved, where shown."""
    known = [c for c in compared.primary if c.correlation is not None and c.n_seeds > 3]
    numbers = {c.variation: _pairing_numbers(compared, c) for c in known}
    closer = [name for name, of in numbers.items() if (of["low"] or 0.0) > 0]
    if closer:
        share = f"{some(closer)} {'shares' if len(closer) == 1 else 'share'} luck"
        says = (
            f"Pairing by seed pays: {share} with {compared.values.baseline} in "
            f"{compared.values.primary.label}."
        )
        evidence = tuple(named([_pairing(c, numbers[c.variation]) for c in known], TABLE))
        yield Observation("Effect of pairing", says, evidence, numbers, "pairing")


def correlations(compared: StudyComparison) -> Iterator[str]:
    """Of each variation how closely its primary values follow the baseline's, seed by seed."""
    for c in compared.primary:
        if c.correlation is not None and c.n_seeds > 3:
            yield _pairing(c, _pairing_numbers(compared, c))
        elif c.correlation is not None:
            yield f"{c.variation}: r = {c.correlation:.2f} {over_seeds(c.n_seeds)}."


def _pairing_numbers(compared: StudyComparison, c: Comparison) -> dict[str, float | None]:
    assert c.correlation is not None, "asked only where it is known"
    low, high = correlation_interval(c.correlation, c.n_seeds)
    settings = compared.values.settings
    # With looks the comparison stands on the first seeds only.
    ours, before = (
        settings[name].of(c.metric.name)[: c.n_seeds + c.missing]
        for name in (c.variation, compared.values.baseline)
    )
    both = np.isfinite(ours) & np.isfinite(before)
    scale = np.log if c.metric.compare == "ratio" else np.asarray
    unpaired = unpaired_seeds(scale(before[both]), scale(ours[both]), c.wanted_level)
    return {
        "correlation": c.correlation,
        "low": low,
        "high": high,
        "n_seeds": c.n_seeds,
        "unpaired_seeds": unpaired,
    }


def _pairing(c: Comparison, numbers: dict[str, float | None]) -> str:
    low, high, unpaired = numbers["low"], numbers["high"], numbers["unpaired_seeds"]
    assert low is not None and high is not None, "known with more than three seeds"
    r = f"{c.correlation:.2f}, 95 % interval [{low:.2f}, {high:.2f}]"
    paired = f"{c.variation}: r = {r} {over_seeds(c.n_seeds)}"
    if unpaired is None or c.metric.compare == "ranks":
        return f"{paired}."
    instead = f"{unpaired:.0f} seeds of each setting instead of {c.n_seeds}"
    taken = "as many seeds" if unpaired == c.n_seeds else instead
    return f"{paired}; without pairing, an interval as narrow would take {taken}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
