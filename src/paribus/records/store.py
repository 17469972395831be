"""One folder per run on disk: written whole or not at all, checked by SHA-256 when read."""

import fnmatch
import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any, cast

import numpy as np
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load, save

from paribus.errors import RecordError, first_line
from paribus.io.disk import move, write_folder
from paribus.io.reading import UnfitError, file_sha256, leads_out, names_in, read_inside
from paribus.io.strict_json import loads
from paribus.records import validate as validate
from paribus.records.types import RECORD_FORMAT, Axis, Curves, Predictions, Record, RunFacts, Series

#: The folder of the checkpoints of runs under way.
UNFINISHED = "unfinished"
SUMS = "SHA256SUMS"
FACTS, CURVES, PREDICTIONS = "record.json", "curves.safetensors", "predictions.safetensors"
WEIGHTS = {"last": "weights-last.safetensors", "best": "weights-best.safetensors"}

#: Bytes that a file may have, far above any that is written here.
LARGEST = {SUMS: 1 << 20, FACTS: 1 << 24, CURVES: 1 << 30, PREDICTIONS: 1 << 30}
LARGEST |= dict.fromkeys(WEIGHTS.values(), 1 << 34)

Arrays = Mapping[str, np.ndarray[Any, Any]]


def run_folder(out: Path, setting: str, seed: int) -> Path:
    """Where a run's record lies: `runs/<setting>/seed-<k>`."""
    return out / "runs" / setting / f"seed-{seed}"


def checkpoint_folder(out: Path, setting: str, seed: int) -> Path:
    """Where a run's checkpoints lie while it is under way: `unfinished/<setting>/seed-<k>`."""
    return out / UNFINISHED / setting / f"seed-{seed}"


def recorded_runs(out: Path) -> list[tuple[str, int]]:
    """The setting and seed of each run that something lies in the place of."""
    return [
        (setting, int(seed[1]))
        for setting in names_in(out / "runs")
        for name in names_in(out / "runs" / setting)
        if (seed := re.fullmatch("seed-(0|[1-9][0-9]{0,9})", name))
    ]


def checkpoints(folder: Path) -> list[Path]:
    """A run's checkpoints, the latest first; the files are not looked at."""
    names = fnmatch.filter(names_in(folder), "epoch-*.*.safetensors")
    return sorted((folder / name for name in names), key=epoch_of, reverse=True)


def epoch_of(checkpoint: Path) -> int:
    """The epoch that a checkpoint was taken after, by its name; 0 where that has none."""
    number = checkpoint.name.split(".")[0].removeprefix("epoch-")
    return int(number) if number.isdecimal() and number.isascii() else 0


def sum_of(checkpoint: Path) -> str:
    """The SHA-256 that a checkpoint's name says it has."""
    return checkpoint.name.split(".")[1]


def write_record(out: Path, record: Record, weights: Mapping[str, Arrays]) -> Path:
    """Write a record and its weights ("last", "best") as one folder that appears whole.

    A record that was there before is replaced.
    """
    folder = run_folder(out, record.facts.setting, record.facts.seed)
    files = {FACTS: record.facts.model_dump_json(indent=1).encode()}
    if record.curves.series:
        files[CURVES] = _pack(_curve_arrays(record.curves))
    if record.predictions is not None:
        files[PREDICTIONS] = _pack(vars(record.predictions))
    files |= {WEIGHTS[when]: save(dict(arrays)) for when, arrays in weights.items()}
    files[SUMS] = "".join(
        f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in files.items()
    ).encode()
    write_folder(folder, files)
    return folder


def set_aside(out: Path, folder: Path) -> Path:
    """Move a record that can't be read out of the way; returns where it lies from now on."""
    place = out / "set-aside" / folder.parent.name
    names = (place / f"{folder.name}-{number}" for number in count(1))
    to = next(path for path in names if not path.exists())
    move(folder, to)
    return to


def faults_of_files(folder: Path) -> dict[str, str]:
    """Every file of a record, weights too, with what is wrong with it; "" if nothing is.

    Raises:
        ReadError: one can't be read now.
    """
    try:
        sums = _sums(folder)
    except (UnfitError, ValueError) as error:
        return {SUMS: f"can't be read as a list of checksums ({first_line(error)})"}
    there = names_in(folder)
    faults = {name: _fault_of_file(folder / name, sums) for name in there if name != SUMS}
    lost = {name: f"missing, though {SUMS} lists it" for name in sums if name not in there}
    return {SUMS: ""} | faults | lost


def _fault_of_file(path: Path, sums: Mapping[str, str]) -> str:
    if path.name not in sums:
        return f"{SUMS} has no checksum of it"
    if leads_out(path, path.parent):
        return "a link that leads out of the folder"
    try:
        whole = file_sha256(path) == sums[path.name]
    except UnfitError as error:
        return f"can't be read ({error.strerror})"
    return "" if whole else f"damaged, its SHA-256 differs from {SUMS}"


def read_record(folder: Path) -> Record:
    """Read a record back.

    Raises:
        RecordError: if a file is missing, differs from its checksum, is of another format, or
            holds what no run leaves.
    """
    files = _checked_files(folder, FACTS, CURVES, PREDICTIONS)
    try:
        facts = RunFacts.model_validate(loads(files[FACTS]))
        curves = _curves(load(files[CURVES])) if CURVES in files else Curves()
        predictions = Predictions(**load(files[PREDICTIONS])) if PREDICTIONS in files else None
    except ValidationError as error:
        first = error.errors()[0]
        at = ".".join(map(str, first["loc"]))[:200]
        raise _refusal(folder / FACTS, f"{at}: {first['msg']}") from None
    except (KeyError, TypeError, ValueError, SafetensorError) as error:
        raise _refusal(folder, f"{type(error).__name__}: {first_line(error)}") from None
    if not 1 <= facts.format <= RECORD_FORMAT:
        raise RecordError(
            f"{folder}: expected a record of format 1 to {RECORD_FORMAT}, got format "
            f"{facts.format}. Use the Paribus that wrote it, or train the run again."
        )
    record = Record(facts, curves, predictions)
    for fault in validate.faults(record):
        raise RecordError(f"{folder}: {fault}. Delete the folder to train the run again.")
    return record


def _refusal(path: Path, why: str) -> RecordError:
    return RecordError(
        f"{path}: not a record of this version ({why}). Delete the folder to train the run again."
    )


def read_weights(folder: Path, when: str) -> Arrays:
    """A network's weights, "last" or "best", by the names that its module gives them.

    Raises:
        RecordError: if they are missing or differ from their checksum.
    """
    try:
        return load(_checked_files(folder, WEIGHTS[when])[WEIGHTS[when]])
    except (KeyError, SafetensorError) as error:
        raise RecordError(f"{folder}: no weights of the {when} epoch ({error})") from None


def metadata(content: bytes) -> dict[str, str]:
    """What a safetensors file holds beside its arrays, which its library only gives of paths."""
    header = loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    return dict(header.get("__metadata__", {}))


def _pack(arrays: Mapping[str, np.ndarray[Any, Any] | None]) -> bytes:
    return save({k: np.ascontiguousarray(v) for k, v in arrays.items() if v is not None})


def _curve_arrays(curves: Curves) -> dict[str, np.ndarray[Any, Any]]:
    """Each series as "<axis> <name>", and where its values stand unless they are 1, 2, 3, ..."""
    arrays = {}
    for name, series in curves.series.items():
        arrays[f"{series.axis} {name}"] = series.values
        if not np.array_equal(series.at, Series.counted(series.axis, series.values).at):
            arrays[f"at {name}"] = series.at
    return arrays


def _curves(arrays: Arrays) -> Curves:
    """The series of a file; in format 1 they had no axis before their names."""
    if "step_loss" in arrays:
        return Curves.of_training(**arrays)
    series = {}
    for key, values in sorted(arrays.items()):  # the file keeps no order
        axis, _, name = key.partition(" ")
        if axis in ("step", "epoch"):
            counted = Series.counted(cast(Axis, axis), values)
            series[name] = replace(counted, at=arrays.get(f"at {name}", counted.at))
    return Curves(series)


def _checked_files(folder: Path, *wanted: str) -> dict[str, bytes]:
    """Those of the wanted files that the record has, each compared with its checksum."""
    try:
        sums = _sums(folder)
        files = {name: _read(folder, name) for name in wanted if name in sums}
    except (UnfitError, ValueError) as error:
        raise RecordError(f"{folder}: the record is incomplete ({error})") from None
    for name, content in files.items():
        if hashlib.sha256(content).hexdigest() != sums[name]:
            raise RecordError(f"{folder / name}: damaged, its SHA-256 differs from {SUMS}")
    for name in wanted:
        # A damaged list of checksums must not turn a part into one that was never recorded.
        if name not in sums and name in names_in(folder):
            raise RecordError(f"{folder / name}: {SUMS} has no checksum of it")
    return files


def _sums(folder: Path) -> dict[str, str]:
    """The SHA-256 of each file by its name; raises UnfitError or ValueError."""
    lines = _read(folder, SUMS).decode().splitlines()
    return {name: digest for digest, name in (line.split("  ", 1) for line in lines)}


def _read(folder: Path, name: str) -> bytes:
    return read_inside(folder / name, folder, LARGEST[name])
