"""Predictions of found runs: which run they belong to, and what a record keeps of them."""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from paribus.errors import SourceError
from paribus.io.strict_json import dumps
from paribus.records.bounds import MOST_CLASSES
from paribus.records.types import DataFacts, Floats, Predictions, Record
from paribus.sources.run import FoundPredictions, FoundRun

#: Below it a probability is taken to be so: its logarithm must be a number.
LEAST = 1e-30
#: How far below the highest probability that of the predicted class may lie.
ROUNDING = 1e-6

#: A run, its setting and its seed.
Place = tuple[FoundRun, str, int | None]
Key = tuple[str, int]


def split(runs: Sequence[FoundRun]) -> tuple[list[FoundRun], list[FoundRun]]:
    """Runs, and what has predictions alone, for a setting and seed that other runs have."""
    bare = [run for run in runs if run.predictions is not None and not run.metrics]
    others = [run for run in runs if run.predictions is None or run.metrics]
    return (others, bare) if others else (bare, [])


def attached(
    places: Sequence[Place],
    bare: Sequence[FoundRun],
    pattern: str | None,
    read: Callable[[Path], Sequence[FoundRun]],
) -> list[FoundRun]:
    """The runs of the places, each with its predictions, where it has or finds any.

    Args:
        bare: predictions that name their setting and seed.
        pattern: one file of such predictions, or, with {setting} and {seed}, a file a run;
            `read` gives what is in one.

    Raises:
        SourceError: no run has any of the predictions that there are.
    """
    if pattern is not None and "{" in pattern:
        found = [_at_pattern(pattern, place, read) for place in places]
        if not any(found):
            raise SourceError(f"{pattern}: no run has such a file of predictions")
    elif pattern is not None and not Path(pattern).is_file():
        raise SourceError(f"{pattern}: there is no such file of predictions")
    else:
        named = [*bare, *(read(Path(pattern)) if pattern is not None else ())]
        found = _by_name(places, named)
        if named and not any(found):
            raise _unlike_any(named, places)
    return [
        replace(run, predictions=of.predictions, files=run.files + of.files)
        if of is not None and run.predictions is None
        else run
        for (run, _, _), of in zip(places, found, strict=True)
    ]


def _by_name(places: Sequence[Place], named: Sequence[FoundRun]) -> list[FoundRun | None]:
    """What has each run's setting, as it is called here or in its file, and its seed."""
    known = {(one.setting, one.seed): one for one in named}
    return [known.get((name, seed)) or known.get((run.setting, seed)) for run, name, seed in places]


def _unlike_any(named: Sequence[FoundRun], places: Sequence[Place]) -> SourceError:
    theirs = ", ".join(f"{one.setting}, seed {one.seed}" for one in named[:3])
    ours = ", ".join(list(dict.fromkeys(setting for _, setting, _ in places))[:5])
    where = named[0].files[0] if named[0].files else "predictions"
    return SourceError(
        f"{where}: no run is of {theirs}; the settings are {ours}. Write setting and seed there "
        "as they are here."
    )


def _at_pattern(
    pattern: str, place: Place, read: Callable[[Path], Sequence[FoundRun]]
) -> FoundRun | None:
    """What lies where the pattern points to for a run, whatever its setting is called there."""
    run, setting, seed = place
    for name in dict.fromkeys(filter(None, (setting, run.setting, run.group, run.title))):
        path = Path(pattern.replace("{setting}", name).replace("{seed}", str(seed)))
        if path.is_file():
            return next(iter(read(path)), None)
    return None


# ---- what records keep --------------------------------------------------------------------------


class _Examples(NamedTuple):
    """The examples of a test set: id -> its number, and the class of each."""

    numbers: Mapping[str, int]
    labels: Mapping[str, str]


@dataclass(frozen=True)
class Tested:
    """Records with predictions.

    Attributes:
        names: number of an example -> its id, where that isn't the number.
        images: number of an example -> the path of its image, where they are known.
        notes: what of predictions isn't used, in sentences.
    """

    records: tuple[Record, ...]
    names: Mapping[int, str] = field(default_factory=dict)
    images: Mapping[int, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def with_predictions(records: Sequence[Record], runs: Mapping[Key, FoundRun]) -> Tested:
    """Add the predictions of finished runs to their records, all of one test set.

    A run that was tested on other examples than most, or with other labels, has none.
    """
    found = {
        record.key: predictions
        for record in records
        if record.finished and (predictions := runs[record.key].predictions) is not None
    }
    if not found:
        return Tested(tuple(records))
    classes = tuple(dict.fromkeys(name for one in found.values() for name in one.classes))
    if len(classes) > MOST_CLASSES:
        note = f"Predictions are left out: they are of {len(classes):,} classes, at most "
        return Tested(tuple(records), notes=(f"{note}{MOST_CLASSES:,} are compared.",))
    first_key = _commonest(found)
    first = found[first_key]
    examples = _Examples(_numbers(first.ids), dict(zip(first.ids, first.labels, strict=True)))
    alike = {key: one for key, one in found.items() if _same_examples(one, examples)}
    kept = {key: _kept(one, examples, classes) for key, one in alike.items()}
    data = DataFacts(
        classes=classes, test=len(examples.numbers), fingerprint=_fingerprint(examples)
    )
    return Tested(
        tuple(_with(record, data, kept.get(record.key)) for record in records),
        {number: name for name, number in examples.numbers.items() if name != str(number)},
        {examples.numbers[id_]: path for id_, path in zip(first.ids, first.paths, strict=False)},
        (
            *_others([key for key in found if key not in alike], first_key),
            *_unlike([key for key, one in alike.items() if _lost_shares(one, kept[key])]),
        ),
    )


def _commonest(found: Mapping[Key, FoundPredictions]) -> Key:
    """The first run of those with the examples and labels that most runs have."""
    sets = {key: frozenset(zip(one.ids, one.labels, strict=True)) for key, one in found.items()}
    often = Counter(sets.values()).most_common(1)[0][0]
    return next(key for key, examples in sets.items() if examples == often)


def _lost_shares(one: FoundPredictions, kept: Predictions) -> bool:
    """Whether probabilities are left out, as they don't fit the predicted classes."""
    return one.probabilities is not None and kept.last is None


def _with(record: Record, data: DataFacts, kept: Predictions | None) -> Record:
    """A record of this data, as all are: failed runs too, and those without predictions."""
    update = {"data": data, "digest": _digest(record.facts.digest, kept)}
    return replace(record, facts=record.facts.model_copy(update=update), predictions=kept)


def _digest(before: str, kept: Predictions | None) -> str:
    """A record's digest over its predictions too."""
    parts = hashlib.sha256(before.encode())
    for array in () if kept is None else vars(kept).values():
        parts.update(b"" if array is None else np.ascontiguousarray(array).tobytes())
    return parts.hexdigest()


def _others(keys: Sequence[Key], first: Key) -> list[str]:
    if not keys:
        return []
    named = ", ".join(f"{setting}, seed {seed}" for setting, seed in keys[:3])
    more = f" and {len(keys) - 3:,} more" if len(keys) > 3 else ""
    return [
        f"Predictions of {named}{more} are left out: they are of other examples, or with other "
        f"labels, than those of {first[0]}, seed {first[1]}."
    ]


def _unlike(keys: Sequence[Key]) -> list[str]:
    if not keys:
        return []
    return [
        f"Probabilities of {len(keys):,} runs are left out: the predicted classes aren't those "
        "with the highest probability."
    ]


def _numbers(ids: Sequence[str]) -> dict[str, int]:
    """A number for each id: the id itself where all are numbers, else its place by the alphabet."""
    if all(name.isascii() and name.isdigit() and len(name) < 16 for name in ids):
        whole = {name: int(name) for name in ids}
        if len(set(whole.values())) == len(whole):
            return whole
    return {name: number for number, name in enumerate(sorted(ids))}


def _same_examples(one: FoundPredictions, examples: _Examples) -> bool:
    return dict(zip(one.ids, one.labels, strict=True)) == examples.labels


def _fingerprint(examples: _Examples) -> str:
    """SHA-256 over ids and labels."""
    pairs = sorted(examples.labels.items())
    return hashlib.sha256(dumps([list(pair) for pair in pairs]).encode()).hexdigest()


def _kept(one: FoundPredictions, examples: _Examples, classes: Sequence[str]) -> Predictions:
    """What a record keeps, in the order of numbers; probabilities only where they fit."""
    numbers = np.array([examples.numbers[name] for name in one.ids], dtype=np.int64)
    order = np.argsort(numbers)
    place = {name: number for number, name in enumerate(classes)}
    labels = np.array([place[name] for name in one.labels], dtype=np.int64)[order]
    given = np.array([place[name] for name in one.predicted], dtype=np.int64)[order]
    index = numbers[order]
    if one.probabilities is not None:
        shares = np.zeros((len(index), len(classes)))
        shares[:, [place[name] for name in one.classes]] = one.probabilities[order]
        if _likeliest(shares, given):
            return Predictions(index, labels, last=_logs(shares, given))
    return Predictions(index, labels, given=given)


def _likeliest(shares: npt.NDArray[np.float64], given: npt.NDArray[np.int64]) -> bool:
    """Whether each predicted class has the highest probability, or as high a one."""
    of_given = shares[np.arange(len(given)), given]
    return bool((of_given >= shares.max(axis=1) - ROUNDING).all())


def _logs(shares: npt.NDArray[np.float64], given: npt.NDArray[np.int64]) -> Floats:
    """Log probabilities (n, classes) whose highest is that of the predicted class."""
    sums = shares.sum(axis=1, keepdims=True)
    logs: Floats = np.log(np.maximum(shares / sums, LEAST)).astype(np.float32)
    rows = np.arange(len(given))
    logs[rows, given] = np.maximum(logs[rows, given], np.nextafter(logs.max(axis=1), np.float32(1)))
    return logs
