"""A study file becomes a Study, or a list of everything wrong with it by line and column."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from paribus.errors import Problem, StudyError
from paribus.study.check import Fault, faults
from paribus.study.plan import settings
from paribus.study.spec import OwnNetwork, Study

#: Far above any study a person writes; a larger file is a mistake or an attack.
LARGEST_FILE = 1_000_000


def read_study(
    path: Path | str,
    *,
    seeds: int | Mapping[str, Any] | None = None,
    epochs: int | None = None,
) -> Study:
    """Read a study file; `seeds` and `epochs`, where given, replace the study's own.

    Args:
        seeds: a number, or `{"until": "decided", "looks": [5, 8, 12, 20]}`.

    Raises:
        StudyError: with every problem, each at its line and column.
    """
    path = Path(path)
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise _whole_file(path, f"a study of at most {LARGEST_FILE:,} bytes is expected")
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise _whole_file(path, f"can't be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise _whole_file(path, f"byte {error.start} is not UTF-8; save it as UTF-8") from None
    study = parse_study(text, str(path))
    replaced = {k: v for k, v in (("seeds", seeds), ("epochs", epochs)) if v is not None}
    return Study.model_validate(study.model_dump() | replaced)


def demand_permission(study: Study, path: Path) -> None:
    """Refuse a study that names Python code to run, unless the user has allowed it.

    Raises:
        StudyError: naming the settings and the code.
    """
    named = {
        f"{s.name} names {s.config.network.kind}"
        for s in settings(study)
        if isinstance(s.config.network, OwnNetwork)
    }
    if named:
        message = (
            f"{'; '.join(sorted(named))}. A study that names a Python module runs its code with "
            "your rights: read it, then add --allow-code"
        )
        raise StudyError(str(path), [Problem(1, 1, "network.kind", message)])


def parse_study(text: str, file: str = "study.yaml") -> Study:
    """Read a study from text; `file` is the name that problems carry.

    Raises:
        StudyError: with every problem, each at its line and column.
    """
    tree = _load(text, file)
    values = _plain(tree)
    found = faults(values)
    if found:
        raise StudyError(file, [_problem(tree, fault) for fault in found])
    return Study.model_validate(values)


def _load(text: str, file: str) -> CommentedMap:
    try:
        tree = YAML(typ="rt", pure=True).load(text)
    except DuplicateKeyError as error:
        raise _yaml_problem(file, error, "this key is given twice; keep one") from None
    except MarkedYAMLError as error:
        raise _yaml_problem(file, error, f"not YAML: {error.problem}") from None
    except (YAMLError, ValueError, RecursionError) as error:
        message = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise StudyError(file, [Problem(1, 1, "file", f"not YAML: {message}")]) from None
    if not isinstance(tree, CommentedMap):
        came = "nothing" if tree is None else type(tree).__name__
        problem = Problem(1, 1, "file", f"{came} came; a mapping of keys as `name:` is expected")
        raise StudyError(file, [problem])
    return tree


def _yaml_problem(file: str, error: MarkedYAMLError, message: str) -> StudyError:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    return StudyError(file, [Problem(line, column, "file", message)])


def _whole_file(path: Path, message: str) -> StudyError:
    return StudyError(str(path), [Problem(1, 1, "file", message)])


def _plain(node: Any) -> Any:
    """Plain Python for ruamel's round-trip values, which remember how they were written."""
    match node:
        case Mapping():
            return {str(key): _plain(value) for key, value in node.items()}
        case list():
            return [_plain(value) for value in node]
        case bool() | None:
            return node
        case int():
            return int(node)
        case float():
            return float(node)
        case str():
            return str(node)
    return node


def _problem(tree: CommentedMap, fault: Fault) -> Problem:
    line, column = _place(tree, fault)
    return Problem(line + 1, column + 1, ".".join(map(str, fault.at)), fault.message)


def _place(tree: CommentedMap, fault: Fault) -> tuple[int, int]:
    """Line and column (from 0) of a value or its key, or of the nearest key above that exists."""
    node: Any = tree
    place = (0, 0)
    for depth, part in enumerate(fault.at, start=1):
        key = _find(node, part)
        if key is None:
            break
        scalar = not isinstance(node[key], CommentedMap | CommentedSeq | None)
        at_value = scalar and depth == len(fault.at) and not fault.key
        place = _position(node, key, at_value)
        node = node[key]
    return place


def _find(node: Any, part: str | int) -> Any:
    """The node's own key for a part of a location, or None where there is none."""
    if isinstance(node, CommentedMap):
        return next((key for key in node if str(key) == str(part)), None)
    inside = isinstance(node, CommentedSeq) and isinstance(part, int) and part < len(node)
    return part if inside else None


def _position(node: Any, key: Any, at_value: bool) -> tuple[int, int]:
    if isinstance(node, CommentedSeq):
        line, column = node.lc.item(key)
    else:
        line, column = node.lc.value(key) if at_value else node.lc.key(key)
    return int(line), int(column)
