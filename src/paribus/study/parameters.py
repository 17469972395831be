"""The parameters of a script: which may be there, what variations make of them, what is wrong."""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from paribus.io.strict_json import require_finite
from paribus.study.config import SAME, flat, override
from paribus.study.faults import Fault, Location, nearest, short
from paribus.study.placeholders import OVERRIDES, OWN, names_in

#: A key that names what makes a run, beside the parameters.
TRAINER = "trainer"
#: What of it a variation may change.
_TRAINERS = ("command", "call")
_NAME = re.compile(r"[A-Za-z_][\w-]*")
#: Names that mean something else, as an argument of a function or in a command.
RESERVED = (*OWN, TRAINER, SAME)


def recorded(trainer: Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """All that decides a run but its seed and its files: what a record keeps of a setting."""
    unimportant = {"depends", "time_limit"}
    kept = {key: value for key, value in trainer.items() if key not in unimportant}
    return {**parameters, TRAINER: kept}


def changed(
    trainer: Mapping[str, Any], parameters: Mapping[str, Any], overrides: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Trainer and parameters of a variation."""
    whole = override({**parameters, TRAINER: dict(trainer)}, overrides)
    return whole.pop(TRAINER), whole


def parameter_faults(study: Mapping[str, Any]) -> Iterator[Fault]:
    """What is wrong with parameters, with variations of them, and with the names in a command."""
    parameters, trainer = study.get("parameters", {}), study.get(TRAINER, {})
    if not isinstance(parameters, Mapping) or not isinstance(trainer, Mapping):
        return
    yield from _name_faults(parameters, ("parameters",))
    yield from _value_faults(parameters, ("parameters",))
    known = dict(flat(parameters))
    yield from _command_faults(trainer.get("command"), known, (TRAINER, "command"))
    variations = study.get("variations")
    for name, overrides in variations.items() if isinstance(variations, Mapping) else ():
        if isinstance(overrides, Mapping):
            yield from _override_faults(("variations", str(name)), overrides, known, trainer)


def same_faults(study: Mapping[str, Any]) -> list[Fault]:
    """Variations that change nothing and don't say so, or do and say not."""
    trainer, parameters = study.get(TRAINER, {}), study.get("parameters") or {}
    faults = []
    for name, overrides in (study.get("variations") or {}).items():
        same = changed(trainer, parameters, overrides) == (dict(trainer), dict(parameters))
        if same and SAME not in overrides:
            message = (
                "changes nothing in the baseline; if it is meant as an A/A test, add same: true"
            )
            faults.append(Fault(("variations", name), message))
        elif not same and SAME in overrides:
            message = "it changes something in the baseline; remove same, or what changes"
            faults.append(Fault(("variations", name, SAME), message, key=True))
    return faults


def unnamed(command: str, parameters: Mapping[str, Any]) -> list[str]:
    """The parameters, and the seed, that a command doesn't name: it has to read them elsewhere."""
    named = [*names_in(command)]
    names = [] if OVERRIDES in named else [*dict(flat(parameters))]
    return [name for name in ("seed", *names) if name not in named]


def _name_faults(parameters: Mapping[str, Any], at: Location) -> Iterator[Fault]:
    for name, value in parameters.items():
        place = (*at, str(name))
        if not _NAME.fullmatch(str(name)):
            expected = "expected a name of letters, digits, '_' and '-'"
            yield Fault(place, f"{expected}, got {short(str(name))}", key=True)
        elif len(at) == 1 and name in RESERVED:
            yield Fault(place, f"{name!r} means something else; choose another name", key=True)
        elif isinstance(value, Mapping):
            if not value:
                yield Fault(place, "expected at least one parameter in a section, got none")
            yield from _name_faults(value, place)


def _value_faults(parameters: Mapping[str, Any], at: Location) -> Iterator[Fault]:
    for path, value in flat(parameters):
        if message := _objection(value):
            yield Fault((*at, *path.split(".")), message)


def _objection(value: Any) -> str | None:
    """Why a parameter can't have this value, if so."""
    values = value if isinstance(value, list | tuple) else [value]
    if not all(each is None or isinstance(each, str | int | float) for each in values):
        expected = "expected text, a number, true, false, null, or a list of them"
        return f"{expected}, got {short(value)}"
    with suppress(ValueError):
        require_finite(values)
        if not any(isinstance(each, str) and "\0" in each for each in values):
            return None
    return f"expected finite numbers, and text without zero bytes, got {short(value)}"


def _command_faults(command: Any, known: Mapping[str, Any], at: Location) -> Iterator[Fault]:
    if not isinstance(command, str):
        return
    names: list[str] = []
    with suppress(ValueError):  # as is said where it is read
        names = [*names_in(command)]
    valid = [*OWN, *known]
    for name in dict.fromkeys(names):
        if name not in valid:
            message = f"no parameter is called {name!r}{nearest(name, valid)}"
            yield Fault(at, f"{message}. For a brace of the command's own write two: {{{{ or }}}}")


def _override_faults(
    at: Location, overrides: Mapping[str, Any], known: Mapping[str, Any], trainer: Mapping[str, Any]
) -> Iterator[Fault]:
    if not overrides:
        yield Fault(at, "expected at least one parameter, as {lr: 0.01}, got none")
    for path, value in overrides.items():
        place = (*at, str(path))
        if path == SAME:
            if value is not True:
                yield Fault(place, f"expected true, or no such key, got {short(value)}")
        elif str(path).startswith(f"{TRAINER}."):
            yield from _trainer_faults(place, value, known, trainer)
        elif path not in known:
            valid = [*known, *(f"{TRAINER}.{key}" for key in _TRAINERS if key in trainer)]
            message = f"no parameter is called {path!r}{nearest(str(path), valid)}"
            yield Fault(place, f"{message}. Give it a value under parameters first", key=True)
        elif objection := _objection(value):
            yield Fault(place, objection)


def _trainer_faults(
    at: Location, value: Any, known: Mapping[str, Any], trainer: Mapping[str, Any]
) -> Iterator[Fault]:
    """A variation of the trainer: another command, or another function, and nothing else."""
    key = str(at[-1]).removeprefix(f"{TRAINER}.")
    if key not in _TRAINERS or key not in trainer:
        valid = " or ".join(f"{TRAINER}.{one}" for one in _TRAINERS if one in trainer)
        yield Fault(at, f"of the trainer a variation can change {valid} alone", key=True)
    elif not isinstance(value, str):
        yield Fault(at, f"expected text, got {short(value)}")
    elif key == "command":
        yield from _command_faults(value, known, at)
