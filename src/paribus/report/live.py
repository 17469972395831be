"""The report while a study trains: how far it has come, its curves, and no test of any difference.

`paribus run --open` starts this module as a program of its own, which writes the page once: what it
costs or what ends it doesn't touch the training. The finished report takes the page's place.
"""

import os
import signal
import sys
from datetime import datetime
from pathlib import Path

from paribus.errors import ParibusError
from paribus.io.disk import write_file
from paribus.io.lock import writing_report
from paribus.io.reading import UnfitError, read_inside
from paribus.names import safe_name
from paribus.records.store import recorded_runs
from paribus.report.blocks import Section
from paribus.report.page import live_page
from paribus.report.sections import RESULTS
from paribus.report.sections.answer import lead
from paribus.report.sections.progress import STOPPED, UNDER_WAY, progress
from paribus.report.write import drawn
from paribus.results import Results, so_far
from paribus.study.ledger import note_look
from paribus.study.read import read_records, read_study_copy

#: Seconds after which the page loads itself again.
REFRESH = 20
#: How far the program stands back where others need the processor, of 19.
NICENESS = 10
#: Bytes of a page.
LARGEST = 1 << 26

_RELOADS = f'<meta http-equiv="refresh" content="{REFRESH}">\n'


def write_live(out: Path) -> None:
    """Write `report.html` of the runs so far, and note in the ledger that they are looked at.

    Raises:
        RecordError: `out` isn't a folder of results.
        InUseError: another process has been writing the report for minutes.
        DiskError: nothing can be written there.
    """
    study = read_study_copy(out)
    with writing_report(out):
        results = so_far(read_records(out, study))
        written = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")
        parts, drawings = drawn(lambda: _sections(results, written))
        title = safe_name(results.study.name)
        page = live_page(title, lead(results), parts, drawings, _RELOADS)
        if results.records:
            note_look(out, len(results.records), "report")  # before anyone can
        write_file(results.report, page.encode())


def _sections(results: Results, written: str) -> tuple[Section, ...]:
    curves = list(RESULTS["loss"](results)) if results.records else []
    parts = [Section("progress", list(progress(results, written))), Section("loss", curves)]
    return tuple(part for part in parts if part.blocks)


def mark_stopped(out: Path) -> None:
    """Let a page of the runs so far say that the study was stopped, and no longer load itself.

    Any other report is left as it is.
    """
    with writing_report(out):
        try:
            page = read_inside(out / "report.html", out, LARGEST).decode()
        except (UnfitError, ValueError):
            return
        if _RELOADS in page:
            stopped = page.replace(_RELOADS, "", 1).replace(UNDER_WAY, STOPPED, 1)
            write_file(out / "report.html", stopped.encode())


def main(out: str) -> None:
    """Write the page once, giving way to what trains; SIGTERM leaves nothing half-written.

    The first page, which someone waits for, gives way to nothing: no run has ended yet.
    """
    if recorded_runs(Path(out)):
        os.nice(NICENESS)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        write_live(Path(out))
    except ParibusError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(sys.argv[1])
