"""What is odd about images is a sentence each; nothing is said where nothing is."""

from __future__ import annotations

from paribus.narrative.images import on_images
from paribus.narrative.words import NO_BREAK
from paribus.records.types import DataFacts


def facts(**odd: int) -> DataFacts:
    return DataFacts(source="folder", classes=("cat", "dog"), fingerprint="", **odd)


def plain(line: str) -> str:
    return line.replace(NO_BREAK, " ")


def test_nothing_is_said_of_ordinary_images() -> None:
    assert on_images(facts()) == ()


def test_files_of_which_not_everything_is_read_are_counted() -> None:
    (line,) = on_images(facts(animated=3))
    assert plain(line) == "3 files with several images: the first one of each is used."
    (line,) = on_images(facts(shortened=1))
    assert plain(line).startswith(
        "1 color image of 16 bits a channel: the 8 highest bits are read."
    )
