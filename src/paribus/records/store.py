"""One folder a run on disk: written wholly or not at all, checked by SHA-256 when read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load, save

from paribus.errors import RecordError
from paribus.io.disk import move, write_file, write_folder
from paribus.io.reading import read_inside
from paribus.records import validate as validate
from paribus.records.types import RECORD_FORMAT, Curves, Predictions, Record, RunFacts
from paribus.study.spec import Study

SUMS = "SHA256SUMS"
STUDY = "study.json"
FACTS, CURVES, PREDICTIONS = "record.json", "curves.safetensors", "predictions.safetensors"
WEIGHTS = {"last": "weights-last.safetensors", "best": "weights-best.safetensors"}

#: Bytes that a file may have, far above any that is written here.
LARGEST = {SUMS: 1 << 20, STUDY: 1 << 20, FACTS: 1 << 24, CURVES: 1 << 30, PREDICTIONS: 1 << 30}
LARGEST |= dict.fromkeys(WEIGHTS.values(), 1 << 34)

Arrays = Mapping[str, np.ndarray[Any, Any]]


def run_folder(out: Path, setting: str, seed: int) -> Path:
    """Where a run's record lies: `runs/<setting>/seed-<k>`."""
    return out / "runs" / setting / f"seed-{seed}"


def unfinished_folder(out: Path) -> Path:
    """Where the checkpoints of runs under way lie."""
    return out / "unfinished"


def checkpoint_folder(out: Path, setting: str, seed: int) -> Path:
    """Where a run's checkpoints lie while it is under way: `unfinished/<setting>/seed-<k>`."""
    return unfinished_folder(out) / setting / f"seed-{seed}"


def checkpoints(folder: Path) -> list[Path]:
    """A run's checkpoints, the latest first; the files are not looked at."""
    return sorted(folder.glob("epoch-*.*.safetensors"), key=epoch_of, reverse=True)


def epoch_of(checkpoint: Path) -> int:
    """The epoch that a checkpoint was taken after, by its name; 0 where that has none."""
    number = checkpoint.name.split(".")[0].removeprefix("epoch-")
    return int(number) if number.isdecimal() and number.isascii() else 0


def write_record(out: Path, record: Record, weights: Mapping[str, Arrays]) -> Path:
    """Write a record and its weights ("last", "best") as one folder that appears whole.

    A record that was there before is replaced.
    """
    folder = run_folder(out, record.facts.setting, record.facts.seed)
    files = {FACTS: record.facts.model_dump_json(indent=1).encode(), CURVES: _pack(record.curves)}
    if record.predictions is not None:
        files[PREDICTIONS] = _pack(record.predictions)
    files |= {WEIGHTS[when]: save(dict(arrays)) for when, arrays in weights.items()}
    files[SUMS] = "".join(
        f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in files.items()
    ).encode()
    write_folder(folder, files)
    return folder


def set_aside(out: Path, folder: Path) -> Path:
    """Move a record that can't be read out of the way; returns where it lies from now on."""
    place = out / "set-aside" / folder.parent.name
    number = 1
    while (to := place / f"{folder.name}-{number}").exists():
        number += 1
    move(folder, to)
    return to


def read_record(folder: Path) -> Record:
    """Read a record back.

    Raises:
        RecordError: if a file is missing, differs from its checksum, is of another format, or
            holds what no run leaves.
    """
    files = _checked_files(folder, FACTS, CURVES, PREDICTIONS)
    try:
        facts = RunFacts.model_validate_json(files[FACTS])
        curves = Curves(**load(files[CURVES]))
        predictions = Predictions(**load(files[PREDICTIONS])) if PREDICTIONS in files else None
    except (KeyError, TypeError, ValueError, SafetensorError) as error:
        raise RecordError(
            f"{folder}: not a record of this version ({type(error).__name__}: "
            f"{_first_line(error)}). Delete the folder to train the run again."
        ) from None
    if facts.format != RECORD_FORMAT:
        raise RecordError(
            f"{folder}: format {facts.format} came; format {RECORD_FORMAT} is expected. "
            "Use the Paribus that wrote it, or train the run again."
        )
    if (facts.status == "finished") != (predictions is not None):
        raise RecordError(f"{folder}: a {facts.status} run with predictions missing or to spare")
    record = Record(facts, curves, predictions)
    for fault in validate.faults(record):
        raise RecordError(f"{folder}: {fault}. Delete the folder to train the run again.")
    return record


def read_weights(folder: Path, when: str) -> Arrays:
    """A network's weights, "last" or "best", by the names that its module gives them.

    Raises:
        RecordError: if they are missing or differ from their checksum.
    """
    try:
        return load(_checked_files(folder, WEIGHTS[when])[WEIGHTS[when]])
    except (KeyError, SafetensorError) as error:
        raise RecordError(f"{folder}: no weights of the {when} epoch ({error})") from None


def write_study_copy(out: Path, study: Study) -> None:
    """Keep the study with its results, so that a report can be written without its file."""
    write_file(out / STUDY, study.model_dump_json(indent=1).encode())


def read_study_copy(out: Path) -> Study:
    """The study whose results lie in `out`.

    Raises:
        RecordError: if there is none, or it can't be read.
    """
    try:
        return Study.model_validate_json(_read(out, STUDY))
    except FileNotFoundError:
        raise RecordError(
            f"{out}: no {STUDY} there; a folder that `paribus run` filled is expected"
        ) from None
    except OSError as error:
        raise RecordError(f"{out / STUDY}: can't be read ({error.strerror})") from None
    except ValidationError as error:
        first = error.errors()[0]
        raise RecordError(
            f"{out / STUDY}: {'.'.join(map(str, first['loc']))}: {first['msg']}"
        ) from None
    except (ValueError, RecursionError) as error:
        raise RecordError(f"{out / STUDY}: not a study ({_first_line(error)})") from None


def _pack(arrays: Curves | Predictions) -> bytes:
    return save({k: np.ascontiguousarray(v) for k, v in asdict(arrays).items()})


def _checked_files(folder: Path, *wanted: str) -> dict[str, bytes]:
    """Those of the wanted files that the record has, each compared with its checksum."""
    try:
        lines = _read(folder, SUMS).decode().splitlines()
        sums = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
        files = {name: _read(folder, name) for name in wanted if name in sums}
    except (OSError, ValueError) as error:
        raise RecordError(f"{folder}: the record is incomplete ({error})") from None
    for name, content in files.items():
        if hashlib.sha256(content).hexdigest() != sums[name]:
            raise RecordError(f"{folder / name}: damaged, its SHA-256 differs from {SUMS}")
    return files


def _read(folder: Path, name: str) -> bytes:
    return read_inside(folder / name, folder, LARGEST[name])


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
