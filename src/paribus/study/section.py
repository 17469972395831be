"""What all parts of a study share: strict types, plain names, bounded numbers."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

#: Settings name folders and chart legends.
SETTING_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
SettingName = Annotated[str, StringConstraints(pattern=SETTING_NAME)]


class Section(BaseModel):
    """A part of a study: unknown keys and values of another type are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _one_line(text: str) -> str:
    # No control characters, lone surrogates, or line and paragraph separators.
    if not text.strip() or {"Cc", "Cs", "Zl", "Zp"} & set(map(unicodedata.category, text)):
        raise ValueError("a line of text")
    return text


#: A line of text for readers.
Line = Annotated[str, Field(max_length=300), AfterValidator(_one_line)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
#: The largest count; a larger number would only fail later, or never end.
MOST = 1_000_000_000
Whole = Annotated[int, Field(ge=1, le=MOST)]
