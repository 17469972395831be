"""Whether the runs support what a study claims.

Every claim is taken apart into statements, each with a p value for it and one against it. One
rule then serves all kinds of claims:

- supported if each statement is shown to be true. All must pass, so none needs adjusting
  (intersection-union test, Berger 1982).
- refuted if one is shown to be false. One is enough, so these are adjusted by Holm.
- undecided otherwise.

Each at 5 % for the claim. Claims are written before the runs, each is its own question, and
they are not adjusted for one another. In a study with looks all p values allow for the looks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from paribus.claims import numbers, rankings
from paribus.claims.sample import Interval
from paribus.claims.statement import Statement
from paribus.comparison.values import Values, values
from paribus.errors import ComparisonError
from paribus.metrics.metric import Metric
from paribus.metrics.registry import built_in, class_figure, class_metric
from paribus.narrative.numbers import over_seeds, p_in_words
from paribus.stats.intervals import ALPHA, Floats
from paribus.stats.multiplicity import holm, nominal_level, overall_level
from paribus.study.claims import (
    Claim,
    DifferenceRange,
    Direction,
    Order,
    Ranking,
    ValueRange,
)
from paribus.study.faults import nearest
from paribus.study.spec import Study

Verdict = Literal["supported", "refuted", "undecided"]

#: Statements up to this number are all told; of more, the one that decides.
_TOLD = 4


@dataclass(frozen=True)
class Judged:
    """A statement with what came of it.

    Attributes:
        p_support, p_refute: after the looks, and p_refute after Holm; None: too few seeds.
    """

    statement: Statement
    verdict: Verdict
    p_support: float | None
    p_refute: float | None

    @property
    def p(self) -> float | None:
        """The p value that belongs to the verdict: against the statement if it is refuted."""
        return self.p_refute if self.verdict == "refuted" else self.p_support

    @property
    def sentence(self) -> str:
        """The statement in words, with its numbers."""
        its = self.statement
        shown = f"{its.about}: {its.found} {over_seeds(its.n_seeds)}" if its.found else its.about
        if its.answer is None:
            return f"{shown}: {' '.join(its.notes)}"
        said: str = getattr(its.answer, self.verdict)
        return f"{shown}{said} ({p_in_words(self.p)})."


@dataclass(frozen=True)
class ClaimVerdict:
    """What the runs say of a claim.

    Attributes:
        interval, n_seeds: of the statement that decides: the one most surely false if
            refuted, else the one least surely true. On the reader's scale (a ratio, not its
            logarithm); None without a seed.
        p: of "the claim is false" if it is supported or undecided, of "the claim is true" if
            it is refuted; None where the seeds are too few.
        evidence: sentences with the numbers.
        figure: anchor of the part of the report that shows it.
        statements: all of them, in the order of the claim.
    """

    claim: Claim
    verdict: Verdict
    interval: Interval | None
    n_seeds: int
    p: float | None
    evidence: str
    figure: str
    statements: tuple[Judged, ...]


def judge(study: Study, values: Values) -> tuple[ClaimVerdict, ...]:
    """The verdict on each claim of a study, in the order of the study.

    Raises:
        ComparisonError: a claim that can't be tested as it is written, such as one about a
            class that there isn't.
    """
    looks = None if isinstance(study.seeds, int) else study.seeds.looks
    metrics = {**values.metrics, **_claimed_by_class(study)}
    return tuple(_judge(claim, values, metrics, looks) for claim in study.claims)


def require_testable(study: Study, classes: Sequence[str]) -> None:
    """Refuse, before anything is trained, a claim that no run could ever decide.

    Raises:
        ComparisonError: as `judge` would after the last run.
    """
    judge(study, replace(values(study, ()), classes=tuple(classes)))


def _claimed_by_class(study: Study) -> dict[str, Metric]:
    """The figures of single classes that claims name; the study compares of them recall alone."""
    named = [built_in(claim.test.metric) for claim in study.claims]
    return {metric.name: metric for metric in named if metric is not None and metric.member}


def _judge(
    claim: Claim, values: Values, metrics: Mapping[str, Metric], looks: Sequence[int] | None
) -> ClaimVerdict:
    level = 1 - (ALPHA if looks is None else nominal_level(looks))
    judged = _judged(_statements(claim, values, metrics, level), looks)
    verdict = _verdict([its.verdict for its in judged])
    deciding = _deciding(judged, verdict)
    return ClaimVerdict(
        claim=claim,
        verdict=verdict,
        interval=deciding.statement.interval,
        n_seeds=deciding.statement.n_seeds,
        p=deciding.p,
        evidence=_evidence(judged, deciding, _note(claim, metrics)),
        figure=_figure(claim, metrics),
        statements=judged,
    )


def _statements(
    claim: Claim, values: Values, metrics: Mapping[str, Metric], level: float
) -> list[Statement]:
    try:
        _require_classes(claim, values.classes)
        match claim.test:
            case Direction() as test:
                return [numbers.direction(test, values, metrics, level)]
            case DifferenceRange() as test:
                return [numbers.difference_range(test, values, metrics, level)]
            case ValueRange() as test:
                return numbers.value_ranges(test, values, metrics, level)
            case Ranking() as test:
                return rankings.ranking(test, values)
            case Order() as test:
                return rankings.order(test, values, metrics)
    except ComparisonError as error:
        raise ComparisonError(f"Claim {claim.id!r}: {error}") from None


def _require_classes(claim: Claim, classes: Sequence[str]) -> None:
    """Refuse a class that there isn't; while no run is finished, none is known."""
    if isinstance(claim.test, Ranking):
        named = (*(claim.test.best or ()), *(claim.test.worst or ()))
    else:
        of_class = class_figure(claim.test.metric)
        named = () if of_class is None else of_class[1:]
    for name in named:
        if classes and name not in classes:
            raise ComparisonError(f"no class is called {name!r}{nearest(name, classes)}")


def _judged(told: Sequence[Statement], looks: Sequence[int] | None) -> tuple[Judged, ...]:
    answers = [its.answer for its in told]
    support = np.array([a.p_support if a else np.nan for a in answers])
    refute = np.array([a.p_refute if a else np.nan for a in answers])
    if looks is not None:
        support, refute = (_over_looks(p, looks) for p in (support, refute))
    refute = holm(refute)
    return tuple(
        Judged(its, _one_verdict(s, r), None if np.isnan(s) else s, None if np.isnan(r) else r)
        for its, s, r in zip(told, support.tolist(), refute.tolist(), strict=True)
    )


def _over_looks(p: Floats, looks: Sequence[int]) -> Floats:
    return np.where(np.isnan(p), np.nan, overall_level(p, looks))


def _one_verdict(p_support: float, p_refute: float) -> Verdict:
    # Refuted first: a difference shown to be inside the margin doesn't matter, though it is one.
    if p_refute <= ALPHA:
        return "refuted"
    return "supported" if p_support <= ALPHA else "undecided"


def _verdict(verdicts: Sequence[Verdict]) -> Verdict:
    if "refuted" in verdicts:
        return "refuted"
    return "undecided" if "undecided" in verdicts else "supported"


def _deciding(judged: Sequence[Judged], verdict: Verdict) -> Judged:
    if verdict == "refuted":
        return min(judged, key=lambda its: 2.0 if its.p_refute is None else its.p_refute)
    return max(judged, key=lambda its: 2.0 if its.p_support is None else its.p_support)


def _evidence(judged: Sequence[Judged], deciding: Judged, rule: str) -> str:
    """All statements in sentences, or of many the one that decides; then what else to know."""
    if len(judged) <= _TOLD:
        told, counted = list(judged), ""
    else:
        told, counts = [deciding], Counter(its.verdict for its in judged)
        shown = ", ".join(f"{number} {verdict}" for verdict, number in sorted(counts.items()))
        counted = f"{len(judged)} statements: {shown}. The one that decides: "
    notes = [note for its in told if its.statement.answer for note in its.statement.notes]
    sentences = [*(its.sentence for its in told), *dict.fromkeys(notes)]
    return counted + " ".join([*sentences, rule] if rule else sentences)


def _note(claim: Claim, metrics: Mapping[str, Metric]) -> str:
    """What a reader must know of how the claim's metric is taken."""
    return "" if isinstance(claim.test, Ranking) else metrics[claim.test.metric].note


def _figure(claim: Claim, metrics: Mapping[str, Metric]) -> str:
    if isinstance(claim.test, Ranking):
        return class_metric(claim.test.metric, "").figure
    return metrics[claim.test.metric].figure
