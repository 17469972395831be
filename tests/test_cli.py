"""The commands: what goes to which stream, exit codes, and help that is documented."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from faults.here import in_this_process
from hostile.traps import trapped
from paribus.cli import main
from paribus.cli.screen import Screen
from paribus.events import EngineMissing, NetworkNoticed, RunEnded, TrainingBegins

REPOSITORY = Path(__file__).parents[1]

STUDY = """\
name: digits, at once
data: {source: digits, size: 16}
epochs: 1
seeds: 1
variations:
  bn: {network.batch_norm: true}
"""


def paribus(*words: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, which takes seconds to start."""
    command = [sys.executable, str(REPOSITORY / "tests" / "command.py"), *map(str, words)]
    environment = os.environ | {"COLUMNS": "100", "TERM": "dumb"}
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment)


def here(*words: str | Path) -> Result:
    """A command in this process."""
    return CliRunner(env={"COLUMNS": "100"}).invoke(main, [str(word) for word in words])


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A study file in the current folder; `here` starts no workers for it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "quick.yaml").write_text(STUDY)
    with in_this_process():
        yield tmp_path / "quick.yaml"


def test_a_run_prints_the_report_and_nothing_else_on_standard_output(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with trapped(study.parent, study.parent / "out"):  # it imports nothing from there
        done = paribus("run", study, "--jobs", "1", cwd=study.parent)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "out/quick/report.html\n"
    assert (study.parent / done.stdout.strip()).exists()
    figures = list((study.parent / "out/quick/figures").glob("*.svg"))
    assert figures and all(file.stat().st_size > 1_000 for file in figures)
    assert "2 runs to train in 1 process" in done.stderr
    assert "[2/2] bn, seed 0: finished" in done.stderr
    # The report is there; it takes seconds to be drawn again.
    monkeypatch.setattr("paribus.pipeline.write_report", lambda *_, **__: None)
    again = here("run", study, "--json")
    assert "0 runs to train" in again.stderr
    assert "2 of 2 already done" in again.stderr
    answer = json.loads(again.stdout)
    assert (answer["finished"], answer["failed"]) == (2, [])
    rebuilt = here("report", "out/quick")
    assert (rebuilt.exit_code, rebuilt.stdout) == (0, done.stdout)


def test_a_wrong_study_ends_with_2_names_the_place_and_writes_nothing(study: Path) -> None:
    study.write_text(STUDY.replace("epochs: 1", "epochs: none"))
    done = paribus("run", study, cwd=study.parent)
    assert done.returncode == 2
    assert done.stderr == f"{study}:3:9: epochs: expected an integer, got 'none'\n"
    assert done.stdout == ""
    assert [path.name for path in study.parent.iterdir()] == ["quick.yaml"]


@pytest.mark.parametrize(
    ("test", "message"),
    [
        ("{worst: [eleven], metric: recall}", "no class is called 'eleven'"),
        (
            "{setting: bn, against: baseline, metric: f1:eleven, expect: better}",
            "no class is called 'eleven'",
        ),
        (
            "{setting: bn, against: baseline, metric: best_epoch, expect: better}",
            "expected `higher` or `lower`",
        ),
        (
            "{setting: bn, against: baseline, metric: test_loss, expect: equivalent}",
            "expected a margin to be equivalent within, got none",
        ),
    ],
)
@pytest.mark.parametrize("command", ["plan", "run"])
def test_a_claim_that_no_run_could_decide_is_refused_before_training(
    study: Path, command: str, test: str, message: str
) -> None:
    study.write_text(f"{STUDY}claims:\n  - {{id: c, says: So., test: {test}}}\n")
    done = here(command, study)
    assert done.exit_code == 2
    assert "Claim 'c'" in done.stderr
    assert message in done.stderr
    assert [path.name for path in study.parent.iterdir()] == ["quick.yaml"]


def test_a_failed_run_ends_with_1_and_the_report_is_written(study: Path) -> None:
    study.write_text(STUDY + "  bad: {optimizer: {kind: sgd, lr: 1e30}}\n")
    done = here("run", study, "--jobs", "1")
    assert done.exit_code == 1
    assert "Failed: bad, seed 0: the training loss became" in done.stderr
    assert (study.parent / done.stdout.strip()).exists()


def test_code_in_a_study_needs_permission(study: Path) -> None:
    study.write_text(STUDY.replace("network.batch_norm: true", "network: my.module:net"))
    done = here("run", study)
    assert done.exit_code == 2
    assert "--allow-code" in done.stderr


def test_a_folder_without_results_is_refused(tmp_path: Path) -> None:
    done = here("report", tmp_path)
    assert done.exit_code == 1
    assert "expected a folder that `paribus run` or `paribus compare` filled" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_plan_shows_runs_changes_and_time_and_writes_nothing(study: Path) -> None:
    done = here("plan", study, "--seeds", "2", "--engine", "torch", "--jobs", "1")
    assert done.exit_code == 0, done.stderr
    assert "network.batch_norm: False -> True" in done.stdout
    assert "4 runs: 2 settings from 2 seeds" in done.stdout
    assert re.search(r"^ +8 +104 +35 +35 *$", done.stdout, re.M)
    assert "One point of accuracy is 3.6 of 359 test images" in done.stdout
    assert "! 2 seeds are few: take 5 to look, 10 to conclude." in done.stdout
    assert re.search(r"About [\d.]+ (s|min) in 1 process: start .*, report", done.stdout)
    assert [path.name for path in study.parent.iterdir()] == ["quick.yaml"]
    assert "engine torch: as the study asks" in done.stdout
    plan = json.loads(here("plan", study, "--json").stdout)
    assert plan["runs"] == [["baseline", 0], ["bn", 0]]
    assert plan["settings"][1]["changes"] == {"network.batch_norm": [False, True]}
    assert plan["seconds"] == pytest.approx(sum(plan["times"].values()))
    assert plan["expected"]["design"]["seeds"] == 1
    assert plan["advice"][0].startswith("One seed shows no spread")
    assert {setting["engine"] for setting in plan["settings"]} <= {"torch", "native"}
    assert all(setting["why"] for setting in plan["settings"])


@pytest.mark.parametrize("hares", [5, 11])
def test_a_plan_names_the_classes_with_their_images_in_each_part(study: Path, hares: int) -> None:
    for name, number in (("fox", 5), ("hare", hares)):
        (study.parent / "images" / name).mkdir(parents=True)
        for k in range(number):
            pixels = np.random.default_rng(k).integers(256, size=(16, 16, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(study.parent / "images" / name / f"{name}{k}.png")
    study.write_text(STUDY.replace("source: digits", "source: folder, path: images"))
    done = here("plan", study)
    assert done.exit_code == 0, done.stderr
    if hares == 5:
        assert "each of fox, hare: 3 training, 1 validation, 1 test\n" in done.stdout
    else:
        assert re.search(r"^ +fox +3 +1 +1 *$", done.stdout, re.M)
        assert re.search(r"^ +hare +7 +2 +2 *$", done.stdout, re.M)


def test_a_plan_says_which_variation_changes_nothing(study: Path) -> None:
    study.write_text(STUDY.replace("network.batch_norm: true", "same: true"))
    done = here("plan", study)
    assert done.exit_code == 0, done.stderr
    assert re.search(r"baseline +\(baseline\)", done.stdout)
    assert re.search(r"bn +\(nothing: an A/A test\)", done.stdout)


@pytest.mark.parametrize("command", ["plan", "run"])
def test_settings_that_cannot_be_trained_are_named_with_their_lines_and_nothing_is_trained(
    study: Path, command: str
) -> None:
    study.write_text(f"{STUDY}  small: {{data.size: 8}}\n  smaller: {{data.size: 6}}\n")
    done = here(command, study)
    assert done.exit_code == 2
    lines = done.stderr.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith(
        f"{study}:7:3: variations.small: setting small can't be trained: lenet5: expected images "
        "of at least 16x16 pixels, got 8x8."
    )
    assert lines[1].startswith(f"{study}:8:3: variations.smaller: setting smaller")
    assert done.stdout == ""
    assert [path.name for path in study.parent.iterdir()] == ["quick.yaml"]


def test_what_users_code_prints_goes_to_standard_error(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (study.parent / "prints.py").write_text(
        "from torch import nn\nprint('imported')\n"
        "def net(channels, height, width, classes):\n"
        "    print('built')\n"
        "    return nn.Sequential(nn.Flatten(), nn.Linear(channels * height * width, classes))\n"
    )
    monkeypatch.setattr(sys, "path", [*sys.path])
    study.write_text(STUDY.replace("network.batch_norm: true", "network: 'prints:net'"))
    done = here("plan", study, "--allow-code", "--json")
    assert json.loads(done.stdout)["runs"] == [["baseline", 0], ["bn", 0]]
    assert "imported" in done.stderr
    assert "built" in done.stderr


def test_an_engine_that_can_not_do_what_a_study_asks_is_refused_and_nothing_is_written(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = SimpleNamespace(build="x86-64-v3", digest="0" * 64)
    monkeypatch.setattr("paribus.execution.engines.library", lambda: there)
    monkeypatch.setattr("paribus.execution.engines._objection", lambda *_: "conv2 has stride 2")
    done = here("run", study, "--engine", "native")
    assert done.exit_code == 2
    assert "which can't train baseline, bn: conv2 has stride 2. Write" in done.stderr
    assert [path.name for path in study.parent.iterdir()] == ["quick.yaml"]


def test_that_torch_trains_for_want_of_the_engine_is_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Screen() as screen:
        screen.show(EngineMissing("the native engine is missing: it was not built"))
    sentence = "training with PyTorch: the native engine is missing: it was not built\n"
    assert capsys.readouterr().err == sentence


def test_runs_are_counted_over_all_rounds_of_a_study_that_adds_seeds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rounds = [TrainingBegins(6, 4, 8, 1), *[RunEnded("l2", 0, "finished", 1.0, "")] * 4]
    rounds += [TrainingBegins(8, 2, 4, 1), *[RunEnded("l2", 1, "finished", 1.0, "")] * 2]
    with Screen() as screen:
        for event in rounds:
            screen.show(event)
    told = capsys.readouterr().err
    counts = re.findall(r"\[(\d+/\d+)\]", told)
    assert counts == ["1/4", "2/4", "3/4", "4/4", "5/6", "6/6"]
    assert "2 runs to train in 1 process, 6 of 8 already done" in told


def test_what_is_noticed_of_a_network_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with Screen() as screen:
        screen.show(NetworkNoticed("wide", "Its outputs sum to 1."))
    assert capsys.readouterr().err == "wide: Its outputs sum to 1.\n"


def test_sources_are_listed_and_verified(tmp_path: Path) -> None:
    listed = json.loads(here("data", "list", "--json").stdout)
    assert {"digits", "stl10"} <= {source["name"] for source in listed}
    assert here("data", "verify", "digits").exit_code == 0
    for name in ("cats", "dogs"):
        (tmp_path / name).mkdir()
    (tmp_path / "cats" / "broken.png").write_bytes(b"not an image")
    bad = here("data", "verify", tmp_path)
    assert bad.exit_code == 1
    assert "broken.png" in bad.stdout + bad.stderr


def test_help_comes_without_importing_torch_or_pandas() -> None:
    code = (
        "import sys\nfrom paribus.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "heavy = {'torch', 'pandas', 'sklearn', 'altair', 'pydantic'} & set(sys.modules)\n"
        "sys.exit(f'imported: {heavy}' if heavy else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Examples:" in done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed_for_every_shell(shell: str) -> None:
    assert "_PARIBUS_COMPLETE" in paribus("completion", shell).stdout


def test_a_wrong_study_is_refused_before_any_large_library_is_imported(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(STUDY.replace("epochs: 1", "epochs: many"))
    code = (
        "import sys\n"
        "from paribus.cli import main\n"
        "try:\n    main(['run', 'study.yaml'])\n"
        "except SystemExit as ended:\n    assert ended.code == 2\n"
        "sys.exit(', '.join({'torch', 'scipy', 'pandas', 'altair'} & set(sys.modules)) or 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("more", [["--seeds", "3"], ["--looks", "5,8"]])
def test_seeds_one_by_one_are_one_way_among_three(tmp_path: Path, more: list[str]) -> None:
    (tmp_path / "study.yaml").write_text(STUDY)
    done = CliRunner().invoke(main, ["plan", str(tmp_path / "study.yaml"), "--most", "9", *more])
    assert done.exit_code == 2
    assert "give only one of them" in done.output
