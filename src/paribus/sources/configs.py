"""Configurations: trees from YAML or JSON, and their dotted, flat form.

YAML is read from its events: no tag ever builds an object, and aliases count as all that they
stand for. Most files are so plain, a key and a scalar a line, that a regular expression reads
them a hundred times faster than any parser in Python.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from paribus.errors import SourceError
from paribus.io import strict_json
from paribus.sources.files import content, is_file, text_of
from paribus.sources.nested import dotted
from paribus.sources.run import Value

#: Bytes of a file; in JSON, brackets and commas; keys and values in YAML, and its levels.
LARGEST_YAML, LARGEST_JSON = 1_000_000, 32_000_000
MOST_BRACKETS, MOST_COMMAS = 1_000_000, 8_000_000
MOST_VALUES, DEEPEST = 20_000, 40
#: Digits of a whole number; more of them are text.
MOST_DIGITS = 30

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_REAL = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)(e[-+]?[0-9]+)?", re.IGNORECASE)
_ODD_REAL = re.compile(r"([-+]?)\.(inf|nan)", re.IGNORECASE)
_WORDS: dict[str, bool | None] = {"": None, "~": None, "null": None, "true": True, "false": False}

_SCALAR = r"(?:[A-Za-z0-9_./+~]|-(?=[0-9.]))(?:(?!: | #|:$)[^\n])*|'[^'\n]*'|\"\"|\{\}|\[\]"
_LINE = re.compile(rf"( *)(?:(- )|([A-Za-z_][\w./-]*):(?: |$))({_SCALAR})?")


def flat(tree: Mapping[str, Any], join: str = ".") -> dict[str, Value]:
    """Dotted names and plain values of a tree; a list is its text as JSON."""
    return {
        name: value if type(value) in _AS_IT_IS else _plain(value)
        for name, value in dotted(tree, join)
    }


#: Of these types are nearly all values.
_AS_IT_IS = frozenset((float, str, bool, type(None)))


def _plain(value: Any) -> Value:
    if isinstance(value, dict | list):
        return strict_json.dumps(value)
    if isinstance(value, int) and abs(value) >= 1 << 63:
        return str(value)
    return value if value is None or isinstance(value, str | int | float) else str(value)


def config_at(path: Path) -> tuple[dict[str, Value], tuple[str, ...]]:
    """The flat configuration in a YAML file, and what is lost of it; none where no file is.

    Raises ReadError if it can't be read now.
    """
    if not is_file(path):
        return {}, ()
    try:
        tree = read_yaml(path)
    except SourceError as error:
        return {}, (str(error),)
    if isinstance(tree, Mapping):
        return flat(tree), ()
    return {}, () if tree is None else (f"{path}: expected a mapping of keys",)


def read_json(path: Path, largest: int = LARGEST_JSON) -> Any:
    """The value of a JSON file, in which numbers may be NaN or infinite, as Python writes them.

    Raises:
        SourceError: it isn't there, isn't JSON, or is too large or deep.
        ReadError: it can't be read now.
    """
    return parse_json(content(path, largest), str(path))


def parse_json(raw: bytes, where: str) -> Any:
    """The value of a JSON text; raises SourceError that begins with `where`."""
    from pydantic_core import from_json  # here, as in strict_json: its import takes time

    if raw.count(b"{") + raw.count(b"[") > MOST_BRACKETS or raw.count(b",") > MOST_COMMAS:
        raise SourceError(f"{where}: more lists and values than can be read")
    try:
        return from_json(raw.removeprefix(b"\xef\xbb\xbf"))
    except ValueError as error:
        raise SourceError(f"{where}: not JSON: {error}") from None


# ---- YAML ---------------------------------------------------------------------------------------


def read_yaml(path: Path) -> Any:
    """The plain value of a YAML file; of a tagged value, its text or its plain parts.

    Raises:
        SourceError: it isn't there, isn't YAML, or is beyond a limit.
        ReadError: it can't be read now.
    """
    text = text_of(path, LARGEST_YAML)
    tree = _simple(text)
    return _parsed(text, path) if tree is None else tree


def _simple(text: str) -> dict[str, Any] | None:
    """The tree of a file with `key: scalar` or `- scalar` in each line; None for any other."""
    root: dict[str, Any] = {}
    #: Mappings that are open, with their indents; the deepest is the last.
    stack: list[tuple[int, dict[str, Any]]] = [(0, root)]
    key, indent, open_value = "", 0, False  # of the last line with a key; nothing stood behind it
    for line in text.splitlines():
        match = _LINE.fullmatch(line.rstrip())
        if match is None:
            return None
        spaces, item, name, scalar = len(match[1]), match[2], match[3], match[4]
        values = stack[-1][1].get(key)
        if item is not None:
            if scalar is None or not open_value or spaces < indent:
                return None
            if values is None:
                values = stack[-1][1][key] = []
            if not isinstance(values, list):
                return None
            values.append(_written(scalar))
            continue
        if spaces > indent:
            if not open_value or values is not None or len(stack) > DEEPEST:
                return None
            inner: dict[str, Any] = {}
            stack[-1][1][key] = inner
            stack.append((spaces, inner))
        while stack[-1][0] > spaces:
            stack.pop()
        if stack[-1][0] != spaces:
            return None
        stack[-1][1][name] = None if scalar is None else _written(scalar)
        key, indent, open_value = name, spaces, scalar is None
    return root or None


def _written(scalar: str) -> Any:
    if scalar[0] in "'\"":
        return scalar[1:-1]
    if scalar in ("{}", "[]"):
        return {} if scalar == "{}" else []
    return plain(scalar)


def plain(text: str) -> Value:
    """The value of a plain scalar of YAML 1.2, in which dates are text."""
    if (word := text.lower()) in _WORDS:
        return _WORDS[word]
    if _INTEGER.fullmatch(text) and len(text) <= MOST_DIGITS:
        return int(text)
    if match := _ODD_REAL.fullmatch(text):
        return float(match[1] + match[2])
    return float(text) if _REAL.fullmatch(text) else text


def _parsed(text: str, path: Path) -> Any:
    from ruamel.yaml import YAML  # here: few files need it
    from ruamel.yaml.error import YAMLError

    try:
        return _Tree(iter(YAML(typ="safe", pure=True).parse(text))).root()
    except (YAMLError, ValueError, RecursionError) as error:
        lines = str(error).splitlines()
        raise SourceError(f"{path}: not YAML that can be read: {'; '.join(lines[:1])}") from None


class _Tree:
    """Builds plain values from the events of a parser; refuses by ValueError."""

    def __init__(self, events: Iterator[Any]) -> None:
        self._events = (event for event in events if type(event).__name__ not in _FRAME)
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._values = 0

    def root(self) -> Any:
        event = next(self._events, None)
        return None if event is None else self._value(event, 0)

    def _value(self, event: Any, depth: int) -> Any:
        kind, before = type(event).__name__, self._values
        if depth > DEEPEST:
            raise ValueError(f"more than {DEEPEST} levels of nesting")
        if kind == "AliasEvent":
            if event.anchor not in self._anchors:
                raise ValueError(f"*{event.anchor} stands for nothing, or for itself")
            value, size = self._anchors[event.anchor]
            self._count(size)
            return value
        self._count(1)
        if kind == "ScalarEvent":
            value = _scalar(event)
        elif kind == "SequenceStartEvent":
            value = list(self._items(depth))
        else:
            value = self._mapping(depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = value, self._values - before
        return value

    def _items(self, depth: int) -> Iterator[Any]:
        for event in self._events:
            if type(event).__name__ in ("SequenceEndEvent", "MappingEndEvent"):
                return
            yield self._value(event, depth + 1)

    def _mapping(self, depth: int) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        items = self._items(depth)
        for key, value in zip(items, items, strict=True):
            if key == "<<" and isinstance(value, Mapping):
                mapping = {**value, **mapping}
            else:
                mapping[key if isinstance(key, str) else strict_json.dumps(key)] = value
        return mapping

    def _count(self, values: int) -> None:
        self._values += values
        if self._values > MOST_VALUES:
            raise ValueError(f"more than {MOST_VALUES:,} keys and values (aliases resolved)")


_FRAME = {"StreamStartEvent", "StreamEndEvent", "DocumentStartEvent", "DocumentEndEvent"}


def _scalar(event: Any) -> Value:
    tag = None if event.ctag is None else str(event.ctag)
    if tag is not None:  # `!!python/name:torch.nn.ReLU ''` has no other text than its tag
        return str(event.value) or tag.rpartition(":")[2]
    return str(event.value) if event.style else plain(event.value)
