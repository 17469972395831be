"""The report inside a notebook; elsewhere it opens in the browser."""

from __future__ import annotations

import os
from html import escape
from pathlib import Path
from urllib.parse import quote

from paribus.errors import RecordError
from paribus.io.notebook import Output, in_notebook
from paribus.io.reading import UnfitError, read_whole
from paribus.names import printable
from paribus.report.browser import opened

#: Bytes of a report that becomes part of the notebook; Jupyter's server drops outputs of 3 MB.
LARGEST = 2_000_000
#: Bytes of any report.
LARGEST_REPORT = 1 << 28


def show(report: Path, height: int) -> None:
    """Show a report: in a notebook below the cell, `height` pixels high, else in the browser.

    Where there is no browser either, it prints where the report is.

    Raises:
        RecordError: there is no report.
    """
    if not report.is_file():
        folder = str(report.parent)
        raise RecordError(f"{report}: no report yet; paribus.rebuild_report({folder!r}) writes it")
    if in_notebook():
        Output().show(framed(report, height), f"Report: {printable(str(report))}")
    elif not opened(report):
        print(f"Report: {printable(str(report))}")


def framed(report: Path, height: int) -> str:
    """A report in a frame of its own, where its script runs apart from the notebook.

    A report of up to 2 MB is part of the frame, so that a saved notebook has it wherever it goes.
    A larger one stays a file, which Jupyter shows while it lies below the notebook's folder.
    """
    try:
        page = read_whole(report, LARGEST_REPORT).decode(errors="replace")
    except UnfitError as error:
        raise RecordError(f"{report}: can't be read ({error.strerror})") from None
    if len(page) <= LARGEST:
        source = f'srcdoc="{_quoted(page)}"'
    else:
        source = f'src="{escape(quote(os.path.relpath(report)))}"'
    where = escape(printable(str(report)))
    return (
        f'<iframe {source} title="Report" sandbox="allow-scripts" '
        f'style="width: 100%; height: {height}px; border: 1px solid #8888"></iframe>\n'
        f"<p>{where}</p>"
    )


def _quoted(page: str) -> str:
    """A page as the value of an attribute; what else is escaped would only make it larger."""
    return page.replace("&", "&amp;").replace('"', "&quot;")
