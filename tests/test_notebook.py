"""Notebooks as their users run them: the tutorial to its end, and what progress leaves in one."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from paribus import events
from paribus.cli.notebook import MOST_MESSAGES, MOST_WARNINGS, Notebook
from paribus.cli.screen import Screen
from paribus.io.notebook import in_notebook

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")

TUTORIAL = Path(__file__).parents[1] / "docs" / "tutorial.ipynb"


@pytest.fixture(scope="module")
def tutorial(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """The cells of the tutorial, executed where nothing else is."""
    folder = tmp_path_factory.mktemp("tutorial")
    notebook = nbformat.read(TUTORIAL, 4)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", path)  # as where a user has installed Paribus and starts Jupyter
        client = nbclient.NotebookClient(
            notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": folder}}
        )
        client.execute()
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def cell(cells: list[Any], source: str) -> Any:
    """The outputs of the cell with that text."""
    (found,) = (cell for cell in cells if source in cell.source)
    return found.outputs


def html(output: Mapping[str, Any]) -> str:
    text = output["data"]["text/html"]
    assert isinstance(text, str)
    return text.replace("\u00a0", " ")


def test_the_tutorial_is_kept_without_outputs() -> None:
    kept = nbformat.read(TUTORIAL, 4)
    nbformat.validate(kept)
    assert all(not cell.get("outputs") for cell in kept.cells)
    assert all(cell.get("execution_count") is None for cell in kept.cells)


def test_its_run_leaves_one_output_that_says_what_happened(tutorial: list[Any]) -> None:
    (shown,) = cell(tutorial, "paribus.run(")
    said = html(shown)
    assert re.search(r"Done in [\d.]+ (s|min) \(\d+ messages\)", said)
    assert "[15/15]" in said and "15 networks to analyze" in said
    assert "<progress" not in said and "\x1b" not in said
    assert shown["data"]["text/plain"].startswith("Done in ")


def test_it_shows_what_it_promises(tutorial: list[Any]) -> None:
    plan = cell(tutorial, "!paribus plan")
    assert "16x16 gray, 10 classes" in "".join(out["text"] for out in plan)
    (card,) = (out for out in tutorial[4].outputs)
    assert '<div class="paribus">' in html(card) and "<svg" in html(card)
    assert "15 runs" in html(card) and len(html(card).encode()) < 200_000
    assert "\n" not in card["data"]["text/plain"]
    (curves,) = tutorial[6].outputs
    assert html(curves).count("<svg") == 2
    (claims,) = cell(tutorial, 'table("claims")')
    assert "Batch normalization helps." in claims["data"]["text/plain"]
    (report,) = cell(tutorial, "results.show()")
    assert "<iframe srcdoc=" in html(report)


def test_nothing_in_it_floods_the_notebook_or_warns(tutorial: list[Any]) -> None:
    said = [cell for cell in tutorial if not cell.source.startswith("!")]
    assert all(len(cell.outputs) <= 1 for cell in said)
    sizes = [len(json.dumps(output)) for cell in tutorial for output in cell.outputs]
    assert sum(size > 200_000 for size in sizes) == 1  # the report
    assert max(sizes) < 3_000_000  # above which Jupyter's server drops an output
    streams = [out for cell in said for out in cell.outputs if out.output_type == "stream"]
    assert [stream["text"] for stream in streams] == ["Writing study.yaml\n"]


class Shown:
    """A notebook's output, as it is shown again and again."""

    def __init__(self) -> None:
        self.states: list[tuple[str, str]] = []

    def show(self, html: str, text: str) -> None:
        self.states.append((html, text))


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    """What a notebook would show; no notebook is there, and no time passes between states."""
    output = Shown()
    monkeypatch.setattr("paribus.cli.screen.in_notebook", lambda: True)
    monkeypatch.setattr("paribus.cli.notebook.Output", lambda: output)
    monkeypatch.setattr("paribus.cli.notebook.BETWEEN", -1.0)
    return output


def test_this_is_no_notebook() -> None:
    assert not in_notebook()


def test_a_bar_moves_with_the_epochs(shown: Shown, capsys: pytest.CaptureFixture[str]) -> None:
    with Screen() as screen:
        screen.show(events.TrainingBegins(runs=2, left=2, epochs=6, jobs=1))
        for epoch in (1, 2, 3):
            screen.show(events.EpochDone("baseline", 0, epoch, 3))
        screen.show(events.RunEnded("baseline", 0, "finished", 2.0, ""))
    state, text = shown.states[-2]
    assert '<progress value="3" max="6"' in state and "training: 3 of 6" in state
    assert "[1/2] baseline, seed 0: finished in 2.0 s (2 messages)" in state
    assert text.startswith("training: 3 of 6, ")
    assert "<progress" not in shown.states[-1][0] and "Done in" in shown.states[-1][0]
    assert capsys.readouterr() == ("", "")


def test_warnings_and_failures_stay_in_sight_and_all_text_is_escaped(shown: Shown) -> None:
    with Screen() as screen:
        screen.show(events.RunEnded("<b>", 0, "failed", 2.0, "loss is <nan>"))
        screen.show(events.RunEnded("fine", 0, "finished", 2.0, ""))
    warnings, _, folded = shown.states[-1][0].partition("<details>")
    assert "&lt;b&gt;, seed 0: failed. loss is &lt;nan&gt;" in warnings
    assert "fine, seed 0" not in warnings and "fine, seed 0" in folded
    assert "<b>" not in shown.states[-1][0]


def test_thousands_of_messages_stay_a_small_output(shown: Shown) -> None:
    with Screen() as screen:
        for seed in range(3000):
            screen.show(events.RunEnded("x", seed, "failed", 1.0, "it ended with exit code 1"))
    state = shown.states[-1][0]
    assert len(state) < 200_000
    assert f"and {3000 - MOST_WARNINGS} more below" in state
    assert f"... {3000 - MOST_MESSAGES} messages before" in state and "(3000 messages)" in state


def test_what_stopped_it_is_said(shown: Shown) -> None:
    with pytest.raises(KeyboardInterrupt), Screen() as screen:
        screen.show(events.TrainingBegins(runs=2, left=2, epochs=6, jobs=1))
        raise KeyboardInterrupt
    assert "Stopped after" in shown.states[-1][0]


def test_it_is_shown_a_few_times_a_second_at_most(
    shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("paribus.cli.notebook.BETWEEN", 3600.0)
    monkeypatch.setattr("paribus.cli.notebook.time.monotonic", lambda: 4000.0)
    page = Notebook()
    for number in range(100):
        page.say(f"line {number}", None)
        page.refresh(())
    assert len(shown.states) == 1
    page.end(whole=True)
    assert "line 99" in shown.states[-1][0]
