"""Seeds added until a comparison is decided: what the looks so far have shown.

`follow_looks` replays the looks from the values of the runs there are. The pipeline asks it
which variations need more seeds; the report asks it, later and from records alone, for the
path. Both get the same answer, because the looks are fixed in the study.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from paribus.comparison.asked import asked_of
from paribus.comparison.compare import Comparison, adjusted, compare_metric
from paribus.comparison.failing import worst_value
from paribus.comparison.values import number
from paribus.errors import ComparisonError
from paribus.metrics.metric import Metric, RunData
from paribus.records.types import Record
from paribus.stats.intervals import Floats
from paribus.stats.multiplicity import check_looks, nominal_level
from paribus.stats.sample import Asked
from paribus.study.config import UntilDecided
from paribus.study.metrics import study_metrics
from paribus.study.spec import Study


@dataclass(frozen=True)
class SeedPath:
    """The comparison of one variation at each look reached, up to the one that decided it.

    `next_look` are the seeds it needs next; None if it is decided or the budget is spent.
    """

    path: tuple[Comparison, ...]
    next_look: int | None

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


def seeds_wanted(study: Study, records: Sequence[Record]) -> dict[str, int]:
    """The seeds of each setting by its name: all, or those that the looks have asked for.

    A variation that a look has decided keeps the seeds it had then, and so does one whose own
    runs, or the baseline's, all failed for one reason; the baseline has as many as the variation
    with most. The answer follows from the records alone, so that an
    interrupted study resumes as if nothing had happened.
    """
    names = (study.baseline, *study.variations)
    if study.looks is None or not study.variations:
        return dict.fromkeys(names, study.most_seeds)
    variations = {
        name: _wanted(one, _fail_alike(records, name) or _fail_alike(records, study.baseline))
        for name, one in seed_paths_of(study, records).items()
    }
    return {study.baseline: max(variations.values()), **variations}


def _wanted(one: SeedPath, hopeless: bool) -> int:
    if one.next_look and not (one.path and hopeless):
        return one.next_look
    return one.path[-1].n_seeds + one.path[-1].missing


def _fail_alike(records: Sequence[Record], setting: str) -> bool:
    """Whether all runs of a setting failed for the same reason, such as an infinite loss."""
    failures = [r.facts.failure for r in records if r.facts.setting == setting]
    reasons = {f and ("a loss" if f.epoch is not None else f.message) for f in failures}
    return len(reasons) == 1 and None not in reasons


def seed_paths_of(study: Study, records: Sequence[Record]) -> dict[str, SeedPath]:
    """The path of every variation over the looks, on the study's primary metric and its margin.

    There is none where the number of seeds is fixed.
    """
    if study.looks is None:
        return {}
    metric = study_metrics(study.metrics, study.primary, study.margin, ())[study.primary]
    baseline = _primary_values(records, study.baseline, metric)
    variations = {name: _primary_values(records, name, metric) for name in study.variations}
    worst = worst_value(metric, max((len(r.classes) for r in records if r.finished), default=0))
    asked = {name: one for name in study.variations if (one := asked_of(study, name, metric))}
    return follow_looks(baseline, variations, metric, study.looks, worst=worst, asked=asked)


def refuse_changed_looks(before: Study, now: Study) -> None:
    """Refuse, by a ComparisonError, to change after runs have been seen what decides to stop."""
    if not isinstance(before.seeds, UntilDecided) and not isinstance(now.seeds, UntilDecided):
        return
    declared, given = _stopping(before), _stopping(now)
    if declared != given:
        raise ComparisonError(
            f"These results were begun with {declared}, got {given}. The rule for stopping is "
            "part of the test: changed after looking, its 5 % no longer hold. Use another --out, "
            "or go back to what was declared."
        )


def _stopping(study: Study) -> str:
    if isinstance(study.seeds, int):
        return f"{study.seeds} seeds, whatever they show"
    looks = ", ".join(map(str, study.seeds.looks))
    margin = "no margin" if study.margin is None else f"a margin of {study.margin:g}"
    return f"looks at {looks} seeds on {study.primary} and {margin}"


def _primary_values(records: Sequence[Record], setting: str, metric: Metric) -> Floats:
    """Values (n,) of seeds 0 to n-1, NaN for a failed run; n is the first one missing."""
    known = {r.facts.seed: r for r in records if r.facts.setting == setting}
    first_missing = next(seed for seed in range(len(known) + 1) if seed not in known)
    runs = [known[seed] for seed in range(first_missing)]
    return np.array([number(metric.of(RunData(r)) if r.finished else None) for r in runs])
