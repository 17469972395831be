"""What a study may claim: a sentence, and the test that it is bound to."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Discriminator, Field, StringConstraints, Tag

from paribus.metrics.registry import ClassFigure
from paribus.study.section import Line, Section, SettingName

ClaimId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


def _ascending(bounds: tuple[float, float]) -> tuple[float, float]:
    if not bounds[0] < bounds[1]:
        raise ValueError("two numbers, the lower one first,")
    return bounds


def _distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) < len(names):
        raise ValueError("every name only once")
    return names


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
    metric: Line
    expect: Literal["better", "worse", "higher", "lower", "equivalent"]
    by: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    margin: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None


class DifferenceRange(Section):
    """A setting against another: the difference (for times, the ratio) lies between two numbers."""

    setting: SettingName
    against: SettingName
    metric: Line
    between: Bounds


class ValueRange(Section):
    """The mean of a metric over new seeds lies within a range, setting by setting."""

    metric: Line
    within: Annotated[dict[SettingName, Bounds], Field(min_length=1)]


class Ranking(Section):
    """Classes that are the best, or the worst, in every one of the settings named."""

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
