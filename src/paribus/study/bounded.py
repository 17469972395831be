"""YAML as a person writes it: what only an attack or an accident holds is refused at its line.

A file of a few hundred bytes can stand for gigabytes, by aliases of aliases, or for more
brackets than any reader can follow. It is stopped here, while it is read, before anything is
made of it.
"""

from __future__ import annotations

from typing import Any

from ruamel.yaml.composer import Composer, ComposerError
from ruamel.yaml.constructor import ConstructorError, RoundTripConstructor
from ruamel.yaml.events import AliasEvent, ScalarEvent
from ruamel.yaml.nodes import Node

#: Brackets within brackets. A study has four.
DEEPEST = 20
#: Letters of one value; numbers of more digits than Python converts are longer still.
LONGEST = 2_000


class BoundedComposer(Composer):
    """Composes at most `most` keys and values, those that aliases stand for counted again."""

    def __init__(self, most: int, loader: Any = None) -> None:
        super().__init__(loader=loader)
        self.warn_double_anchors = False  # YAML lets a name be given again
        self._most = most
        self._values = 0
        self._sizes: dict[str, int] = {}

    def compose_node(self, parent: Any, index: Any) -> Any:
        """A node of the tree.

        Raises:
            ComposerError: at the place where there is too much of something, or a tag.
        """
        event, before = self.parser.peek_event(), self._values
        if isinstance(event, AliasEvent):
            if event.anchor in self.anchors and event.anchor not in self._sizes:
                _refuse(event, f"*{event.anchor} stands inside &{event.anchor}; it would never end")
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
            _refuse(event, f"at most {DEEPEST} levels of brackets or indentation are expected")
        if event.ctag is not None:
            _refuse(event, f"the tag {str(event.ctag)!r} came; a value without a tag is expected")
        if isinstance(event, ScalarEvent) and len(event.value) > LONGEST:
            _refuse(event, f"a value of at most {LONGEST:,} letters is expected")

    def _count(self, values: int, event: Any) -> None:
        self._values += values
        if self._values > self._most:
            _refuse(event, f"at most {self._most:,} keys and values are expected, aliases resolved")


class PlacedConstructor(RoundTripConstructor):
    """Says where the value is that can't be one, as the thirteenth month of a date."""

    def construct_object(self, node: Any, deep: bool = False) -> Any:
        """The value of a node.

        Raises:
            ConstructorError: with the node's place.
        """
        try:
            return super().construct_object(node, deep)
        except (ValueError, OverflowError) as error:
            raise ConstructorError(None, None, str(error), node.start_mark) from None


def _refuse(event: Any, expected: str) -> None:
    raise ComposerError(None, None, expected, event.start_mark)
