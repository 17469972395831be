"""A function that Python was given: made into bytes for another process, and what it is made of."""

from __future__ import annotations

import hashlib
import inspect
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from paribus.errors import ParibusError
from paribus.study.code import code_files, is_installed
from paribus.study.scripted import ScriptedStudy
from paribus.study.spec import Study
from paribus.study.trainer import Script

#: Values of a function's module that are part of what it does.
_PLAIN = (bool, int, float, str, bytes, type(None), tuple, list, dict)


class FunctionError(ParibusError):
    """A function that can't be sent to another process, or can't be called as a trainer."""

    exit_code = 2


def pickled(function: Callable[..., Any]) -> bytes:
    """A function as bytes, with all that it refers to in the script or notebook that defines it.

    Raises:
        FunctionError: it refers to something that can't be sent to another process.
    """
    import cloudpickle  # noqa: TID251  # written here; read by a process that this one starts

    try:
        with _by_value(function):
            return cloudpickle.dumps(function)  # type: ignore[no-any-return]
    except Exception as error:  # whatever an object's own pickling raises
        raise FunctionError(
            f"{name_of(function)} can't be sent to another process ({error}). Open files, "
            "connections, locks and generators have to be made inside of it."
        ) from None


@contextmanager
def _by_value(function: Callable[..., Any]) -> Iterator[None]:
    """Have a function of the user's own module go with all that it refers to there.

    Another process may not find the module, as where a test or a notebook's extension loaded it.
    """
    import cloudpickle  # noqa: TID251  # as above

    module = sys.modules.get(getattr(function, "__module__", None) or "")
    file = getattr(module, "__file__", None)
    if module is None or file is None or module.__name__ == "__main__" or is_installed(Path(file)):
        yield
        return
    cloudpickle.register_pickle_by_value(module)
    try:
        yield
    finally:
        cloudpickle.unregister_pickle_by_value(module)


def name_of(function: Callable[..., Any]) -> str:
    """As a study has it: `module:name`, with "__main__" for a script or notebook."""
    name = getattr(function, "__qualname__", type(function).__name__)
    return f"__main__:{''.join(sign for sign in name if sign.isalnum() or sign in '_.<>')}"


def made_by(function: Callable[..., Any], study: Study | ScriptedStudy) -> ScriptedStudy:
    """The study with a function for its trainer; what else it says of the trainer stays.

    Raises:
        FunctionError: the study has no parameters, since Paribus trains it itself.
    """
    if not isinstance(study, ScriptedStudy):
        raise FunctionError(
            "expected a study with a trainer for a function to make its runs, got one that "
            'Paribus trains. Write `trainer: {call: "my_code:train"}` and `parameters`.'
        )
    kept = study.trainer.model_dump(include={*Script.model_fields}, exclude_defaults=True)
    values = study.model_dump(exclude_defaults=True)
    return ScriptedStudy.model_validate(values | {"trainer": {**kept, "call": name_of(function)}})


def require_callable(function: Callable[..., Any], parameters: Iterator[str]) -> None:
    """Refuse a function that can't be called with a seed, a folder and these parameters.

    Raises:
        FunctionError: says which it lacks.
    """
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return
    try:
        signature.bind(seed=0, out="", **dict.fromkeys(parameters))
    except TypeError as error:
        raise FunctionError(
            f"{name_of(function)}{signature}: it is called with seed, out and every parameter of "
            f"the study, by name; {error}."
        ) from None


def files(function: Callable[..., Any]) -> tuple[Path, ...]:
    """The files of the user's modules that a function refers to, with what those import.

    Raises:
        ReadError: a file can't be read now.
    """
    known: dict[str, str] = {}
    modules: dict[str, None] = {}
    _collect(inspect.unwrap(function), known, modules)
    return tuple(file for file in code_files(modules) if not is_installed(file))


def sums(function: Callable[..., Any]) -> dict[str, str]:
    """Name -> SHA-256, of a function's text and of what it refers to in its own module.

    Those are functions, classes and plain values. Where a text isn't known, as of one that was
    typed into `python`, its compiled code counts.
    """
    known: dict[str, str] = {}
    _collect(inspect.unwrap(function), known, {})
    return {name: hashlib.sha256(text.encode()).hexdigest() for name, text in known.items()}


def _collect(found: Any, known: dict[str, str], modules: dict[str, None]) -> None:
    name = getattr(found, "__qualname__", type(found).__name__)
    if name in known:
        return
    known[name] = _text(found)
    for other, value in _referred(found):
        if isinstance(value, types.ModuleType):
            modules[value.__name__] = None
        elif isinstance(value, types.FunctionType | type):
            if value.__module__ == found.__module__:
                _collect(value, known, modules)
            else:
                modules[value.__module__] = None
        elif isinstance(value, _PLAIN):
            known[f"{name}: {other}"] = repr(value)


def _text(found: Any) -> str:
    try:
        return inspect.getsource(found)
    except (OSError, TypeError):
        code = getattr(found, "__code__", None)
        return repr((code.co_code, code.co_consts, code.co_names)) if code else repr(type(found))


def _referred(found: Any) -> Iterator[tuple[str, Any]]:
    """What a function, or the methods of a class, refer to by name outside of themselves."""
    if isinstance(found, type):
        for method in vars(found).values():
            if isinstance(method, types.FunctionType):
                yield from _referred(method)
        return
    if not isinstance(found, types.FunctionType):
        return
    outside = inspect.getclosurevars(found)
    yield from sorted({**outside.globals, **outside.nonlocals}.items())
