"""What all parts of a study share: unknown keys are refused, names stay plain."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

#: Settings name folders and chart legends.
SETTING_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
SettingName = Annotated[str, StringConstraints(pattern=SETTING_NAME)]


class Section(BaseModel):
    """A part of a study: unknown keys and values of another type are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _one_line(text: str) -> str:
    if not text.strip() or re.search(r"[\x00-\x1f\x7f]", text):
        raise ValueError("a line of text")
    return text


#: A sentence for readers.
Line = Annotated[str, Field(max_length=300), AfterValidator(_one_line)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Whole = Annotated[int, Field(ge=1)]
