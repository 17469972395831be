"""What was learnt of a run's network after its training: kept beside the record, never in it.

An analysis can always be made again from the record's weights and the images. So a file that
is missing, damaged or of another network counts as none, and is made again; so does one that a
stranger made up and that can't be of the run.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from paribus.io.disk import write_file
from paribus.io.reading import UnfitError, read_inside
from paribus.records import validate
from paribus.records.store import Arrays, metadata
from paribus.records.types import Explanations, Interventions, Record

#: Raised when a change makes the same network's analysis come out otherwise.
ANALYSIS_FORMAT = 1

#: Bytes that a file may have, far above any that is written here.
LARGEST = 1 << 28

INTERVENTIONS, EXPLANATIONS = "interventions", "explanations"
_PREDICTED = "predicted "


def write_interventions(out: Path, record: Record, interventions: Interventions) -> None:
    """Keep what a run's network says of changed images."""
    predicted = {f"{_PREDICTED}{name}": of for name, of in interventions.predicted.items()}
    _write(out, record, INTERVENTIONS, {"outside": interventions.outside, **predicted})


def read_interventions(out: Path, record: Record) -> Interventions | None:
    """What was kept of this very network; None where there is nothing good."""
    arrays = _read(out, record, INTERVENTIONS)
    if arrays is None or "outside" not in arrays:
        return None
    predicted = {
        current_name(name.removeprefix(_PREDICTED)): classes
        for name, classes in arrays.items()
        if name.startswith(_PREDICTED)
    }
    interventions = Interventions(predicted, arrays["outside"])
    return interventions if validate.interventions_fit(record.facts, interventions) else None


def write_explanations(out: Path, record: Record, explanations: Explanations) -> None:
    """Keep why a run's network answers as it does."""
    _write(out, record, EXPLANATIONS, vars(explanations))


def read_explanations(out: Path, record: Record) -> Explanations | None:
    """What was kept of this very network; None where there is nothing good."""
    arrays = _read(out, record, EXPLANATIONS) or {}
    if "pictures" in arrays:  # as format 1 calls it
        arrays["images"] = arrays.pop("pictures")
    if arrays.keys() != {field.name for field in fields(Explanations)}:
        return None
    explanations = Explanations(**arrays)
    return explanations if validate.explanations_fit(record.facts, explanations) else None


def read_all_interventions(
    out: Path, records: Sequence[Record]
) -> dict[tuple[str, int], Interventions]:
    """What is kept, by setting and seed."""
    by_run = {record.key: read_interventions(out, record) for record in records}
    return {key: kept for key, kept in by_run.items() if kept is not None}


def current_name(name: str) -> str:
    """An intervention's name today; format 1 spelled some of them in another way."""
    return {"grey": "gray"}.get(name, name.replace("centre-", "center-"))


def analysis_file(out: Path, setting: str, seed: int, kind: str) -> Path:
    """Where an analysis of a run's network lies: `analysis/<setting>/seed-<k>/<kind>...`."""
    return analysis_folder(out, setting, seed) / f"{kind}.safetensors"


def analysis_folder(out: Path, setting: str, seed: int) -> Path:
    """Where all that was found out of a run's network lies: `analysis/<setting>/seed-<k>`."""
    return out / "analysis" / setting / f"seed-{seed}"


def _network(record: Record) -> str:
    """Names the one trained network that an analysis is of, by all that it answered."""
    assert record.predictions is not None, "a failed run has no network to analyze"
    answers = np.ascontiguousarray(record.predictions.last).tobytes()
    parts = f"{ANALYSIS_FORMAT} {record.facts.digest} ".encode() + answers
    return hashlib.sha256(parts).hexdigest()


def _write(out: Path, record: Record, kind: str, arrays: Arrays) -> None:
    # int64 class numbers would make a file four times as large as it needs to be.
    packed = {name: np.ascontiguousarray(_narrowed(array)) for name, array in arrays.items()}
    # One entry, for safetensors writes several in any order, and equal analyses are equal files.
    seal = {"seal": f"{_network(record)} {_sha256(packed)}"}
    write_file(analysis_file(out, *record.key, kind), save(packed, metadata=seal))


def _read(out: Path, record: Record, kind: str) -> dict[str, np.ndarray[Any, Any]] | None:
    if record.predictions is None:
        return None
    try:
        content = read_inside(analysis_file(out, *record.key, kind), out, LARGEST)
        arrays = load(content)
    except (UnfitError, SafetensorError, KeyError, TypeError, ValueError):
        return None
    network, _, sha256 = metadata(content).get("seal", "").partition(" ")
    if network != _network(record) or sha256 != _sha256(arrays):
        return None
    return {name: _widened(array) for name, array in arrays.items()}


def _sha256(arrays: Mapping[str, np.ndarray[Any, Any]]) -> str:
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype} {array.shape} ".encode() + array.tobytes())
    return digest.hexdigest()


def _narrowed(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    if array.dtype.kind == "f":
        return array.astype(np.float16 if array.ndim == 3 else np.float32)  # maps are for the eye
    small = array.size == 0 or (array.min() >= 0 and array.max() < 256)
    return array.astype(np.uint8 if small else np.int32)


def _widened(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return array.astype(np.float32 if array.dtype.kind == "f" else np.int64)
