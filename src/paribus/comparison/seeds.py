"""How many seeds each setting needs, by what the records so far have decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from paribus.comparison.sequential import SeedPath, follow_looks
from paribus.errors import ComparisonError
from paribus.metrics.registry import METRICS
from paribus.records.types import Record
from paribus.stats.intervals import Floats
from paribus.study.spec import Study, UntilDecided


def seeds_wanted(study: Study, records: Sequence[Record]) -> dict[str, int]:
    """The seeds of each setting by its name: all, or those that the looks have asked for.

    A variation that a look has decided keeps the seeds it had then; the baseline has as many
    as the variation with most. The answer follows from the records alone, so that an
    interrupted study goes on as if nothing had happened.
    """
    names = (study.baseline, *study.variations)
    if isinstance(study.seeds, int) or not study.variations:
        return dict.fromkeys(names, study.most_seeds)
    seed_paths = seed_paths_of(study, study.seeds, records)
    variations = {name: _seeds_of(seed_path) for name, seed_path in seed_paths.items()}
    return {study.baseline: max(variations.values()), **variations}


def seed_paths_of(
    study: Study, until: UntilDecided, records: Sequence[Record]
) -> dict[str, SeedPath]:
    """The path of every variation over the looks, on test accuracy and the study's margin."""
    accuracy = replace(METRICS["test_accuracy"], margin=study.margin)
    values = {name: _accuracies(records, name) for name in (study.baseline, *study.variations)}
    baseline = values.pop(study.baseline)
    return follow_looks(baseline, values, accuracy, until.looks)


def refuse_changed_looks(before: Study, now: Study) -> None:
    """Refuse to change, after runs have been seen, what decides when to stop.

    Raises:
        ComparisonError: naming what was declared and what came.
    """
    if not isinstance(before.seeds, UntilDecided) and not isinstance(now.seeds, UntilDecided):
        return
    declared, came = (_stopping(before), _stopping(now))
    if declared != came:
        raise ComparisonError(
            f"These results were begun with {declared}; {came} came. The rule for stopping is "
            "part of the test: changed after looking, its 5 % no longer hold. Use another --out, "
            "or go back to what was declared."
        )


def _stopping(study: Study) -> str:
    if isinstance(study.seeds, int):
        return f"{study.seeds} seeds, whatever they show"
    looks = ", ".join(map(str, study.seeds.looks))
    return f"looks at {looks} seeds and a margin of {study.margin:g}"


def _seeds_of(seed_path: SeedPath) -> int:
    return seed_path.next_look or seed_path.path[-1].n_seeds + seed_path.path[-1].missing


def _accuracies(records: Sequence[Record], setting: str) -> Floats:
    """Test accuracy (n,) of seeds 0 to n-1, NaN for a failed run; n is the first one missing."""
    found: Mapping[int, float] = {
        r.facts.seed: _accuracy(r) for r in records if r.facts.setting == setting
    }
    first_missing = next(seed for seed in range(len(found) + 1) if seed not in found)
    return np.array([found[seed] for seed in range(first_missing)])


def _accuracy(record: Record) -> float:
    if record.predictions is None:
        return float("nan")
    named = record.predictions.last.argmax(axis=1)
    return float((named == record.predictions.labels).mean())
