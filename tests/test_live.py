"""`paribus run --open`: the page of the runs so far, beside a study that doesn't feel it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import paribus
from faults.here import in_this_process
from faults.small import TIMES
from paribus.cli.live import LiveReport
from paribus.events import (
    Event,
    LiveReportNoticed,
    ReportBegins,
    RunEnded,
    TrainingBegins,
    to_all,
)
from paribus.records.store import read_record, run_folder
from paribus.report.browser import opened
from paribus.report.sections.progress import STOPPED
from paribus.study.spec import Study
from scripts.studies import STUDY, TRAIN, started, until

BEGINS = TrainingBegins(runs=2, left=2, epochs=2, jobs=1)
ENDED = RunEnded("baseline", 0, "finished", 1.0, "")


@pytest.fixture
def study(small_study: Callable[..., Study]) -> Study:
    return small_study(variations={})


class Pages:
    """A browser that opens every page."""

    def __init__(self) -> None:
        self.opened: list[Path] = []

    def __call__(self, page: Path) -> bool:
        self.opened.append(page)
        return True


def unexpected(event: Event) -> None:
    pytest.fail(f"told {event}")


def page_of(out: Path) -> str:
    page = out / "report.html"
    return page.read_text("utf-8") if page.exists() else ""


@contextmanager
def writing(monkeypatch: pytest.MonkeyPatch, program: str) -> Iterator[list[subprocess.Popen[str]]]:
    """Another program in the place of the one that writes the page; those that were started."""
    made: list[subprocess.Popen[str]] = []

    def start(_: Path) -> subprocess.Popen[str]:
        words = [sys.executable, "-S", "-c", program]
        made.append(subprocess.Popen(words, stderr=subprocess.PIPE, text=True))
        return made[-1]

    monkeypatch.setattr("paribus.cli.live._started", start)
    yield made


def test_it_is_written_as_runs_finish_and_the_study_comes_to_the_same_without_it(
    small_study: Callable[..., Study], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study, out, pages, seen = small_study(), tmp_path / "open", Pages(), list[str]()

    def wait(event: Event) -> None:
        """Before the study goes on, see the page that tells of the run that has just ended."""
        if isinstance(event, RunEnded):
            seen.append(f"{len(seen) + 1} of 2")
            until(lambda: seen[-1] in page_of(out) and "refresh" in page_of(out), seen[-1])

    with in_this_process(), LiveReport(out, unexpected, between=0, open_page=pages) as live:
        results = paribus.run(study, out, jobs=1, watch=to_all([live.hear, wait]))
    assert seen == ["1 of 2", "2 of 2"] and pages.opened == [out / "report.html"]
    whole = results.report.read_bytes()
    assert b"runs so far" not in whole and b"refresh" not in whole
    assert paribus.rebuild_report(out).report.read_bytes() == whole
    monkeypatch.setattr("paribus.pipeline.write_report", lambda *_, **__: None)
    with in_this_process():
        paribus.run(study, tmp_path / "closed", jobs=1, watch=lambda _: None)
    for key in (("baseline", 0), ("l2", 0)):
        ours, other = (read_record(run_folder(at, *key)) for at in (out, tmp_path / "closed"))
        assert ours.facts.model_dump(exclude=TIMES) == other.facts.model_dump(exclude=TIMES)
        assert ours.predictions is not None and other.predictions is not None
        assert ours.predictions.last is not None and other.predictions.last is not None
        assert ours.predictions.last.tobytes() == other.predictions.last.tobytes()
    assert not list(out.rglob("*.new"))


def test_a_page_that_cannot_be_written_is_told_once_and_the_study_goes_on(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Event] = []
    with writing(monkeypatch, "import sys; sys.exit('no room is left')") as made:

        def wait(event: Event) -> None:
            """Every event that changes the page has a program fail."""
            if isinstance(event, TrainingBegins | RunEnded):
                number = 1 + isinstance(event, RunEnded)
                until(lambda: len(made) >= number and made[-1].poll() is not None, "its end")
                time.sleep(0.1)

        with in_this_process(), LiveReport(tmp_path, told.append, between=0) as live:
            live._open = lambda _: True
            results = paribus.run(study, tmp_path, jobs=1, watch=to_all([live.hear, wait]))
    assert len(made) == 2
    assert told == [
        LiveReportNoticed(
            "The report of the runs so far can't be written (no room is left); training goes on."
        )
    ]
    assert results.unfinished == () and results.report.exists()


def test_no_page_is_written_once_the_report_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stubborn = "import signal, time; signal.signal(15, signal.SIG_IGN); print(); time.sleep(600)"
    monkeypatch.setattr("paribus.cli.live.PATIENCE", 0.5)
    with writing(monkeypatch, stubborn) as made, LiveReport(tmp_path, unexpected) as live:
        live.hear(BEGINS)
        until(lambda: made, "the program")
        live.hear(ReportBegins())
        assert made[0].poll() == -signal.SIGKILL or made[0].poll() == -signal.SIGTERM
        live.hear(ENDED)
        time.sleep(0.2)
        assert len(made) == 1


def test_it_is_written_at_once_for_the_first_run_and_then_only_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        writing(monkeypatch, "") as made,
        LiveReport(tmp_path, unexpected, between=1.0) as live,
    ):
        live.hear(BEGINS)
        until(lambda: len(made) == 1, "the page without a run")
        began = time.monotonic()
        live.hear(ENDED)
        until(lambda: len(made) == 2, "that of the first run")
        for _ in range(5):
            live.hear(ENDED)
        until(lambda: len(made) == 3, "the next")
        assert time.monotonic() - began >= 1.0
        time.sleep(0.3)
        assert len(made) == 3


def test_a_study_that_has_nothing_left_to_train_only_opens_its_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = Pages()
    with writing(monkeypatch, "") as made:
        with LiveReport(tmp_path, unexpected, open_page=pages) as live:
            live.hear(TrainingBegins(runs=2, left=0, epochs=0, jobs=1))
            live.hear(ReportBegins())
            (tmp_path / "report.html").write_text("whole")
        assert made == [] and pages.opened == [tmp_path / "report.html"]


def test_where_there_is_no_browser_it_says_where_the_report_is(tmp_path: Path) -> None:
    told: list[Event] = []
    with LiveReport(tmp_path, told.append, open_page=lambda _: False):
        (tmp_path / "report.html").write_text("whole")
    where = f"There is no browser here. Open the report in one: {tmp_path}/report.html"
    assert told == [LiveReportNoticed(where)]


def test_ctrl_c_leaves_a_page_that_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BROWSER", "true %s")
    slow = "import time, sys\nif sys.argv[1] != '0': time.sleep(600)\n"
    Path("train.py").write_text(slow + TRAIN)
    Path("study.yaml").write_text(json.dumps(dict(STUDY)))
    out = tmp_path / "out"
    with started(Path("study.yaml"), out, "--open", "--jobs", "1") as command:
        until(lambda: "of 4" in page_of(out), "the page")
        command.send_signal(signal.SIGINT)
        said, _ = command.communicate(timeout=60)
    assert command.returncode == 130 and "Stopped." in said
    assert STOPPED in page_of(out) and "refresh" not in page_of(out)
    assert not list(out.glob(".*.new"))


@pytest.mark.parametrize(
    ("browser", "named", "opens"),
    [
        (webbrowser.GenericBrowser("lynx"), "", False),
        (webbrowser.GenericBrowser("lynx"), "lynx", True),
        (webbrowser.BackgroundBrowser("firefox"), "", True),
    ],
)
def test_a_browser_of_the_terminal_is_left_alone_unless_it_is_asked_for(
    browser: webbrowser.BaseBrowser,
    named: str,
    opens: bool,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    asked: list[str] = []

    def ask(_: object, url: str) -> bool:
        asked.append(url)
        return True

    monkeypatch.setattr(type(browser), "open", ask)
    monkeypatch.setattr(webbrowser, "get", lambda: browser)
    monkeypatch.delenv("BROWSER", raising=False)
    if named:
        monkeypatch.setenv("BROWSER", named)
    assert opened(tmp_path / "a page.html") is opens
    assert asked == [f"file://{tmp_path}/a%20page.html"] * opens


def test_without_any_browser_nothing_is_opened(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def none() -> None:
        raise webbrowser.Error("could not locate runnable browser")

    monkeypatch.setattr(webbrowser, "get", none)
    assert not opened(tmp_path / "page.html")
