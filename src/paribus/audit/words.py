"""An audit's findings in sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import get_args

from paribus.audit.audit import Audit, Spread
from paribus.audit.claims import ByMetric, Checked, Failure, Outcome, Ranked
from paribus.audit.differences import Difference
from paribus.audit.figures import PrintedFigure
from paribus.audit.ranks import Ends, Rank

LABELS = {"recall": "recall", "precision": "precision", "f1": "F1", "accuracy": "accuracy"}
SOURCES = {
    "assumed": "Assumed (nobody measured it; --spread states another)",
    "the file": "As the file states",
    "the command": "As --spread states",
}
DIFFERENT_IMAGES = (
    "Interval and p are for two networks shown different images (Newcombe, Fisher). The test "
    "sets differ, so that is what they are."
)
SAME_IMAGES = (
    "Interval and p are for two networks shown different images (Newcombe, Fisher). Shown the "
    "same, as is likely here, two networks tend to be right on the same ones; the interval is "
    "then usually too wide, on the safe side. McNemar's paired test needs the outcome of each "
    "image: the matrices leave its p anywhere in the last column."
)


def listed(names: Sequence[str]) -> str:
    """The names as a sentence has them: "a", "a and b", "a, b and c"."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def p_value(p: float) -> str:
    """Two digits that count, and never 0."""
    return "<0.001" if p < 0.001 else f"{p:.2g}"


def points(difference: float) -> str:
    """A difference of two shares in percentage points, signed; -0 has no sign."""
    text = f"{100 * difference:+.2f}"
    return text[1:] if float(text) == 0 else text


def on_printed(figures: Sequence[PrintedFigure]) -> str:
    """How many printed figures follow from the matrices."""
    if not figures:
        return "The file holds no printed figures."
    wrong = sum(not of.follows for of in figures)
    if not wrong:
        return f"All {len(figures):,} printed figures follow from the matrices."
    follow = "doesn't follow" if wrong == 1 else "don't follow"
    return f"{wrong:,} of {len(figures):,} printed figures {follow} from the matrices:"


def on_figure(of: PrintedFigure) -> str:
    """A printed figure that doesn't follow."""
    where = of.row if of.row == of.figure else f"{of.row}, {LABELS[of.figure]}"
    return f"{of.setting}: {where}: {of.printed} is printed, the matrix gives {of.expected}"


def on_ends(ends: Sequence[Ends]) -> str:
    """Best and worst classes of one setting, by each metric."""
    best = _by_metrics({of.metric: listed(of.best) for of in ends})
    worst = _by_metrics({of.metric: listed(of.worst) for of in ends})
    return f"Best: {best}. Worst: {worst}."


def on_rank(rank: Rank) -> str:
    """Whether the best or worst class is told apart from the next."""
    if rank.gap == 0:
        return f"{rank.extreme.capitalize()} by recall: {rank.first} and {rank.second} tie."
    told = "told apart" if rank.certain else "not told apart"
    return (
        f"{rank.extreme.capitalize()} by recall: {rank.first}, then {rank.second}: {told} "
        f"(p = {p_value(rank.p)}, adjusted {p_value(rank.p_adjusted)})."
    )


def on_spread(spread: Spread, resolvable: float) -> str:
    """What is taken for the spread over seeds, and what follows for one run each."""
    return (
        "Another seed would have given other accuracies. "
        f"{SOURCES[spread.source]}: over seeds, the difference of two settings has a standard "
        f"deviation of {_in_points(spread.value)}. Then chance alone makes one run of each "
        f"differ by more than {_in_points(resolvable)} in 5 % of cases."
    )


def on_resolved(differences: Sequence[Difference]) -> str:
    """How many differences one run each resolves."""
    resolved = [of.variation for of in differences if of.training.resolved]
    if resolved and len(resolved) == len(differences):
        return "One run each resolves every difference in accuracy."
    if resolved:
        return f"One run each resolves the difference in accuracy of {listed(resolved)} only."
    return "None of the differences in accuracy could be resolved by one run each."


def on_seeds(audit: Audit) -> str:
    """The seeds that a difference of one point takes, and what all the seeds mean."""
    comparisons = len(audit.differences)
    among = f"0.05 / {comparisons} comparisons" if comparisons > 1 else "0.05"
    return (
        f"A true difference of one point would have taken {audit.seeds_for_a_point} seeds. Seeds "
        "needed are paired seeds of each setting: enough to find the difference, if it is the "
        f"true one, with probability 0.8 by the paired t test at level {among}."
    )


def on_claim(checked: Checked) -> str:
    """What the matrices say of an observation that could be checked."""
    return " ".join(_on_ranking(ranked) for ranked in checked.rankings)


def on_observations(observations: Sequence[Checked]) -> str:
    """How many observations hold, fail and so on."""
    if not observations:
        return "The file holds no observations."
    counts = Counter(of.outcome for of in observations)
    said = [f"{counts[of]} {of}" for of in get_args(Outcome) if counts[of]]
    return f"Observations: {', '.join(said)}."


def on_certainty(ranks: Sequence[Rank]) -> str:
    """How many best and worst classes are told apart from the next."""
    certain = sum(rank.certain for rank in ranks)
    return (
        f"{certain or 'None'} of the {len(ranks)} best and worst classes by recall "
        f"{'are' if certain > 1 else 'is'} told apart from the next one."
    )


def _in_points(difference: float) -> str:
    number = f"{100 * difference:.3g}"
    return f"{number} point" if number == "1" else f"{number} points"


def _on_ranking(ranked: Ranked) -> str:
    clauses: dict[str, list[str]] = {}
    for by in ranked.by:
        clauses.setdefault(_clause(by, ranked), []).append(LABELS[by.metric])
    said = "; ".join(f"by {listed(metrics)} it {clause}" for clause, metrics in clauses.items())
    return (
        f"Read as: of all classes, {ranked.extreme} {_is(ranked.classes)} "
        f"{listed(ranked.classes)}, in {listed(ranked.settings)}. "
        f"{said[0].upper()}{said[1:]}."
    )


def _is(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _clause(by: ByMetric, ranked: Ranked) -> str:
    fails = listed([_failure(of, ranked) for of in by.fails])
    if not by.fails:
        return "holds in all of them" if len(by.holds) > 1 else "holds"
    holds = f" and holds in {listed(by.holds)}" if by.holds else ""
    return f"fails in {fails}{holds}"


def _failure(of: Failure, ranked: Ranked) -> str:
    return f"{of.setting} ({ranked.extreme}: {', '.join(of.found)})"


def _by_metrics(found: Mapping[str, str]) -> str:
    """The findings with their metrics: "dog by recall and F1, cat by precision"."""
    metrics: dict[str, list[str]] = {}
    for metric, names in found.items():
        metrics.setdefault(names, []).append(LABELS[metric])
    return ", ".join(f"{names} by {listed(by)}" for names, by in metrics.items())
