"""The bounds of what a record says: a stranger may have written it."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field

#: Of anything that is counted, and of seconds.
MOST = 1_000_000_000
#: A confusion matrix has the square of so many cells.
MOST_CLASSES = 1_000
#: Of a reported number; powers of it are still numbers.
LARGEST = 1e60

Count = Annotated[int, Field(ge=0, le=MOST)]
#: Folders of runs are called by their seeds; generators take any of 32 bits.
LARGEST_SEED = 9_999_999_999
Seed = Annotated[int, Field(ge=0, le=LARGEST_SEED)]
Ordinal = Annotated[int, Field(ge=1, le=MOST)]
Seconds = Annotated[float, Field(ge=0, le=MOST)]
Share = Annotated[float, Field(ge=0, le=1)]
Bytes = Annotated[int, Field(ge=0, le=1 << 50)]
Operations = Annotated[int, Field(ge=0, le=1 << 60)]
Reported = Annotated[float, Field(ge=-LARGEST, le=LARGEST)]
#: Characters of a text: all of them may be shown.
LONGEST = 10_000
Text = Annotated[str, Field(max_length=LONGEST)]
ClassName = Annotated[str, Field(min_length=1, max_length=LONGEST)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


def _moment(text: str) -> str:
    if text:
        datetime.fromisoformat(text)  # raises ValueError, which says what is wrong
    return text


#: ISO 8601, UTC; "" where unknown.
Moment = Annotated[str, Field(max_length=40), AfterValidator(_moment)]
