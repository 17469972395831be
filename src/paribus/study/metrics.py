"""The metrics of a study: those built into Paribus, and those that the study declares."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from paribus.metrics.metric import Compare, Metric, reported
from paribus.metrics.registry import CAUSES, METRICS, PRIMARY, built_in, class_metric
from paribus.study.config import Line, Positive, Section
from paribus.study.faults import Fault, Location, nearest, short

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
        margin: the largest difference that doesn't matter; for a ratio, as a share.
        compare: by the mean difference, the ratio to the baseline, or ranks.
        label: for readers; the name by default.
    """

    better: Literal["higher", "lower", "neither"] | None = None  # required unless built in
    margin: Positive | None = None
    unit: Annotated[str, Field(max_length=20)] = ""
    compare: Compare = "difference"
    label: Line | None = None


Declared = Mapping[str, DeclaredMetric]


def study_metrics(
    declared: Declared, primary: str, margin: float | None, classes: Sequence[str]
) -> dict[str, Metric]:
    """Every metric of a study by name: of whole runs, then of causes, then each class's recall.

    `margin` is the primary metric's; `classes` are empty where they aren't known.
    """
    metrics = {**METRICS, **{name: _metric(name, of) for name, of in declared.items()}}
    metrics[primary] = replace(metrics[primary], margin=margin)
    recalls = (class_metric("recall", name) for name in classes)
    return {**metrics, **CAUSES, **{metric.name: metric for metric in recalls}}


def _metric(name: str, declaration: DeclaredMetric) -> Metric:
    if name in METRICS:
        return replace(METRICS[name], margin=declaration.margin)
    assert declaration.better is not None, "checked with the study"
    return Metric(
        name,
        declaration.label or name,
        declaration.better,
        reported(name),
        "Reported by the run.",
        compare=declaration.compare,
        unit=declaration.unit,
        margin=declaration.margin,
    )


def default_margin(primary: str, declared: Declared) -> float | None:
    """The margin of the primary metric if the study gives none; None if it has none either."""
    if primary in declared and declared[primary].margin is not None:
        return declared[primary].margin
    return METRICS[primary].margin if primary in METRICS else None


def names(declared: Mapping[str, Any]) -> list[str]:
    """The metrics of whole runs on which variations are compared, to list in a message."""
    built_ins = (name for name, metric in METRICS.items() if metric.compared)
    return list(dict.fromkeys([*built_ins, *declared]))


def metric_faults(study: Mapping[str, Any]) -> Iterator[Fault]:
    """What is wrong with a study's metrics, its primary metric and that one's margin."""
    declared = study.get("metrics") or {}
    if not isinstance(declared, Mapping):
        return
    for name, declaration in declared.items():
        if isinstance(declaration, Mapping):
            yield from _declaration_faults(str(name), declaration)
    primary, margin = study.get("primary", PRIMARY), study.get("margin")
    if not isinstance(primary, str):
        return  # as is said where it is read
    able = [n for n in names(declared) if n not in METRICS or METRICS[n].from_record]
    if primary not in able:
        hint = nearest(primary, able)
        yield Fault(("primary",), f"no metric {primary!r} can decide{hint}")
    yield from margin_faults(("margin",), primary, margin)
    declaration = declared.get(primary)
    other = declaration.get("margin") if isinstance(declaration, Mapping) else None
    if margin is not None and other is not None and margin != other:
        message = f"the margin of {primary} is declared twice, here and under metrics; keep one"
        yield Fault(("margin",), message)


def margin_faults(at: Location, name: str, margin: Any) -> Iterator[Fault]:
    """A margin of 1 or more for a metric that is a share of 1."""
    metric = built_in(name)
    share = metric and metric.written != "number" and metric.compare == "difference"
    if share and isinstance(margin, int | float) and margin >= 1:
        yield Fault(at, f"expected a share below 1 (0.01 is one percentage point), got {margin}")


def _declaration_faults(name: str, declaration: Mapping[str, Any]) -> Iterator[Fault]:
    at = ("metrics", name)
    if built_in(name):
        for key, value in declaration.items():
            if key in _DEFAULTS and key != "margin" and value != _DEFAULTS[key]:
                message = f"{name} is built in, so only its margin can be declared; remove {key}"
                yield Fault((*at, str(key)), message, key=True)
        yield from margin_faults((*at, "margin"), name, declaration.get("margin"))
    elif name in RESERVED:
        message = f"{name!r} is a column of the table of runs; choose another name"
        yield Fault(at, message, key=True)
    elif declaration.get("better") is None:
        message = f"expected better: higher, lower or neither, got {short(dict(declaration))}"
        yield Fault(at, message, key=True)


_DEFAULTS = {name: field.default for name, field in DeclaredMetric.model_fields.items()}
