"""From runs and what is declared of them to settings, seeds and values: the whole way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from paribus.found.given import given_of, grouping_of
from paribus.found.grouping import IS_MEASURED, IS_NAME, IS_SEED, Grouping
from paribus.found.metrics import Measured, measured
from paribus.found.names import Named, common, name_settings
from paribus.found.pairs import paired
from paribus.found.points import point_of
from paribus.found.repeats import settle
from paribus.found.seeds import any_seeds, seeds_of
from paribus.found.taken import on_primary
from paribus.found.unsettled import UnsettledError, so_far
from paribus.found.values import Outcome, outcome
from paribus.sources.run import FoundRun, Value
from paribus.study.found import NO_SEEDS, Declared, in_short

#: Keys that a sentence names, and characters of a list of seeds.
MOST_SHOWN, LONGEST = 12, 60


@dataclass(frozen=True)
class Placed:
    """A run in its place: its setting's name, its seed if it has one, and what it came to."""

    run: FoundRun
    setting: str
    seed: int | None
    outcome: Outcome


@dataclass(frozen=True)
class LeftOut:
    """A run that doesn't count, and why."""

    name: str
    why: str

    @classmethod
    def of(cls, run: FoundRun, why: str) -> LeftOut:
        """The run by its name, with its title in front where that says something else."""
        named = f"{run.title} ({run.name})" if run.title not in {"", run.name} else run.name
        return cls(named, why)


@dataclass(frozen=True)
class Finding:
    """What was found in runs.

    Attributes:
        settings: name -> what the configurations of its runs agree on; the baseline first.
        runs: those that count, by setting and seed; of runs without seeds, these are numbers.
        paired: whether equal seeds of two settings are pairs, and why not or what that rests on.
        passed_over: keys that differ between runs and make no setting -> why.
        ended: how many of all runs that were read aren't running any more.
        notes: what was taken to be so without being declared, in sentences.
    """

    settings: Mapping[str, Mapping[str, Value]]
    runs: Mapping[tuple[str, int], Placed]
    metrics: Measured
    paired: bool
    pairing: str
    left_out: tuple[LeftOut, ...] = ()
    passed_over: Mapping[str, str] = field(default_factory=dict)
    ended: int = 0
    notes: tuple[str, ...] = ()

    def seeds(self, setting: str) -> list[int]:
        """The seeds of a setting, increasing."""
        return sorted(seed for name, seed in self.runs if name == setting)


#: Gives runs their predictions, once the names of settings are known.
Predict = Callable[[Sequence[tuple[FoundRun, str, int | None]]], Sequence[FoundRun]]


def find(runs: Sequence[FoundRun], declared: Declared, predict: Predict) -> Finding:
    """Find settings, seeds and values in runs.

    Raises:
        UnsettledError: something can't be known; says which declarations would settle it.
    """
    found = [f"{len(runs):,} runs were read."]
    with so_far(found):
        if not runs:
            raise UnsettledError("There are no runs.")
        given = given_of(runs, declared)
        seeds, key = given.seeds, "seed"
        if seeds is None:
            seeds, key = seeds_of(runs, declared.compare)
        found += _on_seeds(seeds, key)
        whys = _whys(given.left, seeds, declared)
        told = seeds if key else any_seeds(runs)
        grouping = grouping_of(runs, given.settings, told, key, declared, whys)
        found += _on_settings(grouping)
        settings = name_settings(runs, grouping, declared.baseline)
        left = [LeftOut.of(run, why) for run, why in zip(runs, whys, strict=True) if why]
        placed = [
            (run, settings.names[label], seed)
            for run, label, seed in zip(runs, grouping.labels, seeds, strict=True)
            if label is not None
        ]
        ended = sum(run.status != "running" for run in runs)
        return replace(_finding(placed, left, settings, grouping, declared, predict), ended=ended)


def _whys(left: Sequence[str], seeds: Sequence[int | None], declared: Declared) -> list[str]:
    """Why each run is left out before settings are looked for; "" for others.

    A run without a seed, as the parent of a sweep, must not make a setting.
    """
    needed = declared.compare.seed != NO_SEEDS
    return [
        why or ("it has no seed" if needed and seed is None else "")
        for why, seed in zip(left, seeds, strict=True)
    ]


def _on_seeds(seeds: Sequence[int | None], key: str) -> Iterator[str]:
    known = sorted({seed for seed in seeds if seed is not None})
    if known:
        listed = in_short(known)
        more = ", ..." if len(listed) > LONGEST else ""
        yield f"Seeds ({key}): {listed[:LONGEST]}{more}."


def _on_settings(grouping: Grouping) -> Iterator[str]:
    """How many settings there are, and by what they differ."""
    of = Counter(label for label in grouping.labels if label is not None)
    by = ", ".join(grouping.keys[:MOST_SHOWN]) or "their names"
    runs = ", ".join(map(str, sorted(set(of.values()))))
    if len(of) > 1:
        yield f"{len(of):,} settings by {by}, of {runs} runs each."
    for key, why in list(grouping.passed_over.items())[:MOST_SHOWN]:
        if why not in (IS_SEED, IS_MEASURED, IS_NAME):
            yield f"The key {key} makes no setting: {why}."


# ---- what counts --------------------------------------------------------------------------------


def _finding(
    placed: Sequence[tuple[FoundRun, str, int | None]],
    left: Sequence[LeftOut],
    settings: Named,
    grouping: Grouping,
    declared: Declared,
    predict: Predict,
) -> Finding:
    runs = predict(placed)
    metrics = measured(runs, declared)
    logged = dict.fromkeys(name for run in runs for name in run.metrics)
    point = point_of(declared, logged, metrics)
    ended = [
        Placed(run, setting, seed, outcome(run, metrics, point))
        for run, (_, setting, seed) in zip(runs, placed, strict=True)
    ]
    has_seeds = declared.compare.seed != NO_SEEDS
    why_left = [one.outcome.why if one.outcome.status == "left out" else "" for one in ended]
    both = list(zip(ended, why_left, strict=True))
    left = [*left, *(LeftOut.of(one.run, why) for one, why in both if why)]
    counted = [one for one, why in both if not why]
    by_key, superseded = settle(counted, declared.compare.repeated, has_seeds)
    names = [name for name in settings.names.values() if any(s == name for s, _ in by_key)]
    baseline = settings.names[settings.baseline]
    if baseline not in names:
        whys = dict.fromkeys(one.why for one in left)
        raise UnsettledError(f"No run of the baseline, {baseline}, counts: {'; '.join(whys)}.")
    are_pairs, pairing = paired(by_key, names, has_seeds, declared.paired)
    agreed = {name: common([one.run for one in ended if one.setting == name]) for name in names}
    of = {name: _configuration(config, grouping) for name, config in agreed.items()}
    notes = [settings.note] if settings.note else []
    notes.append(on_primary(metrics, point, declared.margin is not None))
    if declared.compare.repeated == "mean" and len(counted) > len(by_key) + len(superseded):
        notes.append(
            "Of runs with the same setting and seed the mean counts, as declared; curves are those "
            "of the last one."
        )
    return Finding(
        settings=of,
        runs=by_key,
        metrics=metrics,
        paired=are_pairs,
        pairing=pairing,
        left_out=(*left, *(LeftOut.of(one.run, why) for one, why in superseded)),
        passed_over=grouping.passed_over,
        notes=(*notes, *metrics.notes),
    )


def _configuration(config: Mapping[str, Value], grouping: Grouping) -> dict[str, Value]:
    """What tells a setting from others first, and nothing of what makes no setting."""
    keys = dict.fromkeys([*(key for key in grouping.keys if key in config), *config])
    return {key: config[key] for key in keys if key not in grouping.passed_over}
