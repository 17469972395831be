"""A report on disk: tables, figures, Markdown, HTML and JSON from a study and its records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from paribus.analyses import read_all_interventions, read_explained
from paribus.disk import write_file
from paribus.records import Record
from paribus.report import svg, words
from paribus.report.blocks import Figure, figures
from paribus.report.machine import results_json
from paribus.report.markdown import markdown
from paribus.report.page import page
from paribus.report.sections import sections
from paribus.report.sections.answer import lead
from paribus.report.summary import summarise
from paribus.study.spec import Study
from paribus.tables import to_csv, to_csv_gz


def write_report(
    out: Path, study: Study, records: Sequence[Record], *, pictures: bool = True
) -> Path:
    """Write everything that is read of a study's results into the folder `out`.

    Args:
        out: where `report.html`, `report.md`, `results.json`, `tables/` and `figures/` go, each
            replaced in one step; `out/pictures` holds the failed cases' pictures, and
            `out/analysis` what was learnt of the networks.
        records: of the study's runs, failed ones too; runs without one are said to be absent.
        pictures: False leaves out the failed cases' pictures, and the report says so.

    Returns:
        The page to open in a browser.
    """
    analysed, explained = read_all_interventions(out, records), read_explained(out, records)
    summary = summarise(study, records, analysed, explained)
    parts = sections(summary)
    title, sentence = words.name(study.name), lead(summary)
    folder = out / "pictures"
    write_tables(out / "tables", summary.tables)
    write_figures(out / "figures", figures(parts))
    write_file(out / "results.json", results_json(summary).encode())
    kept = (lambda name: (folder / name).is_file()) if pictures else None
    write_file(out / "report.md", markdown(title, sentence, parts, kept).encode())
    read = (lambda name: _read(folder / name)) if pictures else None
    write_file(out / "report.html", page(title, sentence, parts, read).encode())
    return out / "report.html"


def write_tables(folder: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    """One file a table; that of the steps, which is long, is compressed."""
    for name, frame in tables.items():
        if name == "steps":
            write_file(folder / "steps.csv.gz", to_csv_gz(frame))
        else:
            write_file(folder / f"{name}.csv", to_csv(frame))


def write_figures(folder: Path, drawn: Sequence[Figure]) -> None:
    """One SVG file a figure, in the colours of paper."""
    for figure in drawn:
        text = svg.standalone(figure.wide, figure.description)
        write_file(folder / f"{figure.name}.svg", text.encode())


def _read(picture: Path) -> bytes | None:
    return picture.read_bytes() if picture.is_file() else None
