"""The metrics of a study: those built into Paribus, and those that the study declares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Field

from paribus.metrics.metric import Compare, Metric, reported
from paribus.metrics.registry import (
    CAUSES,
    METRICS,
    OF_PREDICTIONS,
    PRIMARY,
    built_in,
    class_metric,
)
from paribus.study.config import Line
from paribus.study.faults import Fault, Location, nearest, short
from paribus.study.sections import Positive, Section

if TYPE_CHECKING:
    from paribus.study.spec import Question

#: Columns of the table of runs that are no metrics.
RESERVED = ("setting", "seed", "status", "engine", "device", "train_seconds", "message")


def _plain_name(name: str) -> str:
    if ":" in name or len(name) > 64:
        raise ValueError("a name of at most 64 characters without ':'")
    return name


MetricName = Annotated[Line, AfterValidator(_plain_name)]


class DeclaredMetric(Section):
    """A number that the study's records report, or the margin of a built-in metric.

    Attributes:
        better: which values are better; needed unless the metric is built in.
        margin: the largest difference that doesn't matter; for a ratio, as a share.
        unit: what follows a value.
        compare: how: by the mean difference, the ratio to the baseline, or ranks.
        written: how values are shown: a share of 1 as `percent` is 46.3 % and differs by points.
        label: the name in reports; by default the metric's own.
    """

    better: Literal["higher", "lower", "neither"] | None = None  # required unless built in
    margin: Positive | None = None
    unit: Annotated[str, Field(max_length=20)] = ""
    written: Literal["number", "percent"] = "number"
    compare: Compare = "difference"
    label: Line | None = None


Declared = Mapping[str, DeclaredMetric]


def study_metrics(study: Question, classes: Sequence[str]) -> dict[str, Metric]:
    """Every metric of a study by name: of whole runs, then of causes, then each class's recall.

    Of runs that something else trained, those that they report and those that follow from their
    predictions: what their curves and times mean isn't known. `classes` are empty where they
    aren't known.
    """
    own = study.is_trained_here
    built_ins = METRICS if own else {name: METRICS[name] for name in OF_PREDICTIONS}
    metrics = {**built_ins, **{name: _metric(name, of) for name, of in study.metrics.items()}}
    metrics[study.primary] = replace(metrics[study.primary], margin=study.margin)
    recalls = (class_metric("recall", name) for name in classes)
    causes = CAUSES if own else {}
    return {**metrics, **causes, **{metric.name: metric for metric in recalls}}


def _metric(name: str, declaration: DeclaredMetric) -> Metric:
    if declaration.better is None:
        assert name in METRICS, "checked with the study"
        return replace(METRICS[name], margin=declaration.margin)
    return Metric(
        name,
        declaration.label or name,
        declaration.better,
        reported(name),
        "Reported by the run.",
        compare=declaration.compare,
        unit=declaration.unit,
        written=declaration.written,
        digits=1 if "percent" in (declaration.written, _UNITS.get(declaration.unit)) else 3,
        margin=declaration.margin,
    )


_UNITS = {"%": "percent"}


def default_margin(primary: str, declared: Declared) -> float | None:
    """The margin of the primary metric if the study gives none; None if it has none either."""
    if primary in declared and declared[primary].margin is not None:
        return declared[primary].margin
    return METRICS[primary].margin if primary in METRICS else None


def names(declared: Mapping[str, Any]) -> list[str]:
    """The metrics of whole runs on which variations are compared, to list in a message."""
    built_ins = (name for name, metric in METRICS.items() if metric.compared)
    return list(dict.fromkeys([*built_ins, *declared]))


def metric_faults(study: Mapping[str, Any], *, reported: bool = False) -> Iterator[Fault]:
    """What is wrong with a study's metrics, its primary metric and that one's margin.

    `reported`: runs may report a metric under the name of a built-in one, and it is theirs then.
    """
    declared = study.get("metrics") or {}
    if not isinstance(declared, Mapping):
        return
    for name, declaration in declared.items():
        if isinstance(declaration, Mapping):
            theirs = reported and declaration.get("better") is not None
            yield from _declaration_faults(str(name), declaration, theirs)
    primary, margin = study.get("primary", PRIMARY), study.get("margin")
    if not isinstance(primary, str):
        return  # as is said where it is read
    able = [n for n in names(declared) if n not in METRICS or METRICS[n].from_record]
    if primary not in able:
        hint = nearest(primary, able)
        yield Fault(("primary",), f"no metric {primary!r} can decide{hint}")
    yield from margin_faults(("margin",), primary, margin, declared)
    declaration = declared.get(primary)
    other = declaration.get("margin") if isinstance(declaration, Mapping) else None
    if margin is not None and other is not None and margin != other:
        message = f"the margin of {primary} is declared twice, here and under metrics; keep one"
        yield Fault(("margin",), message)


def margin_faults(
    at: Location, name: str, margin: Any, declared: Mapping[str, Any]
) -> Iterator[Fault]:
    """A margin of 1 or more for a metric that is a share of 1."""
    declaration, metric = declared.get(name), built_in(name)
    if isinstance(declaration, Mapping) and declaration.get("better") is not None:
        share = declaration.get("written") == "percent" and declaration.get("compare") in _MEANS
    else:
        share = bool(metric and metric.written != "number" and metric.compare == "difference")
    if share and isinstance(margin, int | float) and margin >= 1:
        yield Fault(at, f"expected a share below 1 (0.01 is one percentage point), got {margin}")


#: How a metric is compared where differences of its means are.
_MEANS = (None, "difference")


def _declaration_faults(name: str, declaration: Mapping[str, Any], theirs: bool) -> Iterator[Fault]:
    at = ("metrics", name)
    if built_in(name) and not theirs:
        for key, value in declaration.items():
            if key in _DEFAULTS and key != "margin" and value != _DEFAULTS[key]:
                message = f"{name} is built in, so only its margin can be declared; remove {key}"
                yield Fault((*at, str(key)), message, key=True)
        yield from margin_faults((*at, "margin"), name, declaration.get("margin"), {})
    elif name in RESERVED:
        message = f"{name!r} is a column of the table of runs; choose another name"
        yield Fault(at, message, key=True)
    elif declaration.get("better") is None:
        message = f"expected better: higher, lower or neither, got {short(dict(declaration))}"
        yield Fault(at, message, key=True)
    else:
        margin = declaration.get("margin")
        yield from margin_faults((*at, "margin"), name, margin, {name: declaration})


_DEFAULTS = {name: field.default for name, field in DeclaredMetric.model_fields.items()}
