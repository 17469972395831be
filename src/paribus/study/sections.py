"""What the sections of a study file are made of: strict types and bounded numbers."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from paribus.records.bounds import LARGEST


class Section(BaseModel):
    """A part of a study: unknown keys and values of another type are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


Positive = Annotated[float, Field(gt=0, le=LARGEST, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, le=LARGEST, allow_inf_nan=False)]
#: A share of a whole that is never all of it.
Share = Annotated[float, Field(ge=0, lt=1)]
#: The largest count; a larger number would only fail later, or never end.
MOST = 1_000_000_000
Whole = Annotated[int, Field(ge=1, le=MOST)]


def short_for(default: str | None = None, key: str = "kind") -> BeforeValidator:
    """Read `network: lenet5` as `network: {kind: lenet5}`, and fill in the default `kind`."""

    def fill(value: Any) -> Any:
        if isinstance(value, str):
            return {key: value}
        if isinstance(value, dict) and default is not None:
            return {key: default, **value}
        return value

    return BeforeValidator(fill)
