"""Several runs of one setting and seed: which of them counts."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from paribus.found.unsettled import Choice, UnsettledError
from paribus.found.values import Outcome
from paribus.study.found import NO_SEEDS

if TYPE_CHECKING:
    from paribus.found.find import Placed

Key = tuple[str, int]


def settle(
    placed: Sequence[Placed], repeated: Literal["last", "mean"] | None, has_seeds: bool
) -> tuple[Mapping[Key, Placed], Sequence[tuple[Placed, str]]]:
    """The one run of each setting and seed, and why others don't count.

    Of two the finished one counts. Runs without seeds are numbered from 0 in their setting.

    Raises:
        UnsettledError: two finished ones, and nothing says which of them counts.
    """
    of: dict[Key, list[Placed]] = defaultdict(list)
    numbers = Counter[str]()
    for one in placed:
        seed = one.seed
        if not has_seeds or seed is None:
            seed = numbers[one.setting]
            numbers[one.setting] += 1
        of[one.setting, seed].append(one)
    superseded: list[tuple[Placed, str]] = []
    finished = {key: _finished(runs, superseded) for key, runs in of.items()}
    twice = {key: runs for key, runs in finished.items() if len(runs) > 1}
    if twice and repeated is None:
        raise _unsettled(twice, of)
    for key, unordered in twice.items():
        runs, how = _ordered(unordered)
        kept = runs[-1] if repeated == "last" else _mean(runs)
        if repeated == "last":
            why = f"another run of its setting and seed counts, the last one by {how}"
            superseded += [(one, why) for one in runs[:-1]]
        finished[key] = [kept]
    return {key: runs[0] for key, runs in sorted(finished.items())}, superseded


def _ordered(runs: Sequence[Placed]) -> tuple[list[Placed], str]:
    """Runs in the order in which they started, where that is known, else in that of their names."""
    starts = [one.run.started for one in runs]
    known = [start for start in starts if start is not None]
    if len(known) == len(runs):
        order = np.argsort(known, kind="stable")
        return [runs[n] for n in order], "its start"
    return sorted(runs, key=lambda one: _natural(one.run.name)), "its name"


def _natural(name: str) -> list[tuple[bool, int, str]]:
    """Sorts version_2 before version_10."""
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    return [(part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts]


def _finished(runs: Sequence[Placed], superseded: list[tuple[Placed, str]]) -> list[Placed]:
    """The finished runs of one setting and seed; the last one where all failed."""
    good = [one for one in runs if one.outcome.status == "finished"]
    kept = good or [_ordered(runs)[0][-1]]
    why = "it failed, and another run of its setting and seed counts"
    superseded += [(one, why) for one in runs if not any(one is other for other in kept)]
    return kept


def _mean(runs: Sequence[Placed]) -> Placed:
    """One run with the mean of each value that all of them have; its curves are the last one's."""
    *_, last = runs
    if any(one.run.predictions is not None for one in runs):
        raise UnsettledError(
            f"Several finished runs of {last.setting} have predictions, of which there is no mean.",
            [{"repeated": "last"}],
        )
    shared = set.intersection(*(set(one.outcome.values) for one in runs))
    values = {
        name: float(np.mean([one.outcome.values[name] for one in runs]))
        for name in last.outcome.values
        if name in shared
    }
    files = tuple(dict.fromkeys(file for one in runs for file in one.run.files))
    run = replace(last.run, files=files)
    return replace(last, run=run, outcome=Outcome("finished", values=values))


def _unsettled(twice: Mapping[Key, Sequence[Placed]], of: Collection[Key]) -> UnsettledError:
    (setting, seed), runs = next(iter(twice.items()))
    names = " and ".join(one.run.name for one in runs[:2])
    more = f", and so on for {len(twice) - 1:,} more" if len(twice) > 1 else ""
    choices: list[Choice] = [{"repeated": "last"}, {"repeated": "mean"}, {"seed": NO_SEEDS}]
    if len({name for name, _ in of}) == 1 and len(of) > 1:
        return UnsettledError(
            f"Nothing tells settings apart, and several runs have seed {seed}: {names}{more}. "
            "Read the settings from names with a pattern, as --pattern '{setting}_seed{seed}' (* "
            "stands for anything)."
        )
    if len({key[1] for key in of}) == 1:
        return UnsettledError(
            f"All runs have the seed {seed}, though a setting has several finished ones, so the "
            "seed doesn't tell them apart. They can count as runs without seeds; or the last one "
            "of each setting alone, or their mean.",
            reversed(choices),
        )
    return UnsettledError(
        f"Several finished runs of {setting}, seed {seed}: {names}{more}. The last one of each "
        "can count, or their mean; or the runs of a setting are repetitions without seeds.",
        choices,
    )
