"""What a study may claim: a sentence, and the test that it is bound to."""

from __future__ import annotations

import difflib
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, Discriminator, Field, StringConstraints, Tag

from paribus.metrics.interventions import interventions
from paribus.study.section import Line, Section, SettingName

#: Numbers of a run that can be claimed about; `docs/statistics.md` defines each.
METRICS = (
    "test_accuracy",
    "test_loss",
    "macro_f1",
    "best_epoch",
    "best_val_loss",
    "epochs_to_loss",
    "roughness",
    "generalization_gap",
    "train_seconds",
    "background_learned",
    "background_reliance",
    "background_in_failures",
    "attribution_outside",
)
#: The accuracy that a change of the images costs, `drop:blur-6`.
DROPS = tuple(f"drop:{change.name}" for change in interventions(3))
#: Numbers of a class; `recall:dog` is that of one class.
ClassMetricName = Literal["recall", "precision", "f1"]
CLASS_FIGURES: tuple[ClassMetricName, ...] = get_args(ClassMetricName)
ClaimId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


def _ascending(bounds: tuple[float, float]) -> tuple[float, float]:
    if not bounds[0] < bounds[1]:
        raise ValueError("two numbers, the lower one first,")
    return bounds


def _distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) < len(names):
        raise ValueError("every name only once")
    return names


def class_figure(metric: str) -> tuple[ClassMetricName, str] | None:
    """Figure and class of a metric such as `recall:dog`; None of a number of a whole run."""
    figure, _, name = metric.partition(":")
    return next(((known, name) for known in CLASS_FIGURES if name and figure == known), None)


def _metric(name: str) -> str:
    if name in (*METRICS, *DROPS) or class_figure(name):
        return name
    of_class = (f"{figure}:{name.partition(':')[2]}" for figure in CLASS_FIGURES)
    close = difflib.get_close_matches(name, (*METRICS, *DROPS, *of_class), n=1)
    meant = f" (perhaps {close[0]})" if close else ""
    others = (
        f"or drop: with a change of the images, as {DROPS[0]}, "
        "or recall:, precision: or f1: with a class, as recall:dog,"
    )
    raise ValueError(f"a metric{meant} out of {', '.join(METRICS)}, {others}")


#: Class names may hold spaces, and are known only with the images (`require_testable`).
MetricName = Annotated[Line, AfterValidator(_metric)]

# Lists come from YAML and Python alike, so that strictness about tuples would only be in the way.
Bounds = Annotated[
    tuple[
        Annotated[float, Field(allow_inf_nan=False)], Annotated[float, Field(allow_inf_nan=False)]
    ],
    Field(strict=False),
    AfterValidator(_ascending),
]
Names = Annotated[tuple[Line, ...], Field(strict=False, min_length=1), AfterValidator(_distinct)]


class Direction(Section):
    """A setting against another on a metric, with the direction that is expected.

    `better` and `worse` need a metric of which one way is better; `equivalent` needs a
    margin, the study's own for test accuracy. `by`: the difference is claimed to be at least
    so large (a ratio's, as a share: 0.1 is ten per cent).
    """

    setting: SettingName
    against: SettingName
    metric: MetricName
    expect: Literal["better", "worse", "higher", "lower", "equivalent"]
    by: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    margin: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None


class DifferenceRange(Section):
    """A setting against another: the difference (for times, the ratio) lies between two numbers."""

    setting: SettingName
    against: SettingName
    metric: MetricName
    between: Bounds


class ValueRange(Section):
    """The mean of a metric over new seeds lies within a range, setting by setting."""

    metric: MetricName
    within: Annotated[dict[SettingName, Bounds], Field(min_length=1)]


class Ranking(Section):
    """Classes that are the best, or the worst, in every one of the settings named."""

    best: Names | None = None
    worst: Names | None = None
    metric: ClassMetricName
    settings: Literal["all"] | Names = "all"


class Order(Section):
    """Settings in the order of a metric, highest first."""

    order: Annotated[
        tuple[SettingName, ...], Field(strict=False, min_length=2), AfterValidator(_distinct)
    ]
    metric: MetricName


#: Which test it is, by the key that only it has.
KEYS = {
    "expect": "expect",
    "between": "between",
    "within": "within",
    "best": "best or worst",
    "worst": "best or worst",
    "order": "order",
}


def _tag(value: Any) -> str | None:
    has = value.__contains__ if isinstance(value, dict) else lambda key: hasattr(value, key)
    return next((tag for key, tag in KEYS.items() if has(key)), None)


Test = Annotated[
    Annotated[Direction, Tag("expect")]
    | Annotated[DifferenceRange, Tag("between")]
    | Annotated[ValueRange, Tag("within")]
    | Annotated[Ranking, Tag("best or worst")]
    | Annotated[Order, Tag("order")],
    Discriminator(_tag),
]


class Claim(Section):
    """A sentence, and the test that decides whether the runs support it."""

    id: ClaimId
    says: Line
    test: Test
