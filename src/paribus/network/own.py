"""A user's own network: finding what builds it, and saying where its code goes wrong."""

from __future__ import annotations

import importlib
import sys
import sysconfig
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import nn

import paribus
from paribus.errors import NetworkError, ParibusError, first_line
from paribus.study.faults import meant

#: Code in these folders isn't the user's own: Paribus, Python and installed packages.
_INSTALLED = (
    Path(paribus.__file__).parent,
    *(Path(sysconfig.get_paths()[name]) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
)


def find(kind: str) -> Callable[..., Any]:
    """What `package.module:name` names; the name may be dotted, as `Class.method`.

    Raises:
        NetworkError: it isn't there, its module fails, or it can't build networks.
    """
    module, _, names = kind.partition(":")
    if module == "__main__":
        raise NetworkError(
            f"{kind}: worker processes don't run your script or notebook again, so they can't find "
            f"a network in it. Move it to a file, and name it as `my_networks:{names}`."
        )
    found = _import(kind, module)
    for name in names.split("."):
        try:
            found = getattr(found, name)
        except AttributeError:
            what = getattr(found, "__name__", type(found).__name__)
            raise NetworkError(f"{kind}: {what} has no {name!r}{meant(name, dir(found))}") from None
    if isinstance(found, nn.Module):
        raise NetworkError(
            f"{kind}: a network that is already built, but each seed needs a new one. "
            "Name the class or a function that builds it."
        )
    if not callable(found):
        got = type(found).__name__
        raise NetworkError(f"{kind}: expected a class or function, got a value of type {got}")
    return found  # type: ignore[no-any-return]  # callable


def located(error: BaseException) -> str:
    """An error of a user's code in one line: where it was raised, what it says, who called it."""
    if isinstance(error, ParibusError):  # it says all that there is to know
        return str(error)
    said = f"{type(error).__name__}: {first_line(error)}"
    if isinstance(error, SyntaxError) and error.filename:
        return f"{_shown(error.filename)}:{error.lineno}: {type(error).__name__}: {error.msg}"
    frames = [f for f in traceback.extract_tb(error.__traceback__) if _is_users(f.filename)]
    places = [f"{_shown(frame.filename)}:{frame.lineno}" for frame in reversed(frames)]
    if not places:
        return said
    callers = f" (called from {', '.join(places[1:4])})" if places[1:] else ""
    return f"{places[0]}: {said}{callers}"


def _import(kind: str, module: str) -> Any:
    # The study was allowed to run code, and may name it in the current folder. That comes last: a
    # file there must not take the place of one of Python's own modules.
    if str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))
    try:
        return importlib.import_module(module)
    except (Exception, SystemExit) as error:  # a user's module may raise anything
        why = located(error)
        if isinstance(error, ModuleNotFoundError) and f"{module}.".startswith(f"{error.name}."):
            why = f"{error}. It must be in the current folder or in an installed package."
        raise NetworkError(f"{kind}: {why}") from None


def _is_users(file: str) -> bool:
    return not file.startswith("<") and not any(
        Path(file).is_relative_to(each) for each in _INSTALLED
    )


def _shown(file: str) -> str:
    """A file as its user knows it: from the current folder if it is inside."""
    path = Path(file)
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
