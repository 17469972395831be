"""A script's run: what it is given, what is read of it, and how each end is said."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import numpy as np
import pytest

from paribus.errors import StudyError
from paribus.events import ScriptNoticed
from scripts.studies import TRAIN, Heard, failure, record, run, study_of

PYTHON = sys.executable


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with the script."""
    (tmp_path / "train.py").write_text(TRAIN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("paribus.pipeline.write_report", lambda *_, **__: None)
    return tmp_path


OUT = Path("out")


def ending(text: str, **changes: object) -> None:
    """Run one seed of a study of one setting, whose command is a Python text."""
    Path("s.py").write_text(text)
    command = f"{PYTHON} s.py {{seed}} {{rate}} {{out}}"
    run(study_of(command, variations={}, seeds=1, **changes), OUT)


def left(name: str, text: str, **changes: object) -> None:
    """The same for a script that leaves one file."""
    ending(f"import sys\nopen(sys.argv[3] + '/{name}', 'w').write({text!r})", **changes)


class TestWhatACommandIsGiven:
    def test_its_values_as_single_words_whatever_is_in_them(self) -> None:
        text = (
            "import sys, json\nwith open(sys.argv[3] + '/metrics.json', 'w') as file:\n"
            "    json.dump({'acc': len(sys.argv) - 1}, file)"
        )
        ending(text, parameters={"rate": "two words; rm -rf $HOME 'and' \"more\" *"})
        assert record(OUT).facts.metrics == {"acc": 3}

    def test_its_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PYTHONPATH", "/of/the/user")
        text = (
            "import json, os\nown = {k: os.environ.get(k) for k in ('PARIBUS_SEED', 'PYTHONPATH', "
            "'PYTHONHASHSEED', 'OMP_NUM_THREADS', 'MKL_NUM_THREADS')}\n"
            "own['parameters'] = json.load(open(os.environ['PARIBUS_PARAMETERS']))\n"
            "own['cwd'] = os.getcwd()\n"
            "json.dump(own, open('seen.json', 'w'))\n"
            "json.dump({'acc': 1}, open(os.environ['PARIBUS_OUT'] + '/metrics.json', 'w'))\n"
        )
        ending(text, parameters={"rate": 0.5, "a": {"b": [1, None]}}, trainer_threads=2)
        assert json.loads(Path("seen.json").read_text()) == {
            "PARIBUS_SEED": "0", "PYTHONPATH": "/of/the/user", "PYTHONHASHSEED": "0",
            "OMP_NUM_THREADS": "2", "MKL_NUM_THREADS": "2",
            "parameters": {"rate": 0.5, "a": {"b": [1, None]}}, "cwd": str(Path.cwd()),
        }  # fmt: skip
        assert record(OUT).facts.environment.threads == 2

    def test_a_shell_only_where_it_is_asked_for(self) -> None:
        line = f"x=$(({{seed}} + 7)) && {PYTHON} train.py $x {{rate}} {{out}} | cat"
        run(study_of(line, trainer_shell=True, variations={}, parameters={"rate": 0.0}), OUT)
        assert record(OUT).finished
        run(
            study_of(f"{PYTHON} train.py 1 0 {{out}} '&&' false {{seed}} {{rate}}", variations={}),
            OUT,
        )
        assert record(OUT).finished

    def test_what_it_does_not_name_is_said(self) -> None:
        heard = Heard()
        run(study_of(f"{PYTHON} train.py 1 0 {{out}}", seeds=1), OUT, heard)
        said = [event.message for event in heard.of(ScriptNoticed)]
        assert len(said) == 2
        assert "doesn't name {seed}, so it has to take the seed from PARIBUS_SEED" in said[0]
        assert "doesn't name rate, so it has to read the file" in said[1]


class TestWhatIsRead:
    def test_numbers_and_curves_of_metrics_json(self) -> None:
        left(
            "metrics.json",
            '{"acc": 0.5, "b": {"c": 2}, "loss": [3, 2], "steps": [[10, 5], [20, 4]]}',
        )
        assert record(OUT).facts.metrics == {"acc": 0.5, "b.c": 2, "loss": 2, "steps": 4}
        kept = record(OUT).curves
        assert kept.series["loss"].axis == "epoch"
        assert kept.values("loss").tolist() == [3, 2]
        assert kept.series["steps"].at.tolist() == [10, 20]

    def test_a_log_of_epochs_in_metrics_csv(self) -> None:
        left("metrics.csv", "epoch,acc,loss\n1,0.3,2\n2,0.7,1\n3,0.6,0.5\n")
        assert record(OUT).facts.metrics == {"acc": 0.6, "loss": 0.5}

    @pytest.mark.parametrize(
        ("at", "value"), [("last", 0.6), ("best:loss", 0.7), ("best:acc", 0.7), (1, 0.3)]
    )
    def test_the_value_at_the_declared_point(self, at: object, value: float) -> None:
        left("metrics.csv", "epoch,acc,loss\n1,0.3,2\n2,0.7,1\n3,0.6,1.5\n", trainer_at=at)
        assert record(OUT).facts.metrics["acc"] == value

    def test_a_reported_number_counts_before_a_logged_one(self) -> None:
        ending(
            "import sys\nlog = open(sys.argv[3] + '/metrics.csv', 'w')\n"
            "log.write('epoch,acc\\n1,0.1\\n2,0.2\\n')\nlog.close()\n"
            "open(sys.argv[3] + '/metrics.json', 'w').write('{\"acc\": 0.9}')"
        )
        assert record(OUT).facts.metrics["acc"] == 0.9
        assert record(OUT).curves.values("acc").tolist() == pytest.approx([0.1, 0.2])

    def test_whatever_a_tool_leaves_without_being_told(self) -> None:
        history = [{"eval_acc": 0.2 + step / 5, "step": step, "epoch": step} for step in (1, 2)]
        state = json.dumps({"log_history": history, "global_step": 2})
        left("trainer_state.json", state, metrics={"eval_acc": {"better": "higher"}})
        assert record(OUT).facts.metrics["eval_acc"] == pytest.approx(0.6)

    def test_predictions_beside_the_metrics(self) -> None:
        ending(
            "import sys\nopen(sys.argv[3] + '/metrics.json', 'w').write('{\"acc\": 0.5}')\n"
            "open(sys.argv[3] + '/predictions.csv', 'w').write("
            "'id,label,prediction\\n7,cat,cat\\n3,dog,cat\\n')"
        )
        kept = record(OUT)
        assert kept.classes == ("cat", "dog")
        assert kept.predictions is not None
        assert kept.predictions.index.tolist() == [3, 7]
        assert kept.predictions.predicted.tolist() == [0, 0]

    def test_predictions_alone_give_the_accuracy(self) -> None:
        table = "id,label,prediction\n0,cat,cat\n1,dog,cat\n2,dog,dog\n3,cat,cat\n"
        left("predictions.csv", table, metrics={}, primary="test_accuracy")
        assert record(OUT).finished
        assert record(OUT).predictions is not None


class TestHowARunFails:
    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("raise ValueError('bad rate')", "it ended with exit code 1: ValueError: bad rate"),
            ("import os; os.abort()", "it was ended by SIGABRT"),
            ("pass", "it left no result that can be read (it is empty)"),
            ("import sys, shutil; shutil.rmtree(sys.argv[3])", "it removed the folder for its"),
            ("import os; os.chdir('/')", "it left no result that can be read"),
        ],
    )  # fmt: skip
    def test_each_way_is_said_as_what_it_is(self, text: str, said: str) -> None:
        ending(text)
        assert failure(OUT).startswith(said)

    def test_its_last_lines_are_kept_with_the_record(self) -> None:
        ending("print('one'); print('two'); raise SystemExit('three')")
        kept = record(OUT).facts.failure
        assert kept is not None
        assert kept.output == "one\ntwo\nthree"
        assert (OUT / "work/baseline/seed-0/output.txt").read_text() == "one\ntwo\nthree\n"

    @pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999"])
    def test_a_number_that_is_none_is_a_result_for_good(self, value: str) -> None:
        left("metrics.json", f'{{"acc": {value}}}')
        kept = record(OUT).facts.failure
        assert kept is not None
        assert kept.message.startswith("its acc became ")
        assert kept.settled

    def test_a_metric_that_is_not_there_is_said_with_those_that_are(self) -> None:
        left("metrics.json", '{"accuracy": 0.5, "loss": [1]}')
        assert failure(OUT) == "it left no value of acc; it left loss, accuracy"

    def test_a_step_that_it_never_reached_is_said(self) -> None:
        left("metrics.csv", "epoch,acc\n1,0.3\n2,0.7\n", trainer_at=5)
        assert failure(OUT) == "it has no acc at 5, or last before it; its last epoch is 2"

    @pytest.mark.parametrize(
        ("name", "text", "said"),
        [
            ("metrics.json", "[1]", "metrics.json: expected a mapping of metrics, got list"),
            ("metrics.json", "{", "metrics.json: can't be read"),
            ("metrics.csv", "setting,seed,acc\na,1,0.5\nb,2,0.6\n", "of one run, got 2"),
            ("predictions.csv", "id,label\n1,2\n", "predictions.csv"),
        ],
    )  # fmt: skip
    def test_a_result_that_cannot_be_understood_is_said(
        self, name: str, text: str, said: str
    ) -> None:
        left(name, text)
        assert said in failure(OUT)

    def test_what_reads_names_has_to_be_there(self) -> None:
        left("other.csv", "epoch,acc\n1,0.5\n2,0.6\n", trainer_reads="log/metrics.csv")
        assert failure(OUT) == "it left no log/metrics.csv in {out} (there: other.csv)"

    def test_where_another_metric_is_best_is_asked_before_anything_runs(self) -> None:
        with pytest.raises(StudyError, match="whether a higher zap is better or a lower one"):
            run(study_of(trainer_at="best:zap"), OUT)
        assert not OUT.exists()

    def test_a_program_that_is_not_there_fails_every_run_in_words(self) -> None:
        run(study_of("no-such-program {seed} {rate}", seeds=1), OUT)
        assert failure(OUT).startswith("no-such-program can't be started (No such file")


def test_all_runs_are_made_and_compared() -> None:
    results = run(study_of(seeds=4), OUT)
    (compared,) = results.comparison.comparisons
    assert compared.estimate == pytest.approx(0.1)
    assert [r.finished for r in results.records] == [True] * 8


def test_a_run_tells_its_time_memory_and_files() -> None:
    run(study_of(seeds=1), OUT)
    facts = record(OUT).facts
    assert 0 < facts.train_seconds < 60
    assert (facts.peak_memory or 0) > 1e6
    assert list(facts.files) == ["train.py"]
    assert facts.config["trainer"]["command"].endswith("train.py {seed} {rate} {out}")
    assert math.isfinite(np.float64(facts.metrics["acc"]))
