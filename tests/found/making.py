"""Found runs as readers give them, made by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from paribus.sources.run import FoundPredictions, FoundRun, Points, Status, Value
from paribus.study.found import Declared


def found(
    name: str,
    config: Mapping[str, Value] | None = None,
    *,
    status: Status = "finished",
    group: str = "",
    title: str = "",
    setting: str | None = None,
    seed: int | None = None,
    predictions: FoundPredictions | None = None,
    metrics: Mapping[str, float | Sequence[float]] | None = None,
    **more: float | Sequence[float],
) -> FoundRun:
    """A run; a metric is one value, or a curve over steps 1, 2, ...

    Metrics are those of `metrics` and `more`, in whose names two underscores are a slash.
    """
    every = {**(metrics or {}), **{key.replace("__", "/"): values for key, values in more.items()}}
    return FoundRun(
        name=name,
        title=title,
        group=group,
        status=status,
        config=config or {},
        metrics={key: logged(values) for key, values in every.items()},
        setting=setting,
        seed=seed,
        predictions=predictions,
    )


def logged(values: float | Sequence[float]) -> Points:
    """One value, or a curve over steps 1, 2, ..."""
    many = np.atleast_1d(np.asarray(values, float))
    at = np.zeros(1) if np.ndim(values) == 0 else np.arange(1, len(many) + 1, dtype=float)
    return Points(at, many)


def sweep(
    key: str = "mixup", values: Sequence[Value] = (0.0, 0.2), seeds: Sequence[int] = range(4)
) -> list[FoundRun]:
    """Runs of each value from each seed; accuracy follows both."""
    return [
        found(
            f"run-{n}-{seed}",
            {key: value, "lr": 0.1, "seed": seed, "run_dir": f"/runs/{n}/{seed}"},
            test_acc=0.8 + 0.01 * n + 0.001 * seed * (n + 1),
        )
        for n, value in enumerate(values)
        for seed in seeds
    ]


def declared(**values: Any) -> Declared:
    """What is declared; keys of `compare` and of the study side by side."""
    of_compare = {"runs", "pattern", "seed", "settings", "ignore", "at", "repeated"}
    compare = {key: values.pop(key) for key in [*values] if key in of_compare}
    return Declared.model_validate({"compare": compare, **values})


def predicted(
    labels: Sequence[str], answers: Sequence[str], ids: Sequence[str] | None = None, **more: Any
) -> FoundPredictions:
    """Predictions for examples 0, 1, 2, ... of as many classes as there are."""
    return FoundPredictions(
        ids=tuple(ids or map(str, range(len(labels)))),
        labels=tuple(labels),
        predicted=tuple(answers),
        classes=more.pop("classes", tuple(sorted({*labels, *answers}))),
        **more,
    )
