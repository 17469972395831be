"""A report on disk: tables, figures, Markdown, HTML and JSON from a study and its records."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from paribus.errors import RecordError
from paribus.events import ChartsMissing, Watch, quiet
from paribus.io.disk import write_file
from paribus.io.reading import UnfitError, leads_out, read_inside
from paribus.names import safe_name
from paribus.records.images import adopt_images
from paribus.report.blocks import Alert, Figure, Section, figures_in
from paribus.report.charts import svg
from paribus.report.charts.drawing import ChartsError, artist
from paribus.report.handin import HANDIN, handin
from paribus.report.images import is_whole_png
from paribus.report.markdown import markdown
from paribus.report.page import handin_page, page
from paribus.report.paper import items, write_paper
from paribus.report.results_json import results_json
from paribus.report.sections import sections
from paribus.report.sections.answer import lead
from paribus.results import Results
from paribus.tables import to_csv, to_csv_gz

#: Bytes of a kept image, far above those of any that is written here.
LARGEST_IMAGE = 1 << 24

#: The folders of what is written for a paper.
PAPER = ("paper", "paper/tables", "paper/figures")


def write_report(
    results: Results, *, images: bool = True, formats: Collection[str] = (), watch: Watch = quiet
) -> Path:
    """Write everything that is read of a study's results into their folder.

    `report.html`, `report.md`, `results.json`, `tables/` and `figures/` are each replaced in one
    step; `images/` holds the failed cases' images.

    Args:
        images: False leaves out the failed cases' images, and the report says so.
        formats: "md" and "latex" give `paper/` with tables and figures for a paper; "handin"
            gives `handin.html`, which is written again wherever there is one already.
        watch: hears it if the charts can't be drawn; the report then says so instead of them.
    """
    out = results.out
    parts, drawings = drawn(lambda: sections(results), watch)
    title, sentence = safe_name(results.study.name), lead(results)
    for_paper = [name for name in formats if name != "handin"]
    for name in ("tables", "figures", *(PAPER if for_paper else ())):
        if leads_out(out / name, out):
            raise RecordError(
                f"{out / name}: expected a folder, got a link that leads out of {out}"
            )
    write_tables(out / "tables", results.tables)
    for figure in figures(parts) if drawings else ():
        drawing = svg.standalone(drawings[f"{figure.name}-w"], figure.description)
        write_file(out / "figures" / f"{figure.name}.svg", drawing.encode())
    write_file(out / "results.json", results_json(results).encode())
    adopt_images(out)
    read = (lambda name: _image(out, name)) if images else None
    kept = (lambda name: read(name) is not None) if read else None
    write_file(out / "report.md", markdown(title, sentence, parts, kept, drawings).encode())
    write_file(out / "report.html", page(title, sentence, parts, read, drawings).encode())
    if "handin" in formats or (out / HANDIN).exists():
        printed = handin_page(title, sentence, handin(parts), read, drawings)
        write_file(out / HANDIN, printed.encode())
    if for_paper:
        made = list(items(parts, {setting.name for setting in results.settings}))
        write_paper(out / PAPER[0], title, sentence, made, drawings, for_paper, watch)
    return results.report


def drawn(
    make: Callable[[], Sequence[Section]], watch: Watch = quiet
) -> tuple[Sequence[Section], Mapping[str, svg.Svg]]:
    """The sections and all drawings of their charts; without any, the first section says why."""
    with artist() as draw:
        parts = make()
        charts = {name: chart for of in figures(parts) for name, chart in of.charts.items()}
        try:
            return parts, draw(charts)
        except ChartsError as error:
            missing = f"The charts are missing: the process that draws them {error}"
    watch(ChartsMissing(missing))
    rest = "Tables and texts are complete; `paribus report` draws the charts once this is fixed."
    alert = Alert("Without charts", [f"{missing}. {rest}"])
    return (replace(parts[0], blocks=[alert, *parts[0].blocks]), *parts[1:]), {}


def figures(parts: Sequence[Section]) -> Iterator[Figure]:
    """Every figure of a report."""
    return figures_in(block for part in parts for block in part.blocks)


def write_tables(folder: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    """One file a table; that of the steps, which is long, is compressed."""
    for name, frame in tables.items():
        if name == "steps":
            write_file(folder / "steps.csv.gz", to_csv_gz(frame))
        else:
            write_file(folder / f"{name}.csv", to_csv(frame))


def _image(out: Path, name: str) -> bytes | None:
    """A kept image, or None where there is none; out of `out` nothing is fetched into a page."""
    try:
        content = read_inside(out / "images" / name, out, LARGEST_IMAGE)
    except UnfitError:
        return None
    return content if is_whole_png(content) else None
