"""Which seed each run has: by its file, its name, or a key of its configuration."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from paribus.found.keys import SEED_NAMES, last_part, value_of
from paribus.found.unsettled import Choice, UnsettledError
from paribus.records.bounds import LARGEST_SEED
from paribus.sources.run import FoundRun, Value
from paribus.study.found import NO_SEEDS, Compare


@dataclass(frozen=True)
class Named:
    """What the names of runs tell, by a pattern: of each run, its setting and seed, or None."""

    settings: tuple[str | None, ...]
    seeds: tuple[int | None, ...]
    fits: tuple[bool, ...]


def named(runs: Sequence[FoundRun], pattern: str) -> Named:
    """Read names by a pattern such as "{setting}_seed{seed}".

    It must fit a run's title or name, or as many parts of the name's path as it has itself, the
    last ones that fit; endings such as .csv may be left out, and * stands for anything.

    Raises:
        UnsettledError: it fits no name.
    """
    parts = [
        re.escape(part).replace(r"\*", "[^/]*?")
        for part in re.split(r"\{setting\}|\{seed\}", pattern)
    ]
    found = re.findall(r"\{setting\}|\{seed\}", pattern)
    groups = {"{setting}": r"(?P<setting>[^/]+?)", "{seed}": r"(?P<seed>[0-9]{1,10})"}
    whole = re.compile(
        parts[0] + "".join(groups[f] + p for f, p in zip(found, parts[1:], strict=True))
    )
    matches = [_match(run, whole, pattern.count("/")) for run in runs]
    if not any(matches):
        names = ", ".join(repr(run.title or run.name) for run in runs[:3])
        raise UnsettledError(f"The pattern {pattern!r} fits no name; the first are {names}.")
    of = [match.groupdict() if match else {} for match in matches]
    return Named(
        tuple(one.get("setting") for one in of),
        tuple(None if "seed" not in one else int(one["seed"]) for one in of),
        tuple(match is not None for match in matches),
    )


def _match(run: FoundRun, whole: re.Pattern[str], slashes: int) -> re.Match[str] | None:
    return next((m for name in _names(run, slashes) if (m := whole.fullmatch(name))), None)


def _names(run: FoundRun, slashes: int) -> Iterator[str]:
    """What a pattern may fit: the title, then parts of the path, the last ones first."""
    if run.title:
        yield run.title
    parts = run.name.split("/")
    for end in range(len(parts), slashes, -1):
        name = "/".join(parts[end - 1 - slashes : end])
        yield name
        yield re.sub(r"\.[A-Za-z0-9]{1,8}$", "", name)


def seeds_of(runs: Sequence[FoundRun], declared: Compare) -> tuple[tuple[int | None, ...], str]:
    """The seed of each run that has one, and how it was found: "seed" of "the key seed".

    Raises:
        UnsettledError: no key is a seed for sure, or one has values that aren't seeds.
    """
    if declared.seed == NO_SEEDS:
        return (None,) * len(runs), ""
    if declared.seed is not None:
        values = [value_of(run.config, declared.seed) for run in runs]
        if all(value is None for value in values):
            raise _no_such_key(runs, declared.seed)
        return _numbers(runs, values, declared.seed), declared.seed
    if any(run.seed is not None for run in runs):
        return _numbers(runs, [run.seed for run in runs], "seed"), "seed"
    key = _key(runs)
    return _numbers(runs, [run.config.get(key) for run in runs], key), key


def any_seeds(runs: Sequence[FoundRun]) -> tuple[int | None, ...]:
    """Seeds that the runs have, though they don't tell them apart: names may still have them."""
    try:
        return seeds_of(runs, Compare())[0]
    except UnsettledError:
        return (None,) * len(runs)


def _key(runs: Sequence[FoundRun]) -> str:
    """The one key that is a seed."""
    keys = dict.fromkeys(key for run in runs for key in run.config if last_part(key) in SEED_NAMES)
    varying = [key for key in keys if len({run.config.get(key) for run in runs}) > 1]
    best = sorted(varying or keys, key=lambda key: (SEED_NAMES.index(last_part(key)), len(key)))
    if not best:
        raise UnsettledError(
            "No run has a seed in its configuration or its file.", _other_seeds(runs)
        )
    first = [run.config.get(best[0]) for run in runs]
    others = [
        key for key in best[1:] if not _tells_the_same(first, [r.config.get(key) for r in runs])
    ]
    if others:
        listed = ", ".join([best[0], *others])
        choices = [{"seed": key} for key in (best[0], *others)]
        raise UnsettledError(f"Several keys may be the seed, and differ: {listed}.", choices)
    return best[0]


def _tells_the_same(one: Sequence[Value], other: Sequence[Value]) -> bool:
    """Whether two keys tell the same runs apart."""
    pairs = set(zip(one, other, strict=True))
    return len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})


def _other_seeds(runs: Sequence[FoundRun]) -> Iterator[Choice]:
    """What may tell seeds: keys of whole numbers that recur, numbers at the ends of names."""
    keys = dict.fromkeys(key for run in runs for key in run.config)
    for key in keys:
        values = [run.config.get(key) for run in runs]
        whole = all(isinstance(value, int) and not isinstance(value, bool) for value in values)
        if whole and 1 < len(set(values)) < len(values):
            yield {"seed": key}
    if pattern := guessed_pattern(runs):
        yield {"pattern": pattern}
    yield {"seed": NO_SEEDS}


#: A name that ends with a number: what stands before what joins them, and the joint, as "_seed".
_NUMBERED = re.compile(
    r"(.*?[A-Za-z0-9])((?:[_\-.=]{0,2}(?:seed|run|rep|trial|s))?[_\-.=]{0,2})[0-9]{1,10}",
    re.IGNORECASE,
)
_TIMED = re.compile(r"[_\-.]{1,2}[0-9]{9,14}$")
#: Names that say nothing but which repetition it is.
_REPETITIONS = frozenset(("seed", "run", "rep", "repeat", "trial", "s", "r", "version", "rng"))


def guessed_pattern(runs: Sequence[FoundRun]) -> str:
    """A pattern that most names fit, "{setting}_seed{seed}"; "" where none is to be seen."""
    guesses = [guess for run in runs if (guess := _guess(run))]
    if len(guesses) < 0.8 * len(runs):
        return ""
    pattern = max(guesses, key=guesses.count)
    try:
        settings = set(named(runs, pattern).settings) - {None}
    except UnsettledError:  # the folder that it wants isn't part of the names
        return ""
    return pattern if 1 < len(settings) <= len(runs) / 2 else ""


def _guess(run: FoundRun) -> str:
    """The pattern of the last part of a name that ends with a number, or of it and its folder."""
    for whole in _names(run, 0):
        # A time at the end, in seconds, as some scripts add it to every name.
        name, ending = _TIMED.sub("", whole), ""
        if name != whole:
            ending = f"{whole[len(name) :].rstrip('0123456789')}*"
        match = _NUMBERED.fullmatch(name)
        if match and match[1].lower() in _REPETITIONS:
            return f"{{setting}}/{match[1]}{match[2]}{{seed}}"
        if match and match[2]:
            return f"{{setting}}{match[2]}{{seed}}{ending}"
        if name.isdecimal():
            return "{setting}/{seed}"
    return ""


def _numbers(runs: Sequence[FoundRun], values: Sequence[Value], key: str) -> tuple[int | None, ...]:
    """Seeds from the values of a key; raises UnsettledError for what is none."""
    seeds = [_number(value) for value in values]
    for run, value, seed in zip(runs, values, seeds, strict=True):
        if value is not None and seed is None:
            expected = (
                f"expected a whole number from 0 to {LARGEST_SEED:,} as {key}, got {value!r}."
            )
            raise UnsettledError(f"{run.name}: {expected}", [{"seed": NO_SEEDS}])
    return tuple(seeds)


def _number(value: Value) -> int | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = int(value) if float(value) == int(float(value)) else -1
    except (ValueError, OverflowError):
        return None
    return number if 0 <= number <= LARGEST_SEED else None


def _no_such_key(runs: Sequence[FoundRun], key: str) -> UnsettledError:
    keys = dict.fromkeys(key for run in runs for key in run.config)
    alike = [other for other in keys if last_part(other) in SEED_NAMES]
    return UnsettledError(f"No run has a key {key!r}.", [{"seed": other} for other in alike])
