"""What a study may claim: a sentence, and the test that it is bound to."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag

from paribus.metrics.registry import ClassFigure
from paribus.records.bounds import LARGEST
from paribus.study.config import Line, SettingName
from paribus.study.sections import Positive, Section


def _ascending(bounds: tuple[float, float]) -> tuple[float, float]:
    if not bounds[0] < bounds[1]:
        raise ValueError("two numbers, the lower first")
    return bounds


def _distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) < len(names):
        raise ValueError("each name once")
    return names


Number = Annotated[float, Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]
# Not strict: YAML and Python give lists where these are tuples.
Bounds = Annotated[tuple[Number, Number], Field(strict=False), AfterValidator(_ascending)]
Names = Annotated[tuple[Line, ...], Field(strict=False, min_length=1), AfterValidator(_distinct)]


class Direction(Section):
    """A setting against another on a metric, with the direction that is expected.

    `better`, `worse`, `not_worse` and `not_better` need a metric with a better direction;
    `equivalent`, `not_worse` and `not_better` need a margin, here or declared for the metric.
    `by`: the smallest difference claimed (of a ratio, as a share: 0.1 is ten percent).
    """

    setting: SettingName
    against: SettingName
    metric: Line
    expect: Literal["better", "worse", "higher", "lower", "equivalent", "not_worse", "not_better"]
    by: Positive | None = None
    margin: Positive | None = None


class DifferenceRange(Section):
    """A setting against another: the difference (or ratio) is between two numbers."""

    setting: SettingName
    against: SettingName
    metric: Line
    between: Bounds


class ValueRange(Section):
    """The mean of a metric over all seeds is within a range, for each setting."""

    metric: Line
    within: Annotated[dict[SettingName, Bounds], Field(min_length=1)]


class Ranking(Section):
    """Classes that are the best, or the worst, in each of the settings."""

    best: Names | None = None
    worst: Names | None = None
    metric: ClassFigure
    settings: Literal["all"] | Names = "all"


class Order(Section):
    """Settings in the order of a metric, highest first."""

    order: Annotated[
        tuple[SettingName, ...], Field(strict=False, min_length=2), AfterValidator(_distinct)
    ]
    metric: Line


def _tag(value: Any) -> str | None:
    """Which test it is, by the key that only it has."""
    has = value.__contains__ if isinstance(value, dict) else lambda key: hasattr(value, key)
    if has("best") or has("worst"):
        return "best or worst"
    return next((key for key in ("expect", "between", "within", "order") if has(key)), None)


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

    id: SettingName
    says: Line
    test: Test
