"""A hundred payloads in every name and text of a study and its records: none does anything.

No script runs and no request leaves in a real browser, with the page's policy and without it;
Markdown makes no tag of them, a spreadsheet no formula, a terminal no command.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import shutil
import unicodedata
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from markdown_it import MarkdownIt
from playwright.sync_api import Browser, Dialog, Request

from effort import EFFORT, telling, tries
from hostile.payloads import FORMULAS, HTML, MARKDOWN, PAYLOADS, STEERING, TEMPLATES, TERMINAL
from hostile.poisoned import analyze, line, write_results
from paribus import pipeline
from paribus.errors import StudyError
from paribus.names import printable
from paribus.report.write import write_report
from paribus.results import read_results
from paribus.study.read import parse_study
from report.reports import results_of
from synthetic import make_records, make_study
from undrawn import drawn


def test_there_are_a_hundred_different_ones() -> None:
    assert len(set(PAYLOADS)) == len(PAYLOADS) >= 100


WHICH = telling(["few", "many"], "few")
each = pytest.mark.parametrize("which", WHICH)


@dataclass(frozen=True)
class Reports:
    """A report of few classes, which shows matrices; one of a hundred; and a harmless one."""

    few: Path
    many: Path
    harmless: Path


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Reports:
    place = tmp_path_factory.mktemp("names")
    some = PAYLOADS[len(HTML) :: 5 if EFFORT else 10]
    with drawn():
        write_results(place / "few", [*HTML[:12], STEERING, *some], first=0)
        if "many" in WHICH:
            write_results(place / "many", PAYLOADS, first=50)
    study = make_study(seeds=2, epochs=2, settings=["main", "l2"])
    records = make_records(study, images=60, failing=("l2", 1))
    for record in records:
        analyze(place / "harmless", record)
    with drawn():
        write_report(results_of(study, records, place / "harmless"))
    return Reports(place / "few", place / "many", place / "harmless")


@pytest.fixture(scope="module")
def usual(reports: Reports, browser: Browser) -> set[str]:
    """The elements of a harmless page whose explorer was used."""
    return visit(browser, reports.harmless / "report.html", ROAM).elements


# ---- in a browser ---------------------------------------------------------------------------


@dataclass
class Seen:
    """What a page did by itself."""

    asked: list[str]
    complaints: list[str]
    hits: int
    elements: set[str]
    handlers: list[str]


def visit(browser: Browser, file: Path, act: str = "() => {}") -> Seen:
    """Open a file, do something in it, and wait for what it may do; `hit()` is there to be called.

    Args:
        act: a function of JavaScript, which is given the payloads.
    """
    page = browser.new_page()
    hits: list[str] = []
    asked: list[Request] = []
    complaints: list[str] = []

    def noticed(dialog: Dialog) -> None:
        hits.append(dialog.message)
        dialog.dismiss()

    page.expose_function("hit", lambda: hits.append("hit"))
    page.on("request", lambda request: asked.append(request))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("dialog", noticed)
    page.route("http*://**", lambda route: route.abort())
    page.goto(file.as_uri())
    page.keyboard.press("Tab")
    page.mouse.move(200, 200)
    page.evaluate(act, PAYLOADS if EFFORT > 1 else PAYLOADS[:: 4 if EFFORT else 12])
    page.wait_for_timeout(300)
    elements, handlers = page.evaluate(LOOK)
    page.close()
    # What the page's policy forbids is announced as a request, but never sent.
    sent = [request.url for request in asked if request.failure != "csp"]
    return Seen(sent, complaints, len(hits), set(elements), handlers)


#: The kinds of elements there are, and every attribute that could run or fetch something.
LOOK = """() => {
  const all = [...document.querySelectorAll("*")];
  const runs = all.flatMap(one => [...one.attributes]
    .filter(a => /^on|srcdoc|^action|formaction|poster|srcset|ping/i.test(a.name) ||
      (/href|src|data$/i.test(a.name) && !/^(#|data:image[/](png|webp);)/.test(a.value)) ||
      (a.name === "style" && /url|import|expression/i.test(a.value)))
    .map(a => a.name + "=" + a.value));
  return [all.map(one => one.localName), runs];
}"""


#: Every choice of the explorer's, then every image of its first list.
ROAM = """async (payloads) => {
  const soon = () => new Promise((done) => setTimeout(done));
  for (const name of ["setting", "true", "predicted", "kind", "least", "sort"]) {
    const select = document.getElementById(`explorer-${name}`);
    const values = [...select.options].map((one) => one.value).reverse();
    for (const value of values.slice(-payloads.length)) {
      select.value = value;
      select.dispatchEvent(new Event("change"));
      await soon();
    }
  }
  const links = [...document.querySelectorAll("#explorer-cards a")].map((one) => one.hash);
  if (links.length < 10) throw new Error("hardly an image is listed");
  for (const hash of links) {
    location.hash = hash;
    await soon(), await soon();
    if (document.getElementById("explorer-image").hidden) throw new Error(`${hash} not shown`);
  }
}"""

#: Every payload in every place of the address, as it is and encoded.
ADDRESSES = """async (payloads) => {
  const soon = () => new Promise((done) => setTimeout(done));
  const names = "setting true predicted kind least sort index map opacity".split(" ");
  for (const payload of payloads) {
    const all = names.map((name) => `${name}=${payload}`).join("&");
    const encoded = new URLSearchParams(names.map((name) => [name, payload]));
    for (const hash of [payload, `explorer?${all}`, `image?${all}`, `image?${encoded}`]) {
      location.hash = hash;
      await soon();
    }
  }
}"""


@pytest.mark.browser
class TestInABrowser:
    @pytest.mark.parametrize("act", [ROAM, ADDRESSES], ids=["every choice", "every address"])
    def test_the_explorer_shows_text_alone(
        self, act: str, reports: Reports, usual: set[str], browser: Browser, tmp_path: Path
    ) -> None:
        file = without_policy(reports.few / "report.html", tmp_path)
        seen = visit(browser, file, act)
        assert (seen.hits, seen.handlers, seen.complaints) == (0, [], [])
        assert {url.split("#")[0] for url in seen.asked if not url.startswith("data:")} == {
            file.as_uri()
        }
        assert seen.elements <= usual | {"span"}

    @each
    def test_nothing_runs_and_nothing_is_asked_for_and_no_payload_becomes_a_part_of_the_page(
        self, which: str, reports: Reports, usual: set[str], browser: Browser
    ) -> None:
        file = getattr(reports, which) / "report.html"
        seen = visit(browser, file)
        assert seen.hits == 0
        assert [url for url in seen.asked if not url.startswith("data:")] == [file.as_uri()]
        assert (seen.complaints, seen.handlers) == ([], [])
        assert seen.elements <= usual | {"span"}

    @each
    def test_escaping_alone_would_hold_without_the_policy(
        self, which: str, reports: Reports, browser: Browser, tmp_path: Path
    ) -> None:
        seen = visit(browser, without_policy(getattr(reports, which) / "report.html", tmp_path))
        assert seen.hits == 0
        assert [url for url in seen.asked if "evil" in url] == []

    def test_the_policy_alone_would_hold_without_escaping(
        self, reports: Reports, browser: Browser, tmp_path: Path
    ) -> None:
        text = (reports.few / "report.html").read_text("utf-8")
        assert "<main>" in text
        (tmp_path / "report.html").write_text(
            text.replace("<main>", f"<main>{''.join(RUNNING)}"), "utf-8"
        )
        seen = visit(browser, tmp_path / "report.html")
        assert seen.hits == 0
        assert [url for url in seen.asked if "evil" in url] == []
        assert seen.complaints  # the browser says what it refused: the payloads are live

    def test_without_both_the_browser_would_have_noticed(
        self, browser: Browser, tmp_path: Path
    ) -> None:
        (tmp_path / "page.html").write_text(f"<body>{''.join(RUNNING)}")
        seen = visit(browser, tmp_path / "page.html")
        assert seen.hits > 0
        assert any("evil" in url for url in seen.asked)

    def test_a_chart_opened_by_itself_runs_nothing(
        self, reports: Reports, browser: Browser
    ) -> None:
        # All are drawn alike, and the shapes of all are looked at below.
        for file in sorted((reports.few / "figures").glob("*.svg"))[: tries(4)]:
            seen = visit(browser, file)
            assert (seen.hits, seen.asked, seen.handlers) == (0, [file.as_uri()], [])


def without_policy(report: Path, folder: Path) -> Path:
    """A copy of a page that allows everything."""
    text = report.read_text("utf-8")
    without = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    assert without != text
    (folder / "report.html").write_text(without, "utf-8")
    return folder / "report.html"


#: Payloads that run or fetch by themselves in the middle of a page.
RUNNING = (HTML[0], HTML[10], HTML[12], HTML[14], HTML[24], HTML[28], HTML[33])


# ---- charts ---------------------------------------------------------------------------------


@each
def test_a_chart_holds_shapes_and_text_alone(which: str, reports: Reports) -> None:
    files = sorted((getattr(reports, which) / "figures").glob("*.svg"))
    assert len(files) >= 4
    for file in files:
        for element in ET.parse(file).iter():
            name = element.tag.removeprefix("{http://www.w3.org/2000/svg}")
            assert name in SHAPES
            assert not any(a.startswith("on") or "href" in a for a in element.attrib)
            # What a style or a reference may hold.
            assert not any("evil" in v for k, v in element.attrib.items() if k != "aria-label")


SHAPES = {
    "svg", "g", "path", "text", "tspan", "rect", "line", "circle", "defs", "clipPath",
    "linearGradient", "stop", "title", "desc",
}  # fmt: skip


# ---- Markdown -------------------------------------------------------------------------------


class Tags(HTMLParser):
    """The tags of a page, and what they link to or show."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.targets: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.targets |= {value or "" for name, value in attrs if name in {"href", "src"}}


@each
def test_markdown_shows_a_payload_as_text(which: str, reports: Reports) -> None:
    rendered, usual = Tags(), Tags()
    render = MarkdownIt("gfm-like", {"linkify": False, "html": True}).render
    rendered.feed(render((getattr(reports, which) / "report.md").read_text("utf-8")))
    usual.feed(render((reports.harmless / "report.md").read_text("utf-8")))
    assert rendered.tags <= usual.tags | {"pre", "code", "blockquote"}
    assert all(re.match(r"#|figures/|images/", target) for target in rendered.targets)


# ---- CSV ------------------------------------------------------------------------------------

#: What a spreadsheet runs, wherever a cell may begin for it.
FORMULA = re.compile(r"^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]|[;\t\r\n][=+\-@\uff1d\uff0b]")


@each
def test_no_cell_is_a_formula_and_no_number_is_text(which: str, reports: Reports) -> None:
    results = read_results(getattr(reports, which))
    for file in sorted((getattr(reports, which) / "tables").iterdir()):
        name = file.name.split(".")[0]
        content = file.read_bytes()
        text = (gzip.decompress(content) if file.suffix == ".gz" else content).decode()
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
        numeric = set(results.table(name).select_dtypes("number").columns)
        for row in rows:
            for column, cell in row.items():
                if column in numeric:
                    assert cell == "" or float(cell) is not None
                else:
                    assert not FORMULA.search(cell) or is_number(cell)


def is_number(cell: str) -> bool:
    """Whether a cell of a column of objects is a number that may be below zero."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


# ---- a terminal, a study, a folder ----------------------------------------------------------

ONE_OF_EACH = (HTML[0], MARKDOWN[0], FORMULAS[0], TEMPLATES[0], *TERMINAL)


@pytest.mark.parametrize("text", telling(PAYLOADS, *ONE_OF_EACH))
def test_no_payload_can_be_a_settings_name(text: str) -> None:
    quoted = "".join(f"\\U{ord(letter):08x}" for letter in text[:300])
    study = "name: a\ndata: {source: digits}\nepochs: 1\nvariations:\n"
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._,=+-]{0,63}", text):
        return
    with pytest.raises(StudyError) as caught:
        parse_study(f'{study}  "{quoted}": {{epochs: 2}}\n')
    assert all(sentence.isprintable() for sentence in str(caught.value).splitlines())


@pytest.mark.parametrize("text", telling(PAYLOADS, *ONE_OF_EACH))
def test_no_payload_steers_a_terminal(text: str) -> None:
    shown = printable(text)
    assert "\n" not in shown
    assert not {unicodedata.category(c) for c in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


def raw(text: str) -> set[str]:
    """What is in a text beside lines of printable letters."""
    categories = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    return {c for c in text.replace("\n", "") if unicodedata.category(c) in categories}


@each
def test_nothing_raw_is_in_any_file_that_people_read(which: str, reports: Reports) -> None:
    out = getattr(reports, which)
    files = [out / "report.html", out / "report.md", *(out / "figures").glob("*.svg")]
    assert {file.name: raw(file.read_text("utf-8")) for file in files} == {
        file.name: set() for file in files
    }
    assert r"a\x1b[31m\x9b2J" in files[0].read_text("utf-8")


@pytest.fixture(scope="module")
def odd(reports: Reports, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report's folder under another name, which steers, with a log that does."""
    name = STEERING.replace("\r", "").replace("\ue000", "\udc80")  # half a letter
    out = Path(shutil.copytree(reports.few, tmp_path_factory.mktemp("odd") / name))
    entry = {"event": STEERING, "setting": STEERING, "seed": 0, "epoch": 1, "says": STEERING}
    (out / "log.jsonl").write_text(json.dumps(entry | {"time": STEERING, "message": STEERING}))
    return out


COMMANDS = ["check", "report", "status", "failures"]


@pytest.mark.parametrize("command", [*COMMANDS, *(f"{name} --json" for name in COMMANDS)])
def test_a_command_prints_text_alone(
    command: str, odd: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # What a report holds is looked at above; it takes seconds to be drawn again.
    monkeypatch.setattr(pipeline, "write_report", lambda *_, **__: None)
    printed = prints(*command.split(), str(odd), capsys=capsys)
    assert printed
    assert raw(printed) == set()


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_an_audit_prints_text_alone(
    options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = line(STEERING)
    cat, dog = f"cat{text}", f"dog{text}"
    settings = {
        name: {"confusion": [[8, 2], [4, 6]], "per_class_accuracy_printed": {cat: 0.9, dog: 0.6}}
        for name in (f"main{text}", f"l2{text}")
    }
    observation = {"id": "first", "says": text}
    published: dict[str, object] = {"title": text, "classes": [cat, dog], "settings": settings}
    published["observations"] = [
        observation,
        {**observation, "id": "best", "test": {"best": [cat], "metric": "recall"}},
    ]
    file = tmp_path / "audit.yaml"
    file.write_text(json.dumps(published))  # which is YAML
    printed = prints("audit", str(file), *options, capsys=capsys)
    assert options or (r"\u202e" in printed and "Best" in printed)
    assert raw(printed) == set()
    file.write_text(json.dumps(published | {STEERING: STEERING, "title": [STEERING]}))
    assert raw(prints("audit", str(file), capsys=capsys)) == set()


def test_verifying_a_folder_prints_text_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("cat", STEERING):
        (tmp_path / STEERING / name).mkdir(parents=True)
        (tmp_path / STEERING / name / f"{STEERING}.png").write_text("x")
    assert raw(prints("data", "verify", str(tmp_path / STEERING), capsys=capsys)) == set()
    assert raw(prints("run", str(tmp_path / STEERING), capsys=capsys)) == set()


def prints(*command: str, capsys: pytest.CaptureFixture[str]) -> str:
    """All that a command prints."""
    from paribus.cli import main

    with pytest.raises(SystemExit):
        main(list(command))
    printed = capsys.readouterr()
    return printed.out + printed.err
