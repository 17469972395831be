"""Where runs come from that something else trained: what was read, what was taken to be so."""

from collections.abc import Iterator, Sequence

from paribus.names import safe_name
from paribus.narrative import words
from paribus.records.sources import SOURCES
from paribus.report.blocks import Block, Cell, Code, Paragraph, Table, note
from paribus.report.sections.provenance import study_file
from paribus.results import Results
from paribus.study.found import FoundStudy

#: Rows of a table; sources.json has all.
MOST_ROWS = 30
AGAIN = "paribus compare --study study.yaml"


def sources(results: Results) -> Iterator[Block]:
    """How settings, seeds and values were told, what was left out, and how to compare again."""
    if results.study.is_run_here:
        return
    yield Paragraph("What was read, what was taken to be so, what was left out, and why.")
    read = results.sources
    if read is None:
        yield Paragraph(f"It isn't known: there is no {SOURCES} that can be read.")
    else:
        files = words.count(len(read.files), "file")
        yield Paragraph(
            f"{words.count(len(read.runs), 'run')} count, from {files}. {SOURCES} has the SHA-256 "
            "of each file as it was read; the files themselves aren't copied."
        )
        yield from (note(safe_name(text)) for text in read.notes)
        yield from _left("Runs that don't count", ("Run", "Why"), read.left_out)
        expected = ("it was measured", "it names the setting")
        keys = [one for one in read.passed_over if one[1] not in expected]
        yield from _left("What differs between the runs and makes no setting", ("Key", "Why"), keys)
    yield Code("Study file", study_file(results.study))
    in_memory = isinstance(results.study, FoundStudy) and not results.study.compare.runs
    yield Code(
        "Save it as study.yaml and compare again with",
        'paribus.compare(frame, study="study.yaml")' if in_memory else AGAIN,
        "" if in_memory else "Paths are taken from the folder in which you run it.",
    )


def _left(
    caption: str, columns: tuple[str, str], rows: Sequence[tuple[str, str]]
) -> Iterator[Block]:
    if not rows:
        return
    more = len(rows) - MOST_ROWS
    first = [(safe_name(name), [Cell(safe_name(why))]) for name, why in rows[:MOST_ROWS]]
    yield Table(caption, columns, first, numeric=False)
    if more > 0:
        yield note(f"{more:,} more are in {SOURCES}.")
