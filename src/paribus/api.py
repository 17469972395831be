"""`paribus.run` and `paribus.compare`: from a script or a notebook, with their progress shown."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Literal

import pandas as pd

from paribus import pipeline
from paribus.cli.screen import Screen
from paribus.errors import RunsFailedError
from paribus.events import Watch
from paribus.found.declared import declaration, declared_of
from paribus.results import Results
from paribus.scripts.function import made_by
from paribus.sources.run import FoundRun
from paribus.sources.tables import runs_of_frame
from paribus.study.found import Declared
from paribus.study.read import read_declared
from paribus.study.scripted import ScriptedStudy
from paribus.study.spec import Study


def run(
    study: Study | ScriptedStudy,
    out: Path | str,
    *,
    train: Callable[..., object] | None = None,
    data_dir: Path | str | None = None,
    jobs: int | None = None,
    on: str | None = None,
    per_device: int = 1,
    other_machine: bool = False,
    into: bool = False,
    watch: Watch | None = None,
) -> Results:
    """Train every run that has no record yet, evaluate it, and write the report.

    Runs that were interrupted resume from their last checkpoint.

    Args:
        out: where results go; what an earlier call left there is used.
        train: a function that makes a run of a study with `parameters`: it is called with `seed`,
            `out` and every parameter by name, in a process of its own, and gives back a dict of
            metrics or a `paribus.Outcome`.
        data_dir: where STL-10's official files lie, if not in Paribus's cache.
        jobs: worker processes; one per core by default, or `per_device` on each GPU.
        on: where the runs are made: "local", "slurm", "ray" or "ray://ADDRESS"; by default where
            the user's `paribus.toml` says, else on this machine.
        per_device: runs at once on each GPU of this machine, which share its memory.
        other_machine: resume even runs that were begun under another torch, engine, processor
            type or number of threads, where the last bits differ; the report says so.
        into: write even into a folder that holds other files.
        watch: is told each event, instead of the screen that shows progress by default, on
            standard error or in the notebook.

    Raises:
        RunsFailedError: no run finished; the report is written all the same.
        ParibusError: as `paribus.pipeline.run` lists them.
    """
    if watch is None:
        with Screen() as screen:
            return run(
                study, out, train=train, data_dir=data_dir, jobs=jobs, on=on,
                per_device=per_device, other_machine=other_machine, into=into, watch=screen.show,
            )  # fmt: skip
    if train is not None:
        study = made_by(train, study)
    results = pipeline.run(
        study,
        out,
        function=train,
        on=on,
        data_dir=Path(data_dir) if data_dir else None,
        jobs=jobs,
        per_device=per_device,
        other_machine=other_machine,
        into=into,
        watch=watch,
    )
    if not any(record.finished for record in results.records):
        raise RunsFailedError(study.name, results.unfinished, str(results.report))
    return results


def compare(
    runs: pd.DataFrame | Path | str | Iterable[Path | str] = (),
    out: Path | str | None = None,
    *,
    metric: str | None = None,
    better: Literal["higher", "lower"] | None = None,
    margin: float | None = None,
    baseline: str | None = None,
    seed: str | None = None,
    pattern: str | None = None,
    at: str | int | None = None,
    ignore: Iterable[str] | str = (),
    repeated: Literal["last", "mean"] | None = None,
    predictions: str | None = None,
    images: str | None = None,
    study: Path | str | None = None,
    into: bool = False,
    watch: Watch | None = None,
) -> Results:
    """Compare runs that are there already, whatever trained them, and write the report.

    Examples:
        >>> frame = pandas.read_csv("runs.csv")
        >>> paribus.compare(frame, metric="accuracy", baseline="lr=0.1")

    Args:
        runs: a frame with a row per run or per value, or files and folders of runs.
        out: where results go; by default `out/<name of the first path>`, or `out/frame-...` after
            what is in the frame.
        metric: the one that decides; needed where there are several.
        better: whether higher or lower values are; known for well-known metrics.
        margin: the largest difference that doesn't matter, in the metric's unit.
        baseline: the name of a setting, or "KEY=VALUE,...".
        seed: the key that is the seed; "none": the runs have no seeds.
        pattern: reads setting and seed from names, "{setting}_seed{seed}".
        at: the value that counts: "last", "best:METRIC", or a step or epoch.
        ignore: keys that make no setting.
        repeated: of runs with the same setting and seed, the last one, or their mean.
        predictions: predictions for the test set, one file, or one a run by a pattern.
        images: the folder in which the predictions' paths of images lie.
        study: a study file with `compare`, which declares the same, and claims.
        into: write even into a folder that holds other files.
        watch: is told what was found, instead of the screen.

    Raises:
        UnsettledError: something can't be known; says what would settle it.
        ParibusError: as `paribus.pipeline.compare` lists them.
    """
    if watch is None:
        with Screen() as screen:
            return compare(
                runs, out, metric=metric, better=better, margin=margin, baseline=baseline,
                seed=seed, pattern=pattern, at=at, ignore=ignore, repeated=repeated,
                predictions=predictions, images=images, study=study, into=into, watch=screen.show,
            )  # fmt: skip
    paths, found = _runs(runs)
    ignored = ignore if isinstance(ignore, str) else list(ignore)
    values = declaration(
        paths, metric=metric, better=better, margin=margin, baseline=baseline, seed=seed,
        pattern=pattern, at=at, ignore=ignored, repeated=repeated, predictions=predictions,
        images=images,
    )  # fmt: skip
    declared = declared_of(values) if study is None else read_declared(study, values)
    place = Path("out") / _title(runs, declared, study) if out is None else out
    return pipeline.compare(declared, place, runs=found, into=into, watch=watch)


def _title(
    runs: pd.DataFrame | Path | str | Iterable[Path | str],
    declared: Declared,
    study: Path | str | None,
) -> str:
    """The folder of results below `out`: a frame's is called by what is in it."""
    if isinstance(runs, pd.DataFrame) and study is None:
        content = repr([[*runs.columns], runs.index.tolist(), runs.to_numpy().tolist()])
        return (
            f"frame-{hashlib.sha256(content.encode('utf-8', 'backslashreplace')).hexdigest()[:6]}"
        )
    return Path(study or next(iter(declared.compare.runs), "frame")).resolve().stem


def _runs(
    runs: pd.DataFrame | Path | str | Iterable[Path | str],
) -> tuple[list[str], list[FoundRun] | None]:
    """Paths as text, or the runs of a frame."""
    if isinstance(runs, Path | str):
        return [str(runs)], None
    if isinstance(runs, pd.DataFrame):
        named = [name for name in runs.index.names if name is not None and name not in runs]
        return [], runs_of_frame(runs.reset_index(named) if named else runs)
    if isinstance(runs, Mapping):
        raise TypeError("expected a frame, a path, or paths of runs, got a mapping")
    return [str(path) for path in runs], None
