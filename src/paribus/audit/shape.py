"""Whether the parts of a file of published results fit each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from paribus.audit.spec import ACCURACY, AVERAGES, SHARES
from paribus.study.claims import class_figure
from paribus.study.faults import Fault, Location, nearest, short, unknown_settings


def shape_faults(values: Mapping[str, Any]) -> list[Fault]:
    """What doesn't fit, in values that may be of wrong types: those are passed over here."""
    listed = values.get("classes")
    if not isinstance(listed, list):
        return []
    classes = [str(name) for name in listed]
    found = _class_faults(classes)
    settings = _mapping(values.get("settings"))
    if settings == {} and "settings" in values:
        found.append(Fault(("settings",), "no setting came; at least one is expected"))
    for name, setting in settings.items():
        found += _setting_faults(("settings", name), _mapping(setting), classes)
    return [*found, *_observation_faults(values.get("observations"), classes, list(settings))]


def _class_faults(classes: list[str]) -> list[Fault]:
    found = []
    if len(classes) < 2:
        found.append(
            Fault(("classes",), f"{_number(classes, 'name')} came; 2 or more are expected")
        )
    for place, name in enumerate(classes):
        if name in classes[:place]:
            found.append(Fault(("classes", place), f"another class is called {name!r}"))
        if name in (ACCURACY, *AVERAGES):
            message = f"{name!r} is a row of the report; a class needs another name"
            found.append(Fault(("classes", place), message))
    return found


def _setting_faults(at: Location, setting: Mapping[str, Any], classes: list[str]) -> list[Fault]:
    rows = setting.get("confusion")
    rows = rows if isinstance(rows, list) else None
    report = _mapping(setting.get("report_printed"))
    accuracies = _mapping(setting.get("per_class_accuracy_printed"))
    return [
        *(_matrix_faults((*at, "confusion"), rows, classes) if rows is not None else []),
        *_unknown_classes((*at, "per_class_accuracy_printed"), accuracies, classes),
        *_form_faults((*at, "report_printed"), report),
        *_unknown_classes((*at, "report_printed"), report, [*classes, ACCURACY, *AVERAGES]),
        *_support_faults((*at, "report_printed"), report, _supports(rows or [], classes)),
    ]


def _matrix_faults(at: Location, rows: list[Any], classes: list[str]) -> list[Fault]:
    k = len(classes)
    wanted = f"{k} are expected, one for each class"
    found = []
    if len(rows) != k:
        found.append(Fault(at, f"{_number(rows, 'row')} came; {wanted}"))
    for place, row in enumerate(rows):
        if isinstance(row, list) and len(row) != k:
            found.append(Fault((*at, place), f"{_number(row, 'number')} came; {wanted}"))
        elif _counts(row) and sum(row) == 0:
            message = "this row sums to 0; at least one test image of each class is expected"
            found.append(Fault((*at, place), message))
    return found


def _supports(rows: list[Any], classes: list[str]) -> dict[str, int]:
    """The images of each class, and of all; only those that the matrix tells."""
    known = {name: sum(row) for name, row in zip(classes, rows, strict=False) if _counts(row)}
    if len(known) == len(classes) == len(rows):
        known |= dict.fromkeys(AVERAGES, sum(known.values()))
    return known


def _support_faults(
    at: Location, report: Mapping[str, Any], supports: Mapping[str, int]
) -> list[Fault]:
    found = []
    for name, row in report.items():
        if not isinstance(row, list) or len(row) != len(SHARES) + 1 or name not in supports:
            continue
        came, sums = row[-1], supports[name]
        if _counts([came]) and came != sums:
            whose = "the matrix" if name in AVERAGES else "its row of the matrix"
            message = f"a support of {came} came, but {whose} sums to {sums}; one of them is wrong"
            found.append(Fault((*at, name, len(SHARES)), message))
    return found


def _form_faults(at: Location, report: Mapping[str, Any]) -> list[Fault]:
    """Accuracy is one number, every other row has four."""
    found = []
    for name, entry in report.items():
        if name == ACCURACY and isinstance(entry, list):
            found.append(Fault((*at, name), f"{short(entry)} came; one number is expected"))
        if name != ACCURACY and not isinstance(entry, list):
            message = f"{entry} came; [precision, recall, f1, support] is expected"
            found.append(Fault((*at, name), message))
    return found


def _observation_faults(listed: Any, classes: list[str], settings: list[str]) -> list[Fault]:
    found: list[Fault] = []
    seen: Counter[str] = Counter()
    for number, observation in enumerate(listed if isinstance(listed, list) else []):
        at: Location = ("observations", number)
        said = _mapping(observation)
        seen[str(said.get("id"))] += 1
        if "id" in said and seen[str(said["id"])] > 1:
            found.append(Fault((*at, "id"), "another observation has this id"))
        test = _mapping(said.get("test"))
        found += unknown_settings((*at, "test"), test, settings)
        for key in ("best", "worst"):
            names = test.get(key)
            found += _unknown_names((*at, "test", key), names, classes)
        of_class = class_figure(str(test.get("metric")))
        if of_class is not None and of_class[1] not in classes:
            message = f"no class is called {of_class[1]!r}{nearest(of_class[1], classes)}"
            found.append(Fault((*at, "test", "metric"), message))
    return found


def _unknown_names(at: Location, names: Any, classes: list[str]) -> list[Fault]:
    listed = names if isinstance(names, list) else []
    return [
        Fault((*at, place), f"no class is called {name!r}{nearest(str(name), classes)}")
        for place, name in enumerate(listed)
        if str(name) not in classes
    ]


def _unknown_classes(at: Location, named: Iterable[str], known: list[str]) -> list[Fault]:
    return [
        Fault((*at, name), f"no class is called {name!r}{nearest(name, known)}", key=True)
        for name in named
        if name not in known
    ]


def _counts(row: Any) -> bool:
    return isinstance(row, list) and all(type(n) is int and n >= 0 for n in row)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _number(of: list[Any], what: str) -> str:
    return f"1 {what}" if len(of) == 1 else f"{len(of)} {what}s"
