"""Charts come from a process of their own; whatever becomes of it, the report is written."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest

from paribus.events import ChartsMissing, Event
from paribus.report.charts import drawing
from paribus.report.charts.drawing import ARTIST, ChartsError, artist
from paribus.report.write import write_report
from report.reports import results_of
from synthetic import make_records, make_study
from undrawn import drawn

CHART = {"mark": "point", "data": {"values": [{"x": 1}]}, "encoding": {"x": {"field": "x"}}}


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


#: How the process may fail, and what is said of it.
FAILING = {
    "can't be started (No such file or directory)": ("/nowhere/python",),
    "was ended by SIGTRAP": python("import os; os.kill(os.getpid(), 5)"),
    "failed (ImportError: no vl_convert)": python("raise ImportError('no vl_convert')"),
    "failed (without words)": python("import sys; sys.stdin.read(); sys.exit(3)"),
}


@pytest.mark.parametrize("why", FAILING)
def test_a_process_that_fails_is_an_error_that_says_how(
    why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "ARTIST", FAILING[why])
    with artist() as draw, pytest.raises(ChartsError) as caught:
        draw({"one": lambda: CHART | {"description": "x" * 1_000_000}})  # more than a pipe holds
    assert str(caught.value) == why


def test_too_little_address_space_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    limit = "import os, resource; resource.setrlimit(resource.RLIMIT_AS, (1 << 33, 1 << 33))"
    begin = f"{limit}; os.execv({sys.executable!r}, {ARTIST!r})"
    monkeypatch.setattr(drawing, "ARTIST", python(begin))
    monkeypatch.setattr("resource.getrlimit", lambda _: (1 << 33, 1 << 33))
    with artist() as draw, pytest.raises(ChartsError, match="address space"):
        draw({"one": lambda: CHART})


def test_a_stranger_in_the_current_folder_is_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "vl_convert.py").write_text("raise SystemExit('a stranger')")
    (tmp_path / "json.py").write_text("raise SystemExit('a stranger')")
    monkeypatch.chdir(tmp_path)
    with artist() as draw:
        assert draw({"one": lambda: CHART})["one"].tag.endswith("svg")


def test_a_process_whose_charts_no_one_wants_any_more_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[Popen[str]] = []

    def start(*words: Any, **how: Any) -> Popen[str]:
        started.append(Popen(*words, **how))
        return started[0]

    monkeypatch.setattr(drawing, "Popen", start)
    with pytest.raises(KeyboardInterrupt), artist():
        raise KeyboardInterrupt
    assert started[0].returncode == -signal.SIGKILL


def test_a_report_without_charts_says_so_and_has_all_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "ARTIST", FAILING["was ended by SIGTRAP"])
    study = make_study(seeds=2, epochs=2, settings=["main", "l2"])
    results = results_of(study, make_records(study, images=60), tmp_path)
    told: list[Event] = []
    with drawn():
        write_report(results, watch=told.append)
    missing = "The charts are missing: the process that draws them was ended by SIGTRAP"
    assert told == [ChartsMissing(missing)]
    page, text = ((tmp_path / name).read_text() for name in ("report.html", "report.md"))
    assert missing in page and missing in text
    assert "<svg" not in page and ".svg" not in text
    assert "Confusion matrix of main. Most often: " in text
    assert page.count("<table") > 8
    assert not (tmp_path / "figures").exists()
    assert (tmp_path / "results.json").exists()
