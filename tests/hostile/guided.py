"""Fuzzing that sees which lines its inputs reach, by atheris; `make fuzz` runs it.

    python tests/hostile/guided.py study|facts|curves|image SECONDS

An input that ends in anything but the error that is promised is kept beside, as `crash-...`.
"""

from __future__ import annotations

import hashlib
import random
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import atheris

sys.path.insert(0, str(Path(__file__).parents[1]))

with atheris.instrument_imports(include=["paribus", "ruamel.yaml", "PIL"]):
    from hostile.mutations import mutate
    from hostile.results import FIRST, a_study, seal, write_results
    from hostile.studies import GOOD
    from paribus.data.decode import decode
    from paribus.data.pixels import UnusableError
    from paribus.errors import RecordError, StudyError
    from paribus.records.store import CURVES, FACTS, read_record
    from paribus.study.read import parse_study

#: A slow input is as bad as one that crashes.
SECONDS_AN_INPUT, MEGABYTES = 10, 2_000


def study(data: bytes) -> None:
    """Any text is a study or is refused."""
    try:
        parse_study(data.decode("utf-8", "replace"))
    except StudyError as error:
        assert error.problems


def image(data: bytes) -> None:
    """Any bytes are an image or are unusable."""
    try:
        decode(data)
    except UnusableError as error:
        assert str(error)


def in_a_record(name: str) -> Callable[[bytes], None]:
    """Any bytes as a file of a record, under sums that are right."""
    out = Path(tempfile.mkdtemp(prefix="paribus-fuzz-"))
    write_results(out, a_study())

    def record(data: bytes) -> None:
        (out / FIRST / name).write_bytes(data)
        seal(out / FIRST)
        try:
            read_record(out / FIRST)
        except RecordError as error:
            assert str(error)

    return record


def seeds(target: str) -> list[bytes]:
    """What to begin with: good inputs and slightly damaged ones."""
    if target == "study":
        good = [GOOD.encode()]
    elif target == "image":
        from hostile.test_images import SMALL

        good = list(SMALL.values())
    else:
        out = Path(tempfile.mkdtemp(prefix="paribus-fuzz-"))
        write_results(out, a_study())
        good = [(out / FIRST / {"facts": FACTS, "curves": CURVES}[target]).read_bytes()]
    draw = random.Random(0)
    return good + [mutate(content, draw) for content in good for _ in range(20)]


TARGETS: dict[str, Callable[[], Callable[[bytes], None]]] = {
    "study": lambda: study,
    "image": lambda: image,
    "facts": lambda: in_a_record(FACTS),
    "curves": lambda: in_a_record(CURVES),
}


def main(target: str, seconds: str) -> Any:
    """Fuzz one target for so many seconds."""
    corpus = Path(tempfile.mkdtemp(prefix="paribus-corpus-"))
    for content in seeds(target):
        (corpus / hashlib.sha256(content).hexdigest()).write_bytes(content)
    limits = [f"-timeout={SECONDS_AN_INPUT}", f"-rss_limit_mb={MEGABYTES}", "-max_len=20000"]
    words = [sys.argv[0], f"-max_total_time={seconds}", *limits, str(corpus)]
    atheris.Setup(words, TARGETS[target]())
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
