"""What `paribus report --format` writes for a paper: files of stable names that TeX sets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from paribus.cli import main
from paribus.errors import RecordError
from paribus.events import ChartsMissing, Event
from paribus.narrative.words import MINUS
from paribus.records.types import Record
from paribus.report.blocks import Heading, Section, Table
from paribus.report.charts import drawing
from paribus.report.charts.drawing import ChartsError
from paribus.report.paper import EACH, TABLES, Item, items
from paribus.report.sections import sections
from paribus.report.write import write_report
from paribus.study.folder import OWN
from paribus.study.spec import Question, Study
from report.reports import hostile, ordinary, results_of
from report.typeset import ENGINES, compiled
from synthetic import make_records, make_study
from undrawn import drawn

NAMES = {"main", "batch-norm", "l2"}


def written(study: Question, records: Sequence[Record], out: Path, *formats: str) -> Path:
    with drawn():
        write_report(results_of(study, records, out), formats=formats)
    return out / "paper"


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("paper")
    return written(ordinary().study, ordinary().records, out, "md", "latex")


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(hostile().study, hostile().records, tmp_path_factory.mktemp("names"), "latex")


@pytest.fixture(scope="module")
def made() -> list[Item]:
    return list(items(sections(results_of(ordinary().study, ordinary().records)), NAMES))


def files_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_tables_have_names_that_follow_from_section_and_setting(paper: Path) -> None:
    expected = {"answer", "claims", "claims-2", "classes", "comparison", "settings", "metrics"}
    expected |= {f"{kind}-{name}" for kind in ("confusion", "report") for name in NAMES}
    expected |= {"seeds", "tests-batch-norm", "tests-l2"}
    assert files_in(paper / "tables") == {f"{n}.{ext}" for n in expected for ext in ("tex", "md")}


def test_every_place_that_is_declared_is_one_of_some_report(made: list[Item]) -> None:
    found = {(item.section, item.name) for item in made}
    looks = make_study(seeds=3, epochs=3)
    looks = Study.model_validate(
        looks.model_dump() | {"seeds": {"until": "decided", "looks": [3, 6]}}
    )
    parts = sections(results_of(looks, make_records(looks, images=60)))
    found |= {(item.section, item.name) for item in items(parts, NAMES)}
    for (anchor, heading), name in TABLES.items():
        if heading in ("", EACH) and anchor != "tests":
            ends = name if heading == "" else f"{name}-main"
            assert (Section(anchor, []).title, ends) in found
        elif heading == "Look by look":
            assert (Section(anchor, []).title, "looks") in found


def test_a_heading_names_no_table_unless_it_is_declared() -> None:
    table = Table("", ("",), [])
    parts = [Section("tests", [Heading("New seeds"), table, Heading("l2"), table])]
    assert [item.name for item in items(parts, NAMES)] == ["tests-l2"]


def test_every_number_of_every_table_is_in_its_file(paper: Path, made: list[Item]) -> None:
    checked = 0
    for item in made:
        if isinstance(item.shows, Table):
            tex = (paper / "tables" / f"{item.name}.tex").read_text("utf-8")
            plain = tex.replace("$-$", MINUS).replace("\\", "")
            for _, cells in item.shows.rows:
                for cell in cells:
                    for number in re.findall(rf"{MINUS}?\d[\d.,]*", f"{cell.text} {cell.detail}"):
                        assert number in plain
                        checked += 1
    assert checked > 500


def test_nothing_in_a_table_links_to_the_report(paper: Path, made: list[Item]) -> None:
    claims = next(item.shows for item in made if item.name == "claims")
    assert isinstance(claims, Table) and claims.head == ("Claim", "Verdict")
    for path in (paper / "tables").glob("*.md"):
        assert "](#" not in path.read_text("utf-8") and "<a id" not in path.read_text("utf-8")


def test_every_figure_is_a_pdf_of_one_page_and_an_svg(paper: Path) -> None:
    report = {path.stem for path in (ordinary().out / "figures").iterdir()}
    assert files_in(paper / "figures") == {f"{n}.{ext}" for n in report for ext in ("pdf", "svg")}
    for path in (paper / "figures").glob("*.pdf"):
        content = path.read_bytes()
        assert content.startswith(b"%PDF-") and len(re.findall(rb"/Type /Page\b", content)) == 1
        assert b"/FontFile" in content  # letters are text, in fonts that the file has


def test_figures_are_as_wide_as_one_column_or_two(paper: Path) -> None:
    columns = {85: 0, 175: 0}
    for path in (paper / "figures").glob("*.pdf"):
        box = re.search(rb"/MediaBox \[\S+ \S+ (\S+) (\S+)\]", path.read_bytes())
        assert box is not None
        width, height = (float(points) * 25.4 / 72 for points in box.groups())
        assert width <= 176 and height <= 230
        for column in columns:
            columns[column] += column - 5 <= width <= column + 1
    assert sum(columns.values()) == len(list((paper / "figures").glob("*.pdf")))
    assert min(columns.values()) >= 3


def test_a_paper_written_again_is_the_same_but_for_the_order_in_its_pdfs(
    paper: Path, tmp_path: Path
) -> None:
    again = written(ordinary().study, ordinary().records, tmp_path, "md", "latex")
    files = [path for path in paper.rglob("*") if path.is_file()]
    assert len(files) > 40
    for path in files:
        now, before = (again / path.relative_to(paper)).read_bytes(), path.read_bytes()
        assert len(now) == len(before) if path.suffix == ".pdf" else now == before


@pytest.mark.parametrize("engine", ENGINES)
def test_the_paper_compiles_as_it_stands(engine: str, paper: Path, tmp_path: Path) -> None:
    pdf = compiled(paper / "paper.tex", engine, tmp_path)
    log = pdf.with_suffix(".log").read_text("utf-8", "replace")
    too_wide = [float(points) for points in re.findall(r"Overfull \\hbox \(([\d.]+)pt", log)]
    assert max(too_wide, default=0.0) < 2 and "Float too large" not in log


@pytest.mark.parametrize("engine", ENGINES)
def test_the_paper_of_hostile_names_compiles(engine: str, names: Path, tmp_path: Path) -> None:
    compiled(names / "paper.tex", engine, tmp_path)


def test_one_format_writes_no_file_of_the_other_and_leaves_others_alone(tmp_path: Path) -> None:
    study = make_study(seeds=1, epochs=2, settings=["main"])
    mine = tmp_path / "paper" / "tables" / "mine.tex"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    shown = written(study, make_records(study, images=30), tmp_path, "md")
    assert mine.read_text() == "mine"
    assert {path.name for path in shown.rglob("*.tex")} == {"mine.tex"}
    assert list((shown / "tables").glob("*.md")) and list((shown / "figures").glob("*.pdf"))


@pytest.mark.parametrize("name", ["paper", "paper/tables", "paper/figures"])
def test_a_link_out_of_the_folder_is_refused(name: str, tmp_path: Path) -> None:
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    elsewhere.mkdir()
    (out / name).parent.mkdir(parents=True)
    (out / name).symlink_to(elsewhere)
    study = make_study(seeds=1, epochs=2, settings=["main"])
    results = results_of(study, make_records(study, images=30), out)
    with pytest.raises(RecordError, match="a link that leads out"):
        write_report(results, formats=("latex",))
    assert not list(elsewhere.iterdir())


def refuse(_: object) -> None:
    raise ChartsError("was ended by SIGTRAP")


@pytest.mark.parametrize("fails", ["the charts", "their PDFs"])
def test_a_paper_without_pdfs_has_no_figures_and_it_is_said(
    fails: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    study = make_study(seeds=2, epochs=2, settings=["main", "l2"])
    told: list[Event] = []
    results = results_of(study, make_records(study, images=60), tmp_path)
    if fails == "the charts":
        monkeypatch.setattr(drawing, "ARTIST", ("/nowhere/python",))
    else:
        monkeypatch.setattr("paribus.report.paper.pdfs_of", refuse)
    with drawn():
        write_report(results, formats=("latex",), watch=told.append)
    assert [type(event) for event in told] == [ChartsMissing]
    text = (tmp_path / "paper" / "paper.tex").read_text()
    assert r"\input{tables/answer.tex}" in text and "includegraphics" not in text


def test_the_folder_is_known_as_our_own() -> None:
    assert "paper" in OWN


def test_the_command_writes_it_beside_the_report_and_refuses_other_formats(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = make_study(seeds=1, epochs=2, settings=["main"])
    results = results_of(study, make_records(study, images=30), tmp_path)
    monkeypatch.setattr("paribus.pipeline.read_study_copy", lambda _: study)
    monkeypatch.setattr("paribus.pipeline.read_results", lambda *_, **__: results)
    with drawn():
        done = CliRunner().invoke(main, ["report", str(tmp_path), "--format", "latex"])
    assert done.exit_code == 0 and done.stdout == f"{tmp_path / 'report.html'}\n"
    assert (tmp_path / "paper" / "paper.tex").is_file()
    assert not list((tmp_path / "paper").rglob("*.md"))
    done = CliRunner().invoke(main, ["report", str(tmp_path), "--format", "word"])
    assert done.exit_code == 2 and "'md', 'latex'" in done.stderr
