"""A file of published results becomes a Published, or a list of everything wrong with it."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml.representer import RoundTripRepresenter
from ruamel.yaml.scalarfloat import ScalarFloat

from paribus.audit.spec import (
    ACCURACY,
    AVERAGES,
    SHARES,
    Observation,
    Printed,
    Published,
    PublishedSetting,
)
from paribus.errors import StudyError
from paribus.metrics.registry import class_figure
from paribus.study.check import CLAIM_TESTS
from paribus.study.faults import Fault, Location, in_words, nearest, short, unknown_settings
from paribus.study.yaml import load, plain, problem, read_text

#: Room for the matrices of a hundred classes. In bytes, and in keys and values.
LARGEST, MOST_VALUES = 1_000_000, 200_000


def read_published(path: Path) -> Published:
    """Read a file of published confusion matrices.

    Raises StudyError with every problem, each at its line and column.
    """
    return parse_published(read_text(path, "a file of confusion matrices", LARGEST), str(path))


def parse_published(text: str, file: str = "published.yaml") -> Published:
    """Read published results from text as `read_published` does; problems carry the file's name."""
    tree = load(text, file, MOST_VALUES)
    values = plain(tree, _as_printed)
    # One message a place: where both have one, that on the parts' fit knows more.
    faults = {fault.at: fault for fault in [*_type_faults(values), *_fit_faults(values)]}
    if faults:
        raise StudyError(file, [problem(tree, fault) for fault in faults.values()])
    return Published.model_validate(values)


def _as_printed(number: float) -> float | Printed:
    """The number with the digits that it was written with; NaN and infinity have none."""
    if not isinstance(number, ScalarFloat):
        return number
    return Printed(RoundTripRepresenter().represent_scalar_float(number).value)


# ---- values of the wrong type --------------------------------------------------------------------


def _type_faults(values: Mapping[str, Any]) -> Iterator[Fault]:
    try:
        Published.model_validate(values)
    except ValidationError as error:
        yield from (_type_fault(values, detail) for detail in error.errors())


def _type_fault(values: Mapping[str, Any], detail: ErrorDetails) -> Fault:
    at = _along(values, detail["loc"])
    wrong_key = detail["type"] == "extra_forbidden" or detail["loc"][-1] == "[key]"
    if detail["type"] == "union_tag_not_found":
        tests = "best or worst (or another test of a study's claims)"
        return Fault(at, f"expected a mapping with {tests}, got {short(detail['input'])}")
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


# ---- parts that don't fit each other -------------------------------------------------------------


def _fit_faults(values: Mapping[str, Any]) -> Iterator[Fault]:
    """What doesn't fit, in values that may be of wrong types: those are passed over here."""
    if not isinstance(values.get("classes"), list):
        return
    classes = [str(name) for name in values["classes"]]
    yield from _class_faults(classes)
    settings = _mapping(values.get("settings"))
    if settings == {} and "settings" in values:
        yield Fault(("settings",), "expected at least one setting, got none")
    for name, setting in settings.items():
        yield from _setting_faults(("settings", name), _mapping(setting), classes)
    observations = values.get("observations")
    if isinstance(observations, list):
        yield from _observation_faults(observations, classes, list(settings))


def _class_faults(classes: list[str]) -> Iterator[Fault]:
    if len(classes) < 2:
        yield Fault(("classes",), f"expected 2 or more, got {_number(classes, 'name')}")
    for place, name in enumerate(classes):
        if name in classes[:place]:
            yield Fault(("classes", place), f"another class is called {name!r}")
        if name in (ACCURACY, *AVERAGES):
            message = f"{name!r} is a row of the report; give the class another name"
            yield Fault(("classes", place), message)


def _setting_faults(
    at: Location, setting: Mapping[str, Any], classes: list[str]
) -> Iterator[Fault]:
    rows: list[Any] = []
    if isinstance(setting.get("confusion"), list):
        rows = setting["confusion"]
        yield from _matrix_faults((*at, "confusion"), rows, classes)
    accuracies = _mapping(setting.get("per_class_accuracy_printed"))
    report = _mapping(setting.get("report_printed"))
    at_report = (*at, "report_printed")
    yield from _unknown((*at, "per_class_accuracy_printed"), accuracies, classes)
    yield from _report_faults(at_report, report, _supports(rows, classes))
    yield from _unknown(at_report, report, [*classes, ACCURACY, *AVERAGES])


def _matrix_faults(at: Location, rows: list[Any], classes: list[str]) -> Iterator[Fault]:
    wanted = f"expected {len(classes)}, one for each class"
    if len(rows) != len(classes):
        yield Fault(at, f"{wanted}, got {_number(rows, 'row')}")
    for place, row in enumerate(rows):
        if isinstance(row, list) and len(row) != len(classes):
            yield Fault((*at, place), f"{wanted}, got {_number(row, 'number')}")
        elif _counts(row) and sum(row) == 0:
            message = "expected at least one test image of each class; this row sums to 0"
            yield Fault((*at, place), message)


def _supports(rows: list[Any], classes: list[str]) -> dict[str, int]:
    """The images of each class, and of all; only those that the matrix tells."""
    known = {name: sum(row) for name, row in zip(classes, rows, strict=False) if _counts(row)}
    if len(known) == len(classes) == len(rows):
        known |= dict.fromkeys(AVERAGES, sum(known.values()))
    return known


def _report_faults(
    at: Location, report: Mapping[str, Any], supports: Mapping[str, int]
) -> Iterator[Fault]:
    """Accuracy is one number; every other row has four, and the matrix's support."""
    for name, entry in report.items():
        is_row = isinstance(entry, list)
        if name == ACCURACY and is_row:
            yield Fault((*at, name), f"expected one number, got {short(entry)}")
        elif name != ACCURACY and not is_row:
            message = f"expected [precision, recall, f1, support], got {entry}"
            yield Fault((*at, name), message)
        elif is_row and len(entry) == len(SHARES) + 1 and name in supports:
            support, total = entry[-1], supports[name]
            if _counts([support]) and support != total:
                whose = "the matrix" if name in AVERAGES else "its row of the matrix"
                message = f"expected {total}, the sum of {whose}, got a support of {support}"
                yield Fault((*at, name, len(SHARES)), message)


def _observation_faults(
    observations: list[Any], classes: list[str], settings: list[str]
) -> Iterator[Fault]:
    ids = [_mapping(observation).get("id") for observation in observations]
    for number, observation in enumerate(observations):
        if ids[number] is not None and ids[number] in ids[:number]:
            yield Fault(("observations", number, "id"), "another observation has this id")
        at: Location = ("observations", number, "test")
        test = _mapping(_mapping(observation).get("test"))
        yield from unknown_settings(at, test, settings)
        for key in ("best", "worst"):
            names = test.get(key)
            for place, name in enumerate(names if isinstance(names, list) else []):
                if str(name) not in classes:
                    yield Fault((*at, key, place), _no_class(str(name), classes))
        of_class = class_figure(str(test.get("metric")))
        if of_class is not None and of_class[1] not in classes:
            yield Fault((*at, "metric"), _no_class(of_class[1], classes))


def _unknown(at: Location, named: Iterable[str], known: list[str]) -> Iterator[Fault]:
    for name in named:
        if name not in known:
            yield Fault((*at, name), _no_class(name, known), key=True)


def _no_class(name: str, known: list[str]) -> str:
    return f"no class is called {name!r}{nearest(name, known)}"


def _counts(row: Any) -> bool:
    return isinstance(row, list) and all(type(n) is int and n >= 0 for n in row)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _number(of: list[Any], what: str) -> str:
    return f"1 {what}" if len(of) == 1 else f"{len(of)} {what}s"
