"""A YAML file as a tree with line numbers, so that problems have a place.

A few hundred bytes can stand for gigabytes, by aliases of aliases, or hold more brackets than
any parser can follow. Such a file is refused while it is read, before its values are built.
"""

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.composer import Composer, ComposerError
from ruamel.yaml.constructor import ConstructorError, DuplicateKeyError, RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent, ScalarEvent
from ruamel.yaml.nodes import Node
from ruamel.yaml.reader import ReaderError

from paribus.errors import Problem, StudyError
from paribus.io.reading import read_whole
from paribus.study import yaml_errors
from paribus.study.faults import Fault, short

#: Levels of nesting. A study has four.
DEEPEST = 20
#: Characters of one value; numbers with more digits than Python converts are longer still.
LONGEST = 2_000
TWICE = "this key is given twice; keep one"
TOO_DEEP = f"expected at most {DEEPEST} levels of nesting, got more"
#: So many brackets in a row are refused unread: the scanner takes a second for 100,000 of them.
_DEEP = re.compile(r"(?:[\[{]\s*){200}")


def read_text(path: Path, what: str, largest: int) -> str:
    """The text of a file; the error names `what` it should hold, such as "a study".

    Raises:
        StudyError: the file can't be read, has more than `largest` bytes or isn't UTF-8.
    """
    try:
        return read_whole(path, largest).decode("utf-8")
    except OSError as error:
        raise _file_error(str(path), f"{what} can't be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        message = f"byte {error.start} is not UTF-8; save it as UTF-8"
        raise _file_error(str(path), message, line) from None


def load(text: str, file: str, most: int) -> CommentedMap:
    """The tree of a text; `file` is the name that problems carry.

    Raises:
        StudyError: the text isn't YAML, has more than `most` keys and values, or is no mapping.
    """
    if deep := _DEEP.search(text):
        line = text.count("\n", 0, deep.start()) + 1
        raise _file_error(file, TOO_DEEP, line)
    reader = YAML(typ="rt", pure=True)
    reader.Composer = partial(_BoundedComposer, most)  # type: ignore[assignment]  # it is called
    reader.Constructor = _PlacedConstructor
    try:
        tree = reader.load(text)
    except DuplicateKeyError as error:
        raise _file_error(file, TWICE, *yaml_errors.in_words(error)[:2]) from None
    except _RefusedError as error:
        raise _file_error(file, str(error.problem), *yaml_errors.in_words(error)[:2]) from None
    except MarkedYAMLError as error:
        line, column, message = yaml_errors.in_words(error)
        raise _file_error(file, message, line, column) from None
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        message = f"expected text, got the character {ord(text[error.position]):#x}"
        raise _file_error(file, message, line) from None
    except (YAMLError, ValueError, RecursionError) as error:
        message = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise _file_error(file, f"not YAML: {message}") from None
    if not isinstance(tree, CommentedMap):
        got = "a list" if isinstance(tree, CommentedSeq) else short(plain(tree))
        raise _file_error(file, f"expected a mapping of keys such as `name:`, got {got}")
    twins = [Problem(line + 1, column + 1, "file", TWICE) for line, column in _twins(tree)]
    if twins:
        raise StudyError(file, twins)
    return tree


def key_text(key: Any) -> str:
    """A key as text; `true` is a name like any other."""
    return str(key).lower() if isinstance(key, bool) else str(key)


def plain(node: Any, real: Callable[[float], Any] = float) -> Any:
    """Plain Python for ruamel's values; `real` converts a decimal one, which keeps its digits."""
    match node:
        case Mapping():
            return {key_text(key): plain(value, real) for key, value in node.items()}
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


def scalar(text: str) -> str:
    """A text as the value of a key in a file, in quotes where it would be read as something else.

    `load` reads it back as it was, if it has no line break.
    """
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    writer.width = sys.maxsize
    written = StringIO()
    writer.dump({"text": text}, written)
    return written.getvalue().removeprefix("text: ").rstrip("\n")


# ---- places -------------------------------------------------------------------------------------


def problem(tree: CommentedMap, fault: Fault) -> Problem:
    """A fault at the place of its value or key, or of the nearest key above that exists."""
    node: Any = tree
    line = column = 0
    for depth, part in enumerate(fault.at, start=1):
        keys = _keys(node, part)
        if not keys:
            break
        (key,) = keys
        scalar = not isinstance(node[key], CommentedMap | CommentedSeq | None)
        line, column = _position(node, key, scalar and depth == len(fault.at) and not fault.key)
        node = node[key]
    return Problem(line + 1, column + 1, ".".join(map(str, fault.at)), fault.message)


def _keys(node: Any, part: str | int) -> list[Any]:
    """The node's key (it may be None) for a part of a location; empty if it has none."""
    if isinstance(node, CommentedMap):
        # Most keys are text, so one lookup is enough; others only print like the part.
        return [part] if part in node else [key for key in node if key_text(key) == str(part)][:1]
    inside = isinstance(node, CommentedSeq) and isinstance(part, int) and part < len(node)
    return [part] if inside else []


def _position(node: Any, key: Any, at_value: bool) -> tuple[int, int]:
    if isinstance(node, CommentedSeq):
        line, column = node.lc.item(key)
    else:
        line, column = node.lc.value(key) if at_value else node.lc.key(key)
    return int(line), int(column)


def _twins(node: Any) -> Iterator[tuple[int, int]]:
    """Positions of keys that become equal as text, such as `1` and `'1'`."""
    if isinstance(node, Mapping):
        names: set[str] = set()
        for key, value in node.items():
            if key_text(key) in names:
                yield _position(node, key, at_value=False)
            names.add(key_text(key))
            yield from _twins(value)
    elif isinstance(node, list):
        for value in node:
            yield from _twins(value)


def _file_error(file: str, message: str, line: int = 1, column: int = 1) -> StudyError:
    return StudyError(file, [Problem(line, column, "file", message)])


# ---- limits -------------------------------------------------------------------------------------


class _RefusedError(ComposerError):
    """YAML that is beyond a limit."""


class _BoundedComposer(Composer):
    """Composes at most `most` keys and values; an alias counts as its whole value."""

    def __init__(self, most: int, loader: Any = None) -> None:
        super().__init__(loader=loader)
        self.warn_double_anchors = False  # YAML allows reusing an anchor's name
        self._most = most
        self._values = 0
        self._sizes: dict[str, int] = {}

    def compose_node(self, parent: Any, index: Any) -> Any:
        """A node of the tree; raises ComposerError at a tag or beyond a limit."""
        event, before = self.parser.peek_event(), self._values
        if isinstance(event, AliasEvent):
            if event.anchor in self.anchors and event.anchor not in self._sizes:
                _refuse(event, f"*{event.anchor} is inside &{event.anchor}, which would never end")
            self._count(self._sizes.get(event.anchor, 1), event)
            return super().compose_node(parent, index)
        self._count(1, event)
        self._check(event)
        node: Node = super().compose_node(parent, index)
        if event.anchor is not None:
            self._sizes[event.anchor] = self._values - before
        return node

    def _check(self, event: Any) -> None:
        if self.depth >= DEEPEST:
            _refuse(event, TOO_DEEP)
        if event.ctag is not None:
            _refuse(event, f"expected a value without a tag, got the tag {str(event.ctag)!r}")
        if isinstance(event, ScalarEvent) and len(event.value) > LONGEST:
            got = len(event.value)
            _refuse(event, f"expected a value of at most {LONGEST:,} characters, got {got:,}")

    def _count(self, values: int, event: Any) -> None:
        self._values += values
        if self._values > self._most:
            limit = f"at most {self._most:,} keys and values (aliases resolved)"
            _refuse(event, f"expected {limit}, got more")


class _PlacedConstructor(RoundTripConstructor):
    """Gives errors of single values a place, such as the thirteenth month of a date."""

    def construct_object(self, node: Any, deep: bool = False) -> Any:
        """The value of a node; raises ConstructorError with the node's place."""
        try:
            return super().construct_object(node, deep)
        except (ValueError, OverflowError) as error:
            raise ConstructorError(None, None, str(error), node.start_mark) from None


# A date is text, as YAML 1.2 has it: JSON has no dates, and `name: 2024-01-31` is a name.
_PlacedConstructor.add_constructor(
    "tag:yaml.org,2002:timestamp", RoundTripConstructor.construct_yaml_str
)


def _refuse(event: Any, message: str) -> None:
    raise _RefusedError(None, None, message, event.start_mark)
