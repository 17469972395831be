"""Functions that make runs: named in a study, or given by a script, a thread or a notebook."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import paribus
from paribus.errors import StudyError
from paribus.scripts import function as functions
from paribus.scripts.function import FunctionError
from scripts.studies import failure, record, run, study_of

OUT = Path("out")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("paribus.pipeline.write_report", lambda *_, **__: None)
    return tmp_path


def made_by(text: str, **changes: object) -> paribus.Results:
    """Run one seed of a study whose function is in a module of the current folder."""
    Path("my_code.py").write_text(text)
    study = {"trainer": {"call": "my_code:train"}, "variations": {}, "seeds": 1, **changes}
    whole = study_of().model_dump(exclude_defaults=True) | study
    return run(paribus.ScriptedStudy.model_validate(whole), OUT)


class TestANamedFunction:
    def test_gives_metrics(self) -> None:
        made_by("def train(seed, out, rate): return {'acc': 1 + rate, 'n': seed}")
        assert record(OUT).facts.metrics == {"acc": 1, "n": 0}
        assert list(record(OUT).facts.files) == ["my_code.py"]

    def test_gives_curves_predictions_and_weights(self) -> None:
        made_by(
            "import numpy as np, paribus\n"
            "def train(seed, out, rate):\n"
            "    shares = [[0.9, 0.1], [0.8, 0.2]]\n"
            "    return paribus.Outcome({'acc': np.float32(0.5)},\n"
            "        curves={'loss': [2, 1], 's': {5: 3.0, 9: 2.0}},\n"
            "        predictions={'labels': [0, 1], 'probabilities': shares,\n"
            "                     'classes': ['a', 'b']},\n"
            "        weights={'w': np.ones((2, 3))})\n"
        )  # fmt: skip
        kept = record(OUT)
        assert kept.curves.values("loss").tolist() == [2, 1]
        assert kept.curves.series["s"].at.tolist() == [5, 9]
        assert kept.classes == ("a", "b")
        assert kept.predictions is not None and kept.predictions.last is not None
        assert np.exp(kept.predictions.last[0]).tolist() == pytest.approx([0.9, 0.1], abs=1e-6)
        assert (OUT / "runs/baseline/seed-0/weights-last.safetensors").exists()

    @pytest.mark.parametrize(
        ("body", "said"),
        [
            ("raise ValueError('bad')", "it ended with exit code 1: ValueError: bad"),
            ("pass", "expected a dict of metrics or a paribus.Outcome back, got nothing"),
            ("return 3", "a paribus.Outcome back, got a value of type int"),
            ("return {'acc': 'high'}", "expected a number for acc, got 'high'"),
            ("return {'acc': float('nan')}", "its acc became nan"),
            ("return {'loss': 1}", "it left no value of acc; it left loss"),
            ("import os; os._exit(7)", "it ended with exit code 7"),
        ],
    )
    def test_that_fails_says_how(self, body: str, said: str) -> None:
        made_by(f"def train(seed, out, rate):\n    {body}")
        assert said in failure(OUT)

    def test_that_is_not_there_says_so(self) -> None:
        made_by("def other(): pass")
        assert "module 'my_code' has no attribute 'train'" in failure(OUT)

    def test_leaves_nothing_in_the_process_of_the_next_run(self) -> None:
        made_by(
            "import random\ncalls = []\n"
            "def train(seed, out, rate):\n    calls.append(1)\n    return {'acc': len(calls)}",
            seeds=3,
        )
        assert [record(OUT, seed=seed).facts.metrics["acc"] for seed in range(3)] == [1, 1, 1]

    def test_is_not_hidden_by_a_file_of_the_current_folder(self) -> None:
        Path("json.py").write_text("raise SystemExit('hijacked')")
        made_by("import json\ndef train(seed, out, rate): return {'acc': 1}")
        assert record(OUT).finished


SCALE = 2


def helper(seed: int) -> int:
    return SCALE * seed


def train(seed: int, out: Path, rate: float) -> dict[str, float]:
    return {"acc": helper(seed) + rate}


class TestAGivenFunction:
    def test_makes_the_runs(self) -> None:
        results = paribus.run(study_of(), OUT, train=train, watch=lambda _: None)
        assert [r.facts.metrics["acc"] for r in results.records] == [0, 0.1, 2, 2.1]

    def test_may_be_a_closure(self) -> None:
        scale = 10

        def closure(seed: int, out: Path, rate: float) -> dict[str, float]:
            return {"acc": scale * seed + rate}

        results = paribus.run(study_of(), OUT, train=closure, watch=lambda _: None)
        assert results.records[2].facts.metrics["acc"] == 10

    def test_that_lacks_a_parameter_is_refused_before_anything_runs(self) -> None:
        with pytest.raises(FunctionError, match="called with seed, out and every parameter"):
            paribus.run(study_of(), OUT, train=lambda seed, out: {"acc": 1}, watch=lambda _: None)
        assert not OUT.exists()

    def test_that_cannot_be_sent_is_refused_in_words(self) -> None:
        opened = Path("file").open("w")  # noqa: SIM115  # to be referred to
        with opened, pytest.raises(FunctionError, match="can't be sent to another process"):
            paribus.run(
                study_of(), OUT, train=lambda seed, out, rate: opened.name, watch=lambda _: None
            )

    def test_has_to_be_given_again_for_its_study(self) -> None:
        study = functions.made_by(train, study_of())
        with pytest.raises(StudyError, match=r"paribus.run\(study, out, train=function\)"):
            paribus.run(study, OUT, watch=lambda _: None)

    def test_is_of_no_use_to_a_study_that_paribus_trains(self) -> None:
        own = paribus.Study(name="x", data={"source": "digits"}, epochs=1)  # type: ignore[arg-type]  # as a file has it
        with pytest.raises(FunctionError, match="expected a study with a trainer for a function"):
            paribus.run(own, OUT, train=train, watch=lambda _: None)

    def test_is_known_by_its_text_and_by_what_it_refers_to(self) -> None:
        assert {"train", "helper", "helper: SCALE"} <= {*functions.sums(train)}
        assert functions.sums(train) == functions.sums(train)

    def test_makes_runs_again_when_what_it_refers_to_changes(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = functions.sums(train)
        monkeypatch.setitem(globals(), "SCALE", 3)
        changed = {n for n, digest in functions.sums(train).items() if before[n] != digest}
        assert changed == {"helper: SCALE"}


#: No `__main__` guard, and the function is the script's own.
SCRIPT = """
import random, sys, threading
import paribus
from paribus.study.scripted import ScriptedStudy

open("starts", "a").write("x")
SHIFT = 0.5
def luck(seed):
    return random.Random(seed).random()
def train(seed, out, rate):
    return {"acc": luck(seed) + SHIFT + rate}

study = ScriptedStudy.model_validate_json(open("study.json").read())
def work():
    results = paribus.run(study, "out", train=train)
    print(len(results.records), "records")
if "thread" in sys.argv:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
else:
    work()
"""


@pytest.mark.parametrize("how", ["file", "thread", "standard input", "-c", "module"])
def test_a_script_needs_no_guard_however_it_is_started(how: str) -> None:
    Path("script.py").write_text(SCRIPT)
    Path("study.json").write_text(study_of(seeds=1).model_dump_json())
    words, given = {
        "file": (["script.py"], ""),
        "thread": (["script.py", "thread"], ""),
        "standard input": (["-"], SCRIPT),
        "-c": (["-c", SCRIPT], ""),
        "module": (["-m", "script"], ""),
    }[how]
    done = subprocess.run(
        [sys.executable, *words], input=given, capture_output=True, text=True, timeout=180
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "2 records\n"
    assert Path("starts").read_text() == "x"


def test_a_notebook_gives_its_function() -> None:
    nbformat = pytest.importorskip("nbformat")
    client = pytest.importorskip("nbclient")
    cells = [
        "from pathlib import Path\nimport paribus\n"
        "study = paribus.ScriptedStudy.model_validate_json(Path('study.json').read_text())",
        "SHIFT = 0.5\ndef train(seed, out, rate):\n    return {'acc': SHIFT + seed + rate}",
        "results = paribus.run(study, 'out', train=train)\nresults",
    ]
    Path("study.json").write_text(study_of(seeds=2).model_dump_json())
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    client.NotebookClient(notebook, timeout=180, kernel_name="python3").execute()
    (shown,) = (o for o in notebook.cells[2].outputs if o.output_type == "execute_result")
    assert "Does the rate help?" in json.dumps(shown)
    assert [record(OUT, "more", seed).facts.metrics["acc"] for seed in (0, 1)] == [0.6, 1.6]
