"""A file of published results becomes a Published, or a list of everything wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml.representer import RoundTripRepresenter
from ruamel.yaml.scalarfloat import ScalarFloat

from paribus.audit.shape import shape_faults
from paribus.audit.spec import Observation, Printed, Published, PublishedSetting
from paribus.errors import StudyError
from paribus.study.check import CLAIM_TESTS
from paribus.study.faults import Fault, Location, in_words, short
from paribus.study.tree import load, plain, problem, read_text

#: Room for the matrices of a hundred classes. In bytes, and in keys and values.
LARGEST, MOST_VALUES = 1_000_000, 200_000


def read_published(path: Path) -> Published:
    """Read a file of published confusion matrices.

    Raises:
        StudyError: with every problem, each at its line and column.
    """
    return parse_published(read_text(path, "a file of confusion matrices", LARGEST), str(path))


def parse_published(text: str, file: str = "published.yaml") -> Published:
    """Read published results from text; `file` is the name that problems carry.

    Raises:
        StudyError: with every problem, each at its line and column.
    """
    tree = load(text, file, MOST_VALUES)
    values = plain(tree, _as_printed)
    # One message a place: where both have one, that on the shape knows more.
    found = {fault.at: fault for fault in [*_type_faults(values), *shape_faults(values)]}
    if found:
        raise StudyError(file, [problem(tree, fault) for fault in found.values()])
    return Published.model_validate(values)


def _as_printed(number: float) -> float | Printed:
    """The number with the digits that it was written with; NaN and infinity have none."""
    if not isinstance(number, ScalarFloat):
        return number
    return Printed(RoundTripRepresenter().represent_scalar_float(number).value)


def _type_faults(values: Mapping[str, Any]) -> list[Fault]:
    try:
        Published.model_validate(values)
    except ValidationError as error:
        return [_fault(values, detail) for detail in error.errors()]
    return []


def _fault(values: Mapping[str, Any], detail: ErrorDetails) -> Fault:
    at = _along(values, detail["loc"])
    wrong_key = detail["type"] == "extra_forbidden" or detail["loc"][-1] == "[key]"
    if detail["type"] == "union_tag_not_found":
        tests = "best or worst (or another test of a study's claims)"
        return Fault(at, f"{short(detail['input'])} came; a mapping with {tests} is expected")
    return Fault(at, in_words(detail, _keys_beside(detail["loc"])), key=wrong_key)


def _along(values: Any, location: Location) -> Location:
    """The location without what is only pydantic's: the names of alternatives, and "[key]"."""
    at: list[str | int] = []
    for part in location:
        inside = isinstance(values, list) and isinstance(part, int) and part < len(values)
        if inside or (isinstance(values, Mapping) and part in values):
            at.append(part)
            values = values[part]
    missing = isinstance(values, Mapping) and location[-1] not in (*at, "[key]", *CLAIM_TESTS)
    return (*at, location[-1]) if missing else tuple(at)


def _keys_beside(location: Location) -> Iterable[str]:
    match location[:-1]:
        case ():
            return Published.model_fields
        case ("settings", _):
            return PublishedSetting.model_fields
        case ("observations", _):
            return Observation.model_fields
        case (*_, str(tag)) if tag in CLAIM_TESTS:
            return CLAIM_TESTS[tag].model_fields
    return ()
