"""How many seeds a study trains from: a fixed number, or until its comparisons are decided."""

from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, field_validator

from paribus.study.section import Section

Look = Annotated[int, Field(ge=3, le=1000)]


class UntilDecided(Section):
    """Seeds are added at each look to the comparisons that are still undecided."""

    until: Literal["decided"]
    looks: Annotated[tuple[Look, ...], Field(strict=False)] = (5, 8, 12, 20)

    @field_validator("looks")
    @classmethod
    def _increasing(cls, looks: tuple[int, ...]) -> tuple[int, ...]:
        if not looks or any(a >= b for a, b in pairwise(looks)):
            raise ValueError("increasing numbers of seeds")
        return looks


def _seeds_tag(value: Any) -> str:
    return "a number" if isinstance(value, int) else "until decided"


Seeds = Annotated[
    Annotated[int, Field(ge=1, le=1000), Tag("a number")]
    | Annotated[UntilDecided, Tag("until decided")],
    Discriminator(_seeds_tag),
]
