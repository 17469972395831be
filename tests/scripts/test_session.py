"""Studies of scripts over several commands: what is kept, what is made again, what goes on."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

import paribus
from paribus.errors import SourceError
from paribus.events import StudyChanged, TrainingBegins
from paribus.report.sections.provenance import study_file
from paribus.scripts.task import work_folder
from scripts.studies import (
    TRAIN,
    Heard,
    failure,
    is_alive,
    kill,
    record,
    run,
    started,
    study_of,
    until,
)

PYTHON = sys.executable
OUT = Path("out")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "train.py").write_text(TRAIN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("paribus.pipeline.write_report", lambda *_, **__: None)
    return tmp_path


def made_again(study: paribus.ScriptedStudy) -> tuple[int, tuple[str, ...]]:
    """How many runs are made, and what is said to have changed."""
    heard = Heard()
    run(study, OUT, heard)
    changes = [change for event in heard.of(StudyChanged) for change in event.changes]
    return heard.of(TrainingBegins)[0].left, tuple(changes)


class TestTheSameStudyAgain:
    def test_makes_no_finished_run_again(self) -> None:
        run(study_of(), OUT)
        assert made_again(study_of()) == (0, ())

    def test_makes_more_seeds_alone(self) -> None:
        run(study_of(), OUT)
        assert made_again(study_of(seeds=3)) == (2, ())

    def test_makes_again_what_a_changed_parameter_touches(self) -> None:
        run(study_of(), OUT)
        changed = study_of(variations={"more": {"rate": 0.2}})
        assert made_again(changed) == (2, ("more: rate: 0.1 -> 0.2",))

    def test_makes_all_again_for_another_command(self) -> None:
        run(study_of(), OUT)
        number, (first, *_) = made_again(study_of(f"{PYTHON} train.py {{seed}} {{rate}} {{out}} x"))
        assert number == 4
        assert first.startswith("baseline: trainer.command: ")

    def test_makes_all_again_for_a_changed_file_that_the_command_names(self) -> None:
        run(study_of(), OUT)
        Path("train.py").write_text(TRAIN + "\n# other")
        assert made_again(study_of()) == (
            4, ("baseline: train.py: changed", "more: train.py: changed"),
        )  # fmt: skip

    def test_makes_all_again_for_a_changed_file_that_it_declares(self) -> None:
        Path("configs").mkdir()
        Path("configs/a.yaml").write_text("a: 1")
        study = study_of(trainer_depends=["configs"])
        run(study, OUT)
        assert made_again(study) == (0, ())
        Path("configs/a.yaml").write_text("a: 2")
        Path("configs/b.yaml").write_text("b: 2")
        number, changes = made_again(study)
        assert number == 4
        assert changes[:2] == (
            "baseline: configs/a.yaml: changed", "baseline: configs/b.yaml: added",
        )  # fmt: skip

    def test_tries_a_failed_run_again_and_not_one_that_came_to_no_number(self) -> None:
        text = TRAIN.replace("0.8 + luck", "float('nan') if rate else 0.8 + luck")
        Path("train.py").write_text(text + "\nif seed == 1 and not rate: sys.exit(3)")
        run(study_of(), OUT)
        assert failure(OUT, "baseline", 1).startswith("it ended with exit code 3")
        assert failure(OUT, "more", 0) == "its acc became nan"
        assert made_again(study_of()) == (1, ())


def test_a_file_that_is_declared_has_to_be_there() -> None:
    with pytest.raises(SourceError, match=r"trainer\.depends: there is no file or folder gone"):
        run(study_of(trainer_depends=["gone"]), OUT)


def test_what_another_command_left_is_not_gone_on_from() -> None:
    goes_on = (
        "import json, os, sys\nstate = os.path.join(sys.argv[3], 'state')\n"
        "known = open(state).read() if os.path.exists(state) else ''\n"
        "open(state, 'w').write(known + sys.argv[2] + ' ')\n"
        "json.dump({'acc': len((known + sys.argv[2]).split())}, "
        "open(sys.argv[3] + '/metrics.json', 'w'))"
    )
    Path("train.py").write_text(goes_on)
    run(study_of(variations={}, seeds=1), OUT)
    run(study_of(variations={}, seeds=1, parameters={"rate": 0.5}), OUT)
    assert record(OUT).facts.metrics["acc"] == 1
    assert (OUT / "set-aside/baseline/seed-0-1/out/state").read_text() == "0.0 "


# ---- kills ---------------------------------------------------------------------------------------

#: Counts to ten, from where it was before, and marks what it is at work on. At five it waits for
#: the file "go", so that it is never done before the test has seen it at work.
SLOW = """
import json, os, sys, time
seed, rate, out = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
state, step = os.path.join(out, "state"), 0
if os.path.exists(state):
    step = int(open(state).read())
open(os.path.join(out, "begun"), "a").write(f"{step} {os.getpid()}\\n")
while step < 10:
    while step == 5 and not os.path.exists("go"):
        time.sleep(0.02)
    step += 1
    with open(state + ".new", "w") as file:
        file.write(str(step))
    os.replace(state + ".new", state)
with open(os.path.join(out, "metrics.json"), "w") as file:
    json.dump({"acc": step + rate}, file)
"""


@pytest.fixture
def slow(folder: Path) -> Path:
    (folder / "train.py").write_text(SLOW)
    study = study_of(seeds=1)
    (folder / "s.yaml").write_text(study_file(study))
    return folder / "s.yaml"


def begun(setting: str = "baseline") -> list[list[int]]:
    """Step and process of each attempt at a run."""
    file = work_folder(OUT, setting, 0) / "out" / "begun"
    lines = file.read_text().splitlines() if file.exists() else []
    return [list(map(int, line.split())) for line in lines]


def step(setting: str = "baseline") -> int:
    file = work_folder(OUT, setting, 0) / "out" / "state"
    return int(file.read_text()) if file.exists() else 0


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_after_a_kill_of_the_study_the_same_command_goes_on(slow: Path, number: int) -> None:
    with started(slow, OUT, "--jobs", "1") as first:
        until(lambda: step() == 5, "the run to be under way")
        kill(first, number)
    (attempt,) = begun()
    until(lambda: not is_alive(attempt[1]), "the end of the script")
    Path("go").touch()
    with started(slow, OUT, "--jobs", "1") as second:
        said, _ = second.communicate(timeout=120)
    assert second.returncode == 0, said
    assert [first_step for first_step, _ in begun()] == [0, 5]
    assert record(OUT).facts.metrics["acc"] == 10


def test_no_two_attempts_are_ever_at_work_on_one_run(slow: Path) -> None:
    """A script that takes its time to end is waited for by the next attempt."""
    text = SLOW.replace(
        "import json", "import signal; signal.signal(15, lambda *_: None)\nimport json"
    )
    Path("train.py").write_text(text)
    with started(slow, OUT, "--jobs", "1") as first:
        until(lambda: step() == 5, "the run to be under way")
        kill(first)
    (attempt,) = begun()
    with started(slow, OUT, "--jobs", "1") as second:
        until(lambda: len(begun()) > 1, "the second attempt")
        assert not is_alive(attempt[1])
        kill(second)


def test_a_second_command_is_told_that_one_is_at_work(slow: Path) -> None:
    with started(slow, OUT) as first:
        until(lambda: step() == 5, "the run to be under way")
        with started(slow, OUT) as second:
            said, _ = second.communicate(timeout=60)
        assert second.returncode == 1
        assert "in use by process" in said
        kill(first)


def test_a_script_that_is_killed_is_tried_once_more_alone_and_then_has_failed() -> None:
    Path("train.py").write_text("import os; os.kill(os.getpid(), 9)")
    run(study_of(variations={}, seeds=1), OUT)
    assert failure(OUT) == (
        "it was killed by SIGKILL, probably out of memory, and again with no other process at work"
    )
    assert record(OUT).facts.retries == 1


def test_a_script_that_is_killed_once_goes_on_and_finishes() -> None:
    killed_once = (
        "import os, sys\nmark = os.path.join(sys.argv[3], 'mark')\n"
        "if not os.path.exists(mark):\n    open(mark, 'w'); os.kill(os.getpid(), 9)\n"
    )
    Path("train.py").write_text(killed_once + TRAIN)
    run(study_of(variations={}, seeds=1), OUT)
    assert record(OUT).finished
    assert record(OUT).facts.retries == 1


def test_the_study_goes_on_where_a_script_misbehaves() -> None:
    """Each does something that must not touch the others: all runs end, in words or finished."""
    misbehaves = (
        "import os, sys, subprocess, shutil\n"
        "kind = int(float(sys.argv[2]))\n"
        "if kind == 1: print('x' * 200_000_000)\n"
        "if kind == 2: subprocess.Popen(['sleep', '600'], start_new_session=True)\n"
        "if kind == 3: shutil.rmtree(sys.argv[3])\n"
        "if kind == 4: os.kill(os.getppid(), 9)\n"  # the program between
        "if kind == 5: os.dup2(os.open('/dev/null', 1), 1); os.dup2(1, 2)\n"
        "if kind == 6: sys.stdout.buffer.write(bytes(range(256)) * 1000)\n"
        "if kind == 7: os.symlink('/', os.path.join(sys.argv[3], 'root'))\n"
    )
    Path("train.py").write_text(misbehaves + TRAIN)
    kinds = {f"k{kind}": {"rate": kind} for kind in range(1, 8)}
    results = run(study_of(seeds=1, variations=kinds), OUT, jobs=2)
    assert len(results.records) == 8
    failed = {r.facts.setting: r.facts.failure.message for r in results.failed if r.facts.failure}
    assert set(failed) == {"k3", "k4"}
    assert "killed by SIGKILL" in failed["k4"]
    assert run(study_of(seeds=1, variations=kinds), OUT).records  # the link leads out, in its own


# ---- streams -------------------------------------------------------------------------------------

STREAMS = """
import json, os, sys
import paribus
streams = paribus.streams()
luck = streams.python("luck").gauss(0, 0.01)
rate = float(sys.argv[1])
if rate:
    streams.numpy("mixup").random()
if rate > 0.5:
    streams.python("luck").random()
with open(os.path.join(os.environ["PARIBUS_OUT"], "metrics.json"), "w") as file:
    json.dump({"acc": 0.8 + luck + rate}, file)
"""


class TestPairing:
    @pytest.fixture
    def study(self) -> paribus.ScriptedStudy:
        Path("streams.py").write_text(STREAMS)
        return study_of(f"{PYTHON} streams.py {{rate}}")

    def test_is_proved_by_what_scripts_drew(self, study: paribus.ScriptedStudy) -> None:
        results = run(study, OUT)
        (drawn,) = results.drawn
        assert results.proven
        assert drawn.equal == {"python luck": 2}
        assert (drawn.only_here, drawn.only_baseline) == (("numpy mixup",), ())

    def test_is_not_proved_where_they_drew_otherwise(self, study: paribus.ScriptedStudy) -> None:
        changed = study.model_copy(update={"variations": {"more": {"rate": 0.9}}})
        results = run(changed, OUT)
        assert results.drawn[0].equal == {"python luck": 0}
        assert not results.proven

    def test_is_declared_without_streams(self) -> None:
        results = run(study_of(), OUT)
        assert results.drawn == ()
        assert not results.proven


def test_a_file_of_streams_that_a_script_wrote_itself_is_not_believed_blindly() -> None:
    lies = "open(os.environ['PARIBUS_STREAMS'], 'w').write(open('lies').read())\n"
    Path("train.py").write_text(TRAIN + lies)
    for content in ("{", "[]", '{"drawn": 3}', '{"drawn": {"a": 1, "b": "x"}}'):
        Path("lies").write_text(content)
        run(study_of(variations={}, seeds=1, trainer_depends=["lies"]), OUT)
        assert record(OUT).finished
    assert record(OUT).facts.drawn == {"b": "x"}


# ---- what the report needs of test examples ------------------------------------------------------


def test_images_that_predictions_name_are_kept_with_their_names() -> None:
    from PIL import Image

    Path("images").mkdir()
    for name in ("a", "b", "c", "d"):
        Image.new("RGB", (8, 8), "red").save(f"images/{name}.png")
    predicts = (
        "import os\nwith open(os.path.join(out, 'predictions.csv'), 'w') as file:\n"
        "    file.write('path,label,prediction\\n')\n"
        "    for name, given in zip('abcd', 'xxyy'):\n"
        "        file.write(f'images/{name}.png,x,{given}\\n')\n"
    )
    Path("train.py").write_text(TRAIN + predicts)
    results = run(study_of(), OUT)
    assert set(results.image_files.values()) == {f"images/{name}.png" for name in "abcd"}
    kept = {path.name for path in (OUT / "images").iterdir()}
    assert kept and all(name.startswith("original-") for name in kept)
