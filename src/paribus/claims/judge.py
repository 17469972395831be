"""Whether the runs support what a study claims.

Every claim is taken apart into statements, each with a p value for it and one against it. One
rule then serves all kinds of claims:

- supported if each statement is shown to be true. All must pass, so none needs adjusting
  (intersection-union test, Berger 1982).
- refuted if one is shown to be false. One is enough, so these are adjusted by Holm.
- undecided otherwise.

Runs that finished may be the lucky ones. Of two settings compared, failed runs count at their
worst wherever that speaks against a verdict. Any other statement about a setting with failed runs
is undecided.

Each at 5 % for the claim. Claims are written before the runs, each is its own question, and
they are not adjusted for one another. In a study with looks all p values allow for the looks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from paribus.claims import tests
from paribus.claims.statement import Statement
from paribus.comparison.values import FailedRuns, Values, values
from paribus.errors import ComparisonError
from paribus.metrics.metric import Metric
from paribus.metrics.registry import built_in, class_figure
from paribus.stats.intervals import ALPHA, Interval
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
from paribus.study.spec import Question

Verdict = Literal["supported", "refuted", "undecided"]


@dataclass(frozen=True)
class Judged:
    """A statement with its verdict; its p values, None with too few seeds, allow for the looks.

    `p_refute` is adjusted by Holm over the statements of the claim. `inside_margin`: the difference
    is shown to be too small to matter, whatever its direction. `overruled` is the verdict over the
    seeds that finished, where the failed runs take it back.
    """

    statement: Statement
    verdict: Verdict
    p_support: float | None
    p_refute: float | None
    inside_margin: bool = False
    overruled: Verdict | None = None

    @property
    def p(self) -> float | None:
        """The p value that belongs to the verdict: against the statement if it is refuted."""
        return self.p_refute if self.verdict == "refuted" else self.p_support


@dataclass(frozen=True)
class ClaimVerdict:
    """What the runs say of a claim; `paribus.narrative.claims` says it in sentences.

    Deciding is the statement most surely false if the claim is refuted, else the one least surely
    true.
    """

    claim: Claim
    verdict: Verdict
    statements: tuple[Judged, ...]
    deciding: Judged

    @property
    def interval(self) -> Interval | None:
        """That of the deciding statement, as readers see it (a ratio, not its logarithm)."""
        return self.deciding.statement.interval

    @property
    def n_seeds(self) -> int:
        """The seeds of the deciding statement."""
        return self.deciding.statement.n_seeds

    @property
    def p(self) -> float | None:
        """P value of "the claim is true" if it is refuted, else of "the claim is false"."""
        return self.deciding.p

    @property
    def failed(self) -> tuple[FailedRuns, ...]:
        """The failed runs of all settings that it is about."""
        failed = {of: None for judged in self.statements for of in judged.statement.failed}
        return tuple(failed)

    @property
    def figure(self) -> str:
        """Anchor of the part of the report that shows it."""
        return self.deciding.statement.metric.figure


def judge(study: Question, values: Values) -> tuple[ClaimVerdict, ...]:
    """The verdict on each claim of a study, in the order of the study.

    Raises:
        ComparisonError: a claim that can't be tested as it is written, such as one about a
            class that there isn't.
    """
    looks = None if values.anytime else study.looks
    # Claims may name any figure of a single class; the study compares of them recall alone.
    named = [built_in(claim.test.metric) for claim in study.claims]
    of_class = {metric.name: metric for metric in named if metric is not None and metric.member}
    metrics = {**values.metrics, **of_class}
    return tuple(_judge(claim, values, metrics, looks) for claim in study.claims)


def require_testable(study: Question, classes: Sequence[str] | None) -> None:
    """Refuse, before anything is trained, a claim that no run could ever decide.

    Where the classes aren't known, as before a script has tested anything, claims on one of them
    aren't looked at.

    Raises:
        ComparisonError: as `judge` would after the last run.
    """
    if classes is None:
        of_all = [c for c in study.claims if ":" not in str(c.test.model_dump().get("metric"))]
        study = study.model_copy(update={"claims": tuple(of_all)})
    judge(study, replace(values(study, ()), classes=tuple(classes or ())))


def _judge(
    claim: Claim, values: Values, metrics: Mapping[str, Metric], looks: Sequence[int] | None
) -> ClaimVerdict:
    level = 1 - (ALPHA if looks is None else nominal_level(looks))
    statements = [
        replace(statement, failed=values.failed_runs(statement.settings))
        for statement in _statements(claim, values, metrics, level)
    ]
    judged = _with_overruled(_judged(statements, looks), statements, looks)
    verdicts = {each.verdict for each in judged}
    verdict: Verdict = "undecided" if "undecided" in verdicts else "supported"
    verdict = "refuted" if "refuted" in verdicts else verdict
    return ClaimVerdict(claim, verdict, judged, _deciding(judged, verdict))


def _statements(
    claim: Claim, values: Values, metrics: Mapping[str, Metric], level: float
) -> list[Statement]:
    try:
        _require_classes(claim, values.classes)
        match claim.test:
            case Direction() as test:
                return [tests.direction(test, values, metrics, level)]
            case DifferenceRange() as test:
                return [tests.difference_range(test, values, metrics, level)]
            case ValueRange() as test:
                return tests.value_ranges(test, values, metrics, level)
            case Ranking() as test:
                return tests.ranking(test, values)
            case Order() as test:
                return tests.order(test, values, metrics)
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


def _judged(statements: Sequence[Statement], looks: Sequence[int] | None) -> tuple[Judged, ...]:
    answers = [statement.answer for statement in statements]
    support, refute, inside = (
        np.array([np.nan if a is None else getattr(a, name) for a in answers], dtype=float)
        for name in ("p_support", "p_refute", "p_inside")
    )
    if looks is not None:
        support, refute, inside = (overall_level(p, looks) for p in (support, refute, inside))
    refute = holm(refute)
    return tuple(
        Judged(
            one,
            _one_verdict(one, s, r),
            None if np.isnan(s) else s,
            None if np.isnan(r) else r,
            i <= ALPHA,
        )
        for one, s, r, i in zip(
            statements, support.tolist(), refute.tolist(), inside.tolist(), strict=True
        )
    )


def _one_verdict(statement: Statement, p_support: float, p_refute: float) -> Verdict:
    if statement.failed and statement.finished is None:
        return "undecided"
    if p_refute <= ALPHA:
        return "refuted"
    return "supported" if p_support <= ALPHA else "undecided"


def _with_overruled(
    judged: Sequence[Judged], statements: Sequence[Statement], looks: Sequence[int] | None
) -> tuple[Judged, ...]:
    """With the verdicts that failed runs take back."""
    if not any(one.failed for one in statements):
        return tuple(judged)
    finished = [replace(one, answer=one.finished or one.answer, failed=()) for one in statements]
    return tuple(
        replace(one, overruled=other.verdict if other.verdict != one.verdict else None)
        if one.statement.failed
        else one
        for one, other in zip(judged, _judged(finished, looks), strict=True)
    )


def _deciding(judged: Sequence[Judged], verdict: Verdict) -> Judged:
    alike = [one for one in judged if one.verdict == verdict]
    if verdict == "refuted":
        return min(alike, key=lambda one: 2.0 if one.p_refute is None else one.p_refute)
    return max(alike, key=lambda one: 2.0 if one.p_support is None else one.p_support)
