"""What a file of published results may say: the types behind it, checked by pydantic."""

from decimal import Decimal
from typing import Annotated, Any

import numpy as np
from pydantic import BeforeValidator, Discriminator, Field, PlainValidator, Tag

from paribus.records.types import Integers
from paribus.study.claims import Test
from paribus.study.config import Line, SettingName
from paribus.study.sections import Section

#: The rows of a classification report that are no class.
ACCURACY, AVERAGES = "accuracy", ("macro avg", "weighted avg")
#: The numbers of a report's row that are shares, in their order; its fourth is the support.
SHARES = ("precision", "recall", "f1")


class Printed(Decimal):
    """A number as it was printed: 0.30 has two digits, 0.3 has one."""

    __repr__ = Decimal.__str__

    @property
    def digits(self) -> int:
        """How many digits after the point were printed."""
        return max(0, -int(self.as_tuple().exponent))


def _share(value: Any) -> Printed:
    """A share as it was printed; 0 and 1 may come as whole numbers."""
    number = Printed(value) if type(value) is int else value
    if not isinstance(number, Printed) or not 0 <= number <= 1:
        raise ValueError("a share from 0 to 1, as 0.46")
    return number


def _spread(value: Any) -> Printed:
    if not isinstance(value, Printed) or not 0 < value < 1:
        raise ValueError("a share between 0 and 1 (0.01 is one percentage point)")
    return value


def _name(value: Any) -> Any:
    """Classes are often called by digits, which YAML takes for numbers."""
    return str(value) if type(value) is int else value


def _row(value: Any) -> Any:
    if len(value) != len(SHARES) + 1:
        raise ValueError("[precision, recall, f1, support]")
    return value


def _entry_tag(value: Any) -> str:
    return "a row" if isinstance(value, list | tuple) else "a number"


Share = Annotated[Printed, PlainValidator(_share)]
Count = Annotated[int, Field(ge=0, le=10**9)]
Name = Annotated[Line, Field(max_length=64), BeforeValidator(_name)]
ReportRow = Annotated[tuple[Share, Share, Share, Count], Field(strict=False), BeforeValidator(_row)]
Entry = Annotated[
    Annotated[Share, Tag("a number")] | Annotated[ReportRow, Tag("a row")],
    Discriminator(_entry_tag),
]
Matrix = Annotated[
    tuple[Annotated[tuple[Count, ...], Field(strict=False)], ...], Field(strict=False)
]


class PublishedSetting(Section):
    """One setting of a published report, of which one trained network is known.

    Rows of the matrix are the true class, columns the predicted one. The report is scikit-learn's:
    of each class and average precision, recall, F1 and support; of `accuracy` one number. What
    stands below it isn't checked.
    """

    confusion: Matrix
    per_class_accuracy_printed: dict[Name, Share] = Field(default_factory=dict)
    report_printed: dict[Name, Entry] = Field(default_factory=dict)
    weight_decay: Any = None
    layers: Any = None
    protocol: Any = None

    @property
    def matrix(self) -> Integers:
        """The confusion matrix (classes, classes)."""
        return np.array(self.confusion, np.int64)


class Observation(Section):
    """A sentence that the report concludes with, and the test of it, if it has one."""

    id: SettingName
    says: Line
    test: Test | None = None


class Published(Section):
    """A published report: the confusion matrix of each setting, and what is printed of it.

    The first setting is the baseline; classes are in the order of the matrices. `spread` is the
    standard deviation over seeds of the difference in accuracy of two settings, where it is known.
    """

    title: Line = ""
    classes: Annotated[tuple[Name, ...], Field(strict=False)]
    settings: dict[Name, PublishedSetting]
    spread: Annotated[Printed, PlainValidator(_spread)] | None = None
    observations: Annotated[tuple[Observation, ...], Field(strict=False)] = ()
    protocol: Any = None
