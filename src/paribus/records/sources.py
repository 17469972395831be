"""`sources.json` beside the results: which runs were read, from which files, and what was left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from paribus.io.disk import write_file
from paribus.io.reading import UnfitError, read_inside
from paribus.io.strict_json import loads
from paribus.records.bounds import Count, Seed, Sha256, Text
from paribus.records.types import Frozen

SOURCES = "sources.json"
#: Bytes of the file, enough for 20,000 runs of ten files each.
LARGEST = 1 << 26
#: How much a sentence on changes names.
MOST_NAMED = 5


class ReadRun(Frozen):
    """A run that counts: where it is in the study, what it is called in its source, its files."""

    setting: Text
    seed: Seed
    name: Text
    digest: Text
    files: tuple[Count, ...] = ()


class ReadFile(Frozen):
    """A file that was read, as it was then."""

    path: Text
    sha256: Sha256


class Sources(Frozen):
    """What results were made of.

    Attributes:
        pairing: what pairs of runs rest on, a sentence.
        left_out: name of a run that doesn't count, and why.
        passed_over: key that differs between runs and makes no setting, and why.
        notes: what was taken to be so without being declared, and what couldn't be read.
        warnings: what may make the values wrong, sentences.
        statuses_known: every source says whether its run finished.
    """

    files: tuple[ReadFile, ...]
    runs: tuple[ReadRun, ...]
    pairing: Text = ""
    left_out: tuple[tuple[Text, Text], ...] = ()
    passed_over: tuple[tuple[Text, Text], ...] = ()
    notes: tuple[Text, ...] = ()
    warnings: tuple[Text, ...] = ()
    statuses_known: bool = True


def write_sources(out: Path, sources: Sources) -> None:
    """Keep them with the results."""
    write_file(out / SOURCES, sources.model_dump_json(indent=1).encode())


def read_sources(out: Path) -> Sources | None:
    """Those of a folder of results; None where there are none that can be read."""
    try:
        return Sources.model_validate(loads(read_inside(out / SOURCES, out, LARGEST)))
    except (UnfitError, ValueError, TypeError):
        return None


def changes_since(before: Sources, now: Sources) -> tuple[str, ...]:
    """What is otherwise than when results were last made, in sentences; none if nothing is."""
    old, new = ({(run.setting, run.seed): run for run in of.runs} for of in (before, now))
    added = [key for key in new if key not in old]
    gone = [key for key in old if key not in new]
    other = [key for key in new if key in old and new[key].digest != old[key].digest]
    parts: Mapping[str, Sequence[tuple[str, int]]] = {
        "new": added,
        "no longer there": gone,
        "with other values": other,
    }
    return tuple(
        f"{len(keys):,} {'run is' if len(keys) == 1 else 'runs are'} {what}: {_named(keys)}."
        for what, keys in parts.items()
        if keys
    )


def _named(keys: Sequence[tuple[str, int]]) -> str:
    first = "; ".join(f"{setting}, seed {seed}" for setting, seed in keys[:MOST_NAMED])
    more = len(keys) - MOST_NAMED
    return f"{first}; and {more:,} more" if more > 0 else first
