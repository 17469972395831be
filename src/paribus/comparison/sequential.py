"""Seeds added until a comparison is decided: what the looks so far have shown.

`follow_looks` replays the looks from the values of the runs there are. The pipeline asks it
which variations need more seeds; the report asks it, later and from records alone, for the
path. Both get the same answer, because the looks are fixed in the study.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from paribus.comparison.asked import asked_of
from paribus.comparison.compare import Comparison, compare_metric
from paribus.comparison.failing import worst_value
from paribus.comparison.judging import adjusted
from paribus.comparison.one_by_one import replay
from paribus.comparison.unpaired import compare_unpaired
from paribus.comparison.values import number
from paribus.metrics.metric import Metric, RunData
from paribus.records.types import Record
from paribus.stats.intervals import Floats
from paribus.stats.multiplicity import check_looks, nominal_level
from paribus.stats.sample import Asked
from paribus.study.config import FIRST_STOP
from paribus.study.metrics import study_metrics
from paribus.study.spec import Question


@dataclass(frozen=True)
class SeedPath:
    """The comparison of one variation at each look reached, up to the one that decided it.

    `next_look` are the seeds it needs next; None if it is decided or the budget is spent. Where
    seeds come one by one, `path` has the last comparison alone, and `d` (n,) the differences that
    it rests on, in the order of the seeds.
    """

    path: tuple[Comparison, ...]
    next_look: int | None
    d: Floats | None = field(default=None, compare=False)

    @property
    def decided(self) -> bool:
        """Whether a look has ended in a verdict other than `undecided`."""
        return bool(self.path) and self.path[-1].verdict != "undecided"


def follow_looks(
    baseline: npt.ArrayLike,
    variations: Mapping[str, npt.ArrayLike],
    metric: Metric,
    looks: Sequence[int],
    *,
    worst: float | None = None,
    asked: Mapping[str, Asked] = MappingProxyType({}),
) -> dict[str, SeedPath]:
    """Replay the looks of a study that adds seeds until each variation is decided.

    At each look, every variation that is still undecided and has its seeds is compared; p
    values are made sequential (`overall_level`) and adjusted over all variations by Holm,
    those decided earlier counting with the p value they had then. A verdict stands once
    given. Intervals have confidence 1 - nominal level, so that all looks of a comparison
    hold together with 95 % (repeated confidence intervals, Jennison and Turnbull 1989).

    Values (n,) are those of the seeds trained so far, in the order of the seeds, NaN where a run
    failed, which then counts as `worst`; a variation may have fewer than the baseline. `asked`
    has the one-sided verdicts that claims ask for. Raises ComparisonError on looks or values that
    can't be used.
    """
    looks = check_looks(looks)
    level, before = 1 - nominal_level(looks), np.asarray(baseline, float)
    paths: dict[str, list[Comparison]] = {name: [] for name in variations}
    for look in looks:
        taking_part = [
            name
            for name, path in paths.items()
            if _next_look(path, looks) == look and len(before) >= look <= np.size(variations[name])
        ]
        # A variation counts in the family with its last look, or with a place kept for it.
        family = {
            name: path[-1] if path else Comparison(name, metric, 0, 0, None)
            for name, path in paths.items()
        }
        for name in taking_part:
            values = np.asarray(variations[name], float)[:look]
            failed = np.isnan(before[:look]), np.isnan(values)
            family[name] = compare_metric(
                name, before[:look], values, metric,
                level=level, failed=failed, worst=worst, asked=asked.get(name),
            )  # fmt: skip
        judged = dict(zip(family, adjusted(tuple(family.values()), looks), strict=True))
        for name in taking_part:
            early = judged[name].verdict != "undecided" and look < looks[-1]
            paths[name].append(replace(judged[name], stopped_early=early))
    return {name: SeedPath(tuple(path), _next_look(path, looks)) for name, path in paths.items()}


def _next_look(path: list[Comparison], looks: tuple[int, ...]) -> int | None:
    if len(path) == len(looks) or (path and path[-1].verdict != "undecided"):
        return None
    return looks[len(path)]


def follow_seeds(
    baseline: npt.ArrayLike,
    variations: Mapping[str, npt.ArrayLike],
    metric: Metric,
    stops: Sequence[int],
    *,
    paired: bool = True,
    worst: float | None = None,
    asked: Mapping[str, Asked] = MappingProxyType({}),
) -> dict[str, SeedPath]:
    """Replay a study that may stop at any of the `stops`, tested so that any would have done.

    At each stop every variation that is undecided and has its seeds is tested by the anytime-valid
    test (`stats.anytime`); p values are adjusted over all variations by Holm, those decided
    earlier counting with the p value they had then, those not begun with 1. Such p values hold
    wherever one stops, so it doesn't matter whether the stops were declared. A verdict stands once
    given.

    Values (n,) are those of the seeds trained so far, as `follow_looks` has them. Raises
    ComparisonError on values that can't be used.
    """
    before = np.asarray(baseline, float)
    standing = replay(baseline, variations, metric, stops, worst=worst, asked=asked)
    compare = compare_metric if paired else compare_unpaired
    seen = {}
    for name, of in standing.items():
        values = before[: of.seeds], np.asarray(variations[name], float)[: of.seeds]
        failed = np.isnan(values[0]), np.isnan(values[1])
        seen[name] = compare(
            name, *values, metric,
            failed=failed, worst=worst, asked=asked.get(name), anytime=True,
        )  # fmt: skip
    judged = dict(zip(seen, adjusted(tuple(seen.values())), strict=True))
    return {
        name: SeedPath(
            (replace(judged[name], stopped_early=of.ended and of.seeds < stops[-1]),)
            if of.seeds
            else (),
            of.next_stop,
            of.d,
        )
        for name, of in standing.items()
    }


def seeds_wanted(
    study: Question, records: Sequence[Record], anytime: bool = False
) -> dict[str, int]:
    """The seeds of each setting by its name: all, or those that are needed to decide.

    A variation that a look has decided keeps the seeds it had then, and so does one whose own
    runs, or the baseline's, all failed for one reason; the baseline has as many as the variation
    with most. The answer follows from the records, and `anytime` from the ledger, so that an
    interrupted study resumes as if nothing had happened.
    """
    names = (study.baseline, *study.variations)
    if not study.adds_seeds or not study.variations:
        return dict.fromkeys(names, study.most_seeds)
    of_setting: defaultdict[str, list[Record]] = defaultdict(list)
    for record in records:
        of_setting[record.facts.setting].append(record)
    hopeless = {name for name in names if _fail_alike(of_setting[name])}
    variations = {}
    for name, (seen, following) in _reached(study, records, anytime).items():
        stuck = seen and hopeless & {name, study.baseline}
        variations[name] = seen if stuck or following is None else following
    return {study.baseline: max(variations.values()), **variations}


def _reached(
    study: Question, records: Sequence[Record], anytime: bool
) -> dict[str, tuple[int, int | None]]:
    """The seeds of each variation at the last look reached, and those it needs next, if any."""
    if study.looks is None or anytime:
        given = _primary(study, records)
        standing = replay(*given.values, _stops(study), worst=given.worst, asked=given.asked)
        return {name: (of.seeds, of.next_stop) for name, of in standing.items()}
    paths = seed_paths_of(study, records)
    last = {name: one.path[-1] if one.path else None for name, one in paths.items()}
    return {
        name: (c.n_seeds + c.missing if c else 0, paths[name].next_look) for name, c in last.items()
    }


def _fail_alike(runs: Sequence[Record]) -> bool:
    """Whether all runs of a setting failed for the same reason, such as an infinite loss."""
    failures = [run.facts.failure for run in runs]
    reasons = {f and ("a loss" if f.epoch is not None else f.message) for f in failures}
    return len(reasons) == 1 and None not in reasons


def seed_paths_of(
    study: Question, records: Sequence[Record], anytime: bool = False
) -> dict[str, SeedPath]:
    """The path of every variation over the looks, on the study's primary metric and its margin.

    There is none where the number of seeds is fixed. `anytime`: the looks aren't those that were
    declared before the first run (or it isn't known for which tests they would do, as for unpaired
    seeds), so they are tested as if seeds had come one by one.
    """
    if not study.adds_seeds:
        return {}
    given = _primary(study, records)
    if study.looks is not None and not anytime:
        return follow_looks(*given.values, study.looks, worst=given.worst, asked=given.asked)
    return follow_seeds(
        *given.values, _stops(study),
        paired=study.paired, worst=given.worst, asked=given.asked,
    )  # fmt: skip


def _stops(study: Question) -> Sequence[int]:
    """The numbers of seeds at which a study that adds seeds may stop."""
    return study.looks or range(FIRST_STOP, study.most_seeds + 1)


@dataclass(frozen=True)
class _Primary:
    """The primary metric's values of the baseline and of each variation, and the metric itself.

    `worst` is what a failed run counts as, `asked` what claims ask for, as `follow_looks` has them.
    """

    values: tuple[Floats, dict[str, Floats], Metric]
    worst: float | None
    asked: dict[str, Asked]


def _primary(study: Question, records: Sequence[Record]) -> _Primary:
    metric = study_metrics(study, ())[study.primary]
    variations = {name: _primary_values(records, name, metric) for name in study.variations}
    asked = {name: one for name in study.variations if (one := asked_of(study, name, metric))}
    classes = max((len(r.classes) for r in records if r.finished), default=0)
    baseline = _primary_values(records, study.baseline, metric)
    return _Primary((baseline, variations, metric), worst_value(metric, classes), asked)


def _primary_values(records: Sequence[Record], setting: str, metric: Metric) -> Floats:
    """Values (n,) of seeds 0 to n-1, NaN for a failed run; n is the first one missing."""
    known = {r.facts.seed: r for r in records if r.facts.setting == setting}
    first_missing = next(seed for seed in range(len(known) + 1) if seed not in known)
    runs = [known[seed] for seed in range(first_missing)]
    return np.array([number(metric.of(RunData(r)) if r.finished else None) for r in runs])
