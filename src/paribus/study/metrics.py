"""The metrics of a study: those that Paribus knows, and those that the study declares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from paribus.metrics.metric import Compare, Metric, reported
from paribus.metrics.registry import CAUSES, METRICS, built_in, class_metric
from paribus.study.faults import Fault, nearest
from paribus.study.section import Line, Positive, Section

#: Columns of the table of runs that are no metrics.
RESERVED = ("setting", "seed", "status", "engine", "train_seconds", "message")


def _plain_name(name: str) -> str:
    if ":" in name or len(name) > 64:
        raise ValueError("a name of at most 64 characters without ':'")
    return name


MetricName = Annotated[Line, AfterValidator(_plain_name)]


class DeclaredMetric(Section):
    """A number that the study's records report, or the margin of a built-in metric.

    Attributes:
        better: which way is better; every metric of the study's own needs it.
        margin: the largest difference that doesn't matter; for a ratio, as a share.
        unit: what follows a value.
        compare: by the mean difference, the ratio to the baseline, or ranks.
        label: for readers; the name by default.
    """

    better: Literal["higher", "lower", "neither"] | None = None
    margin: Positive | None = None
    unit: Annotated[str, Field(max_length=20)] = ""
    compare: Compare = "difference"
    label: Line | None = None


Declared = Mapping[str, DeclaredMetric]


def study_metrics(
    declared: Declared, primary: str, margin: float | None, classes: Sequence[str]
) -> dict[str, Metric]:
    """Every metric of a study by name: of whole runs, then of causes, then each class's recall.

    Args:
        declared: the study's `metrics`.
        margin: of the primary metric.
        classes: names of the classes; none where they aren't known.
    """
    metrics = {**METRICS, **{name: _metric(name, of) for name, of in declared.items()}}
    metrics[primary] = replace(metrics[primary], margin=margin)
    recalls = (class_metric("recall", name) for name in classes)
    return {**metrics, **CAUSES, **{metric.name: metric for metric in recalls}}


def default_margin(primary: str, declared: Declared) -> float | None:
    """The margin of the primary metric where the study doesn't say; None where nothing does."""
    if primary in declared and declared[primary].margin is not None:
        return declared[primary].margin
    return METRICS[primary].margin if primary in METRICS else None


def is_known(name: str, declared: Mapping[str, Any]) -> bool:
    """Whether a claim may be about a metric of this name."""
    return name in declared or built_in(name) is not None


def names(declared: Mapping[str, Any]) -> list[str]:
    """The metrics of whole runs that can be compared, to name in a message."""
    return [*(name for name, metric in METRICS.items() if metric.compared), *declared]


def metric_faults(study: Mapping[str, Any]) -> list[Fault]:
    """What is wrong with a study's metrics, its primary metric and the margin of that."""
    declared = study.get("metrics") or {}
    if not isinstance(declared, Mapping):
        return []
    found = [fault for name, of in declared.items() for fault in _declared_faults(str(name), of)]
    primary = study.get("primary", "test_accuracy")
    allowed = [n for n in names(declared) if n not in METRICS or METRICS[n].from_record]
    if primary not in allowed:
        found.append(
            Fault(("primary",), f"no metric {primary!r} can decide{nearest(str(primary), allowed)}")
        )
    own = declared.get(primary)
    margins = (study.get("margin"), own.get("margin") if isinstance(own, Mapping) else None)
    if None not in margins and margins[0] != margins[1]:
        message = f"the margin of {primary} is declared twice, here and under metrics; keep one"
        found.append(Fault(("margin",), message))
    return found


def _declared_faults(name: str, of: Any) -> list[Fault]:
    at = ("metrics", name)
    if not isinstance(of, Mapping):
        return []
    if built_in(name):
        more = [key for key in of if key != "margin" and of[key] != _DEFAULTS.get(key)]
        message = f"{name} is built in; only its margin can be declared"
        return [Fault((*at, str(key)), message, key=True) for key in more]
    if name in RESERVED:
        return [
            Fault(at, f"{name!r} is a column of the table of runs; choose another name", key=True)
        ]
    if of.get("better") is None:
        return [Fault(at, "expected better: higher, lower or neither", key=True)]
    return []


_DEFAULTS = {name: field.default for name, field in DeclaredMetric.model_fields.items()}


def _metric(name: str, of: DeclaredMetric) -> Metric:
    if name in METRICS:
        return replace(METRICS[name], margin=of.margin)
    assert of.better is not None, "checked with the study"
    return Metric(
        name,
        of.label or name,
        of.better,
        reported(name),
        "Reported by the run.",
        compare=of.compare,
        unit=of.unit,
        margin=of.margin,
    )
