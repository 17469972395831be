"""How many seeds a study trains from: a number, or so many as it takes to decide."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, field_validator

from paribus.study.section import Section


class UntilDecided(Section):
    """Seeds are added at each look to the comparisons that are still undecided."""

    until: Literal["decided"]
    looks: Annotated[tuple[Annotated[int, Field(ge=3, le=1000)], ...], Field(strict=False)] = (
        5,
        8,
        12,
        20,
    )

    @field_validator("looks")
    @classmethod
    def _increasing(cls, looks: tuple[int, ...]) -> tuple[int, ...]:
        if len(looks) < 1 or any(a >= b for a, b in pairwise(looks)):
            raise ValueError("increasing numbers of seeds")
        return looks


def _seeds_tag(value: Any) -> str:
    return "a number" if isinstance(value, int) else "until decided"


Seeds = Annotated[
    Annotated[int, Field(ge=1, le=1000), Tag("a number")]
    | Annotated[UntilDecided, Tag("until decided")],
    Discriminator(_seeds_tag),
]
