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


Setting = Annotated[SettingName, Field(description="The setting that the claim is about.")]
Against = Annotated[SettingName, Field(description="The setting that it is compared with.")]
OfMetric = Annotated[Line, Field(description="The metric.")]


class Direction(Section):
    """A setting against another on a metric, with the direction that is expected.

    `better`, `worse`, `not_worse` and `not_better` need a metric with a better direction;
    `equivalent`, `not_worse` and `not_better` need a margin, here or declared for the metric.

    Attributes:
        expect: which direction is claimed.
        by: the smallest difference claimed (of a ratio, as a share: 0.1 is ten percent).
        margin: the largest difference that doesn't matter, where the metric has none of its own.
    """

    setting: Setting
    against: Against
    metric: OfMetric
    expect: Literal["better", "worse", "higher", "lower", "equivalent", "not_worse", "not_better"]
    by: Positive | None = None
    margin: Positive | None = None


class DifferenceRange(Section):
    """A setting against another: the difference (or ratio) is between two numbers.

    Attributes:
        between: the range that is claimed, the lower end first.
    """

    setting: Setting
    against: Against
    metric: OfMetric
    between: Bounds


class ValueRange(Section):
    """The mean of a metric over all seeds is within a range, for each setting.

    Attributes:
        within: setting -> its range, the lower end first.
    """

    metric: OfMetric
    within: Annotated[dict[SettingName, Bounds], Field(min_length=1)]


class Ranking(Section):
    """Classes that are the best, or the worst, in each of the settings.

    Attributes:
        best: the classes that are claimed to be the best.
        worst: those that are claimed to be the worst; `best` or `worst`, one of them.
        metric: by which metric of a class.
        settings: the settings in which they are.
    """

    best: Names | None = None
    worst: Names | None = None
    metric: ClassFigure
    settings: Literal["all"] | Names = "all"


class Order(Section):
    """Settings in the order of a metric, highest first.

    Attributes:
        order: the names of the settings.
    """

    order: Annotated[
        tuple[SettingName, ...], Field(strict=False, min_length=2), AfterValidator(_distinct)
    ]
    metric: OfMetric


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
    """A sentence, and the test that decides whether the runs support it.

    Attributes:
        id: a short name, for tables and the screen.
        says: the sentence.
        test: what decides whether it is supported.
    """

    id: SettingName
    says: Line
    test: Test
