"""Settings from configurations: runs that agree in all that isn't seed, place, time or outcome."""

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field

from paribus.found.keys import SEED_NAMES, is_place, is_progress, last_part
from paribus.sources.run import FoundRun, Value

#: Why a key makes no setting.
IS_PLACE = "it says where or when a run ran"
IS_SEED, IS_MEASURED, IS_NAME = "it is the seed", "it was measured", "it names the setting"

#: Values with more characters don't name a setting well.
LONG = 20

#: What tells a run's setting from others: a name, or values of keys.
Label = Hashable


@dataclass(frozen=True)
class Grouping:
    """How runs fall into settings.

    Attributes:
        labels: of each run; None for one that is left out.
        keys: that tell settings apart, those that suffice to do so first; none where names do.
        enough: how many of the keys suffice.
        passed_over: key that differs between runs and makes no setting -> why.
    """

    labels: tuple[Label | None, ...]
    keys: tuple[str, ...] = ()
    enough: int = 0
    passed_over: Mapping[str, str] = field(default_factory=dict)


def by_config(
    runs: Sequence[FoundRun],
    seeds: Sequence[int | None],
    *,
    seed_key: str,
    ignored: Collection[str],
    measured: Collection[str],
) -> Grouping:
    """Runs by the values of the keys that make settings.

    Args:
        seeds: of each run; None where it has none.
        seed_key: the key that they stand in.
        ignored: keys that are declared to make no setting.
        measured: names of metrics, which a table's row has among its parameters.
    """
    every = list(dict.fromkeys(key for run in runs for key in run.config))
    columns = {key: [hashable(run.config.get(key)) for run in runs] for key in every}
    varying = {key: values for key, values in columns.items() if len(set(values)) > 1}
    why = {
        key: reason
        for key, values in varying.items()
        if (reason := _why_not(key, values, seeds, seed_key, ignored, measured))
    }
    ids = _ids([key for key in varying if key not in why], varying, seeds)
    why |= ids
    keys = [key for key in varying if key not in why]
    for key in [key for key, reason in why.items() if reason == IS_PLACE]:
        if _tells_repeats_apart(key, keys, varying, seeds):
            keys.append(key)
            del why[key]
    keys = sorted(keys, key=lambda key: _plainness(varying[key]))
    labels = list(zip(*(varying[key] for key in keys), strict=True)) if keys else [()] * len(runs)
    first = _sufficient([varying[key] for key in keys])
    ordered = [keys[n] for n in first] + [key for n, key in enumerate(keys) if n not in first]
    return Grouping(tuple(labels), tuple(ordered), len(first), why)


def _why_not(
    key: str,
    values: Sequence[Hashable],
    seeds: Sequence[int | None],
    seed_key: str,
    ignored: Collection[str],
    measured: Collection[str],
) -> str:
    """Why a key that differs between runs makes no setting; "" if it may."""
    if key == seed_key or key.lower() == seed_key.lower():
        return IS_SEED
    if last_part(key) in SEED_NAMES:
        return IS_SEED if seed_key in ("seed", "") else "it is called a seed, too"
    bare = {last_part(other) for other in ignored if not {".", "/"} & {*other}}
    if key in ignored or last_part(key) in bare:
        return "it is ignored as declared"
    if key in measured:
        return IS_MEASURED
    if is_progress(key):
        return "it says how far a run came"
    if is_place(key):
        return IS_PLACE
    if len(set(seeds)) > 1 and None not in seeds and _follows(values, seeds):
        return "it follows the seed"
    return ""


def _follows(values: Sequence[Hashable], seeds: Sequence[int | None]) -> bool:
    """Whether each seed has one value, and each value one seed, though seeds recur."""
    pairs = set(zip(values, seeds, strict=True))
    return len(pairs) == len(set(values)) == len(set(seeds)) < len(seeds)


def _ids(
    keys: Sequence[str], varying: Mapping[str, Sequence[Hashable]], seeds: Sequence[int | None]
) -> dict[str, str]:
    """The keys that name runs instead of settings, each with the reason."""
    alone = [key for key in keys if _all_differ(varying[key])]
    if len(alone) == len(keys):  # one run of each setting: what is short may be what was tried
        alone = [key for key in alone if any(_plainness(varying[key])[:2])]
    left = [key for key in keys if key not in alone]
    named = [key for key in left if _names_runs(key, left, varying, seeds)]
    return {
        **dict.fromkeys(alone, "it differs in every run"),
        **dict.fromkeys(named, "it names runs, by setting and seed"),
    }


def _tells_repeats_apart(
    key: str,
    keys: Sequence[str],
    varying: Mapping[str, Sequence[Hashable]],
    seeds: Sequence[int | None],
) -> bool:
    """Whether runs of one setting and seed differ in a key, which has the same seeds everywhere.

    So a rank of 8 or 16 is a setting, and the machine on which a run happened to run is none.
    """
    settings = list(zip(*(varying[other] for other in keys), strict=True)) or [()] * len(seeds)
    places = list(zip(settings, seeds, strict=True))
    if len(set(places)) == len(places):
        return False
    within = list(zip(settings, varying[key], strict=True))
    if len(set(zip(within, seeds, strict=True))) < len(places):
        return False
    of: dict[Hashable, set[int | None]] = {}
    for value, seed in zip(within, seeds, strict=True):
        of.setdefault(value, set()).add(seed)
    return len({frozenset(have) for have in of.values()}) == 1


def _names_runs(
    key: str,
    keys: Sequence[str],
    varying: Mapping[str, Sequence[Hashable]],
    seeds: Sequence[int | None],
) -> bool:
    """Whether a key has one value for each setting by coarser keys and each seed: "lr0.1_seed3"."""
    own = len(set(varying[key]))
    coarser = [varying[other] for other in keys if len(set(varying[other])) < own]
    settings = list(zip(*coarser, strict=True)) if coarser else [()] * len(seeds)
    places = list(zip(settings, seeds, strict=True))
    pairs = set(zip(places, varying[key], strict=True))
    several = len(set(settings)) < len(set(places))
    return several and len(pairs) == len(set(places)) == own


def _all_differ(values: Sequence[Hashable]) -> bool:
    """Whether all runs have different values, as of an id; some runs may have none."""
    known = [value for value in values if value is not None]
    enough = len(known) == len(values) or len(known) > 2
    return enough and len(set(known)) == len(known) > 1


def hashable(value: Value) -> Hashable:
    """A value that tells true from 1, not 1 from 1.0, and is equal to itself even if it is NaN."""
    if isinstance(value, bool):
        return ("truth", value)
    if isinstance(value, int | float):
        return ("number", repr(float(value)) if abs(value) < 2**53 else str(value))
    return value


def _plainness(values: Sequence[Hashable]) -> tuple[bool, bool, bool, bool]:
    """Sorts keys by how well they name a setting: short values that all runs have, words first."""
    texts = [str(value[-1] if isinstance(value, tuple) else value) for value in values]
    listed = any("[" in text or text.count("/") > 1 or text[:1] in "/." for text in texts)
    words = all(isinstance(value, str) for value in values)
    return (max(map(len, texts)) > LONG, listed, None in values, not words)


def _sufficient(columns: Sequence[Sequence[Hashable]]) -> list[int]:
    """The first columns that tell all rows apart that all columns do; each must tell some more."""
    chosen: list[int] = []
    told = 1
    for number in range(len(columns)):
        rows = len(set(zip(*(columns[n] for n in (*chosen, number)), strict=True)))
        if rows > told:
            chosen.append(number)
            told = rows
    return chosen
