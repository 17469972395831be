"""A YAML file as a tree that knows where everything stands, so that problems have a place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.composer import ComposerError
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.reader import ReaderError

from paribus.errors import Problem, StudyError
from paribus.io.reading import read_whole
from paribus.study.bounded import BoundedComposer, PlacedConstructor
from paribus.study.faults import Fault


def read_text(path: Path, what: str, largest: int) -> str:
    """The text of a file; `what` it should hold is named in the error, as "a study".

    Raises:
        StudyError: the file can't be read, has more than `largest` bytes or isn't UTF-8.
    """
    try:
        return read_whole(path, largest).decode("utf-8")
    except OSError as error:
        raise _whole_file(path, f"{what} can't be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        message = f"byte {error.start} is not UTF-8; save it as UTF-8"
        raise StudyError(str(path), [Problem(line, 1, "file", message)]) from None


def load(text: str, file: str, most: int) -> CommentedMap:
    """The tree of a text; `file` is the name that problems carry.

    Raises:
        StudyError: the text isn't YAML, has more than `most` keys and values, or is no mapping.
    """
    reader = YAML(typ="rt", pure=True)
    reader.Composer = partial(BoundedComposer, most)  # type: ignore[assignment]  # it is called
    reader.Constructor = PlacedConstructor
    try:
        tree = reader.load(text)
    except DuplicateKeyError as error:
        raise _yaml_problem(file, error, TWICE) from None
    except ComposerError as error:
        raise _yaml_problem(file, error, str(error.problem)) from None
    except MarkedYAMLError as error:
        raise _yaml_problem(file, error, f"not YAML: {error.problem}") from None
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        message = f"character {ord(text[error.position]):#x} came; text is expected"
        raise StudyError(file, [Problem(line, 1, "file", message)]) from None
    except (YAMLError, ValueError, RecursionError) as error:
        message = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise StudyError(file, [Problem(1, 1, "file", f"not YAML: {message}")]) from None
    if not isinstance(tree, CommentedMap):
        came = "nothing" if tree is None else type(tree).__name__
        problem = Problem(1, 1, "file", f"{came} came; a mapping of keys as `name:` is expected")
        raise StudyError(file, [problem])
    twins = [Problem(line + 1, column + 1, "file", TWICE) for line, column in _twins(tree)]
    if twins:
        raise StudyError(file, twins)
    return tree


TWICE = "this key is given twice; keep one"


def _twins(node: Any) -> Iterator[tuple[int, int]]:
    """Where keys stand that become one as text, as `1` and `'1'`; YAML tells them apart."""
    if isinstance(node, Mapping):
        names: set[str] = set()
        for key, value in node.items():
            if str(key) in names:
                yield _position(node, key, at_value=False)
            names.add(str(key))
            yield from _twins(value)
    elif isinstance(node, list):
        for value in node:
            yield from _twins(value)


def plain(node: Any, real: Callable[[float], Any] = float) -> Any:
    """Plain Python for ruamel's round-trip values, which remember how they were written.

    Args:
        node: a tree or part of one.
        real: what becomes of a number with a point; ruamel's own, it still knows its digits.
    """
    match node:
        case Mapping():
            return {str(key): plain(value, real) for key, value in node.items()}
        case list():
            return [plain(value, real) for value in node]
        case bool() | None:
            return node
        case int():
            return int(node)
        case float():
            return real(node)
        case str():
            return str(node)
    return node


def problem(tree: CommentedMap, fault: Fault) -> Problem:
    """A fault with the line and column at which a reader finds it."""
    line, column = _place(tree, fault)
    return Problem(line + 1, column + 1, ".".join(map(str, fault.at)), fault.message)


def _yaml_problem(file: str, error: MarkedYAMLError, message: str) -> StudyError:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    return StudyError(file, [Problem(line, column, "file", message)])


def _whole_file(path: Path, message: str) -> StudyError:
    return StudyError(str(path), [Problem(1, 1, "file", message)])


def _place(tree: CommentedMap, fault: Fault) -> tuple[int, int]:
    """Line and column (from 0) of a value or its key, or of the nearest key above that exists."""
    node: Any = tree
    place = (0, 0)
    for depth, part in enumerate(fault.at, start=1):
        found = _find(node, part)
        if not found:
            break
        (key,) = found
        scalar = not isinstance(node[key], CommentedMap | CommentedSeq | None)
        at_value = scalar and depth == len(fault.at) and not fault.key
        place = _position(node, key, at_value)
        node = node[key]
    return place


def _find(node: Any, part: str | int) -> list[Any]:
    """The node's own key for a part of a location, where there is one; it may be None."""
    if isinstance(node, CommentedMap):
        # Most keys are text, and one look is enough; others only read like the part.
        return [part] if part in node else [key for key in node if str(key) == str(part)][:1]
    inside = isinstance(node, CommentedSeq) and isinstance(part, int) and part < len(node)
    return [part] if inside else []


def _position(node: Any, key: Any, at_value: bool) -> tuple[int, int]:
    if isinstance(node, CommentedSeq):
        line, column = node.lc.item(key)
    else:
        line, column = node.lc.value(key) if at_value else node.lc.key(key)
    return int(line), int(column)
