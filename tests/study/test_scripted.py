"""Studies whose runs a command or a function makes: what they say, what is refused and where."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st
from pydantic import ValidationError

from paribus.errors import StudyError
from paribus.report.sections.provenance import study_file
from paribus.scripts.words import words
from paribus.study.code import command_files, files_below, script_files
from paribus.study.plan import ScriptedRun, ScriptedSetting, runs, settings
from paribus.study.read import parse_study, read_study_copy, require_permission, write_study_copy
from paribus.study.scripted import ScriptedStudy
from paribus.study.trainer import Call, Command

GOOD = """\
name: Does mixup help our ResNet?
trainer: {command: "python train.py --seed {seed} --lr {lr} --mixup {mixup} --out {out}"}
parameters: {lr: 0.1, mixup: 0.0, optimizer: {name: sgd}}
metrics: {test_acc: {better: higher, margin: 0.005}}
seeds: {until: decided, most: 20}
variations:
  mixup: {mixup: 0.2}
  both: {mixup: 0.2, lr: 0.05, optimizer.name: adam}
"""


def scripted(text: str) -> ScriptedStudy:
    study = parse_study(text)
    assert isinstance(study, ScriptedStudy)
    return study


def problems(text: str) -> list[str]:
    with pytest.raises(StudyError) as refused:
        parse_study(text, "s.yaml")
    return str(refused.value).splitlines()


def replaced(before: str, after: str) -> str:
    assert before in GOOD
    return GOOD.replace(before, after)


class TestAStudyOfScripts:
    def test_has_settings_with_what_each_changes(self) -> None:
        baseline, mixup, both = settings(scripted(GOOD))
        assert isinstance(baseline, ScriptedSetting)
        assert baseline.parameters == {"lr": 0.1, "mixup": 0.0, "optimizer": {"name": "sgd"}}
        assert baseline.changes == {}
        assert mixup.changes == {"mixup": (0.0, 0.2)}
        assert both.parameters["optimizer"] == {"name": "adam"}
        assert both.recorded["trainer"] == baseline.recorded["trainer"]

    def test_has_runs_interleaved_by_seed(self) -> None:
        first = runs(scripted(GOOD), dict.fromkeys(("baseline", "mixup", "both"), 2))
        assert all(isinstance(run, ScriptedRun) for run in first)
        assert [run.key for run in first[:4]] == [
            ("baseline", 0), ("mixup", 0), ("both", 0), ("baseline", 1),
        ]  # fmt: skip

    def test_of_one_metric_takes_it_for_the_primary_one_with_its_margin(self) -> None:
        assert (scripted(GOOD).primary, scripted(GOOD).margin) == ("test_acc", 0.005)

    def test_may_vary_the_command_itself(self) -> None:
        changed = "  other: {trainer.command: 'python other.py {seed}'}\n"
        *_, other = settings(scripted(GOOD + changed))
        assert isinstance(other.trainer, Command)
        assert other.trainer.command == "python other.py {seed}"
        assert list(other.changes) == ["trainer.command"]

    def test_is_not_run_by_time_limit_or_named_files_otherwise(self) -> None:
        more = replaced('{out}"}', '{out}", time_limit: 2h, depends: [configs]}')
        assert settings(scripted(more))[0].recorded == settings(scripted(GOOD))[0].recorded

    def test_without_a_trainer_is_for_a_function_that_python_is_given(self) -> None:
        text = "".join(line for line in GOOD.splitlines(True) if not line.startswith("trainer"))
        assert scripted(text).trainer == Call(call="__main__:train")

    def test_survives_its_copy_and_its_yaml(self, tmp_path: Path) -> None:
        study = scripted(replaced('{out}"}', '{out}", time_limit: 90s, reads: m.csv, at: best:x}'))
        write_study_copy(tmp_path, study)
        assert read_study_copy(tmp_path) == study
        assert scripted(study_file(study)) == study

    def test_needs_permission_and_says_what_it_runs(self) -> None:
        with pytest.raises(StudyError) as refused:
            require_permission(scripted(GOOD), Path("s.yaml"))
        assert "baseline runs `python train.py --seed {seed} --lr" in str(refused.value)
        assert "with your rights: read it, then add --allow-code" in str(refused.value)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("{mixup} --out", "{mixop} --out",
         "s.yaml:2:20: trainer.command: no parameter is called 'mixop'; did you mean 'mixup'?"),
        ("{out}\"}", "{out} {\"}",
         "trainer.command: expected a name in braces, or two of them for one, got a lone '{'"),
        ("{out}\"}", "{out} 'open\"}", "trainer: expected a command with every quote closed"),
        ("{out}\"}", "{out}\", reads: ../x}", "trainer.reads: expected a file or folder inside"),
        ("{out}\"}", "{out}\", time_limit: 30 minutes}",
         "trainer.time_limit: expected seconds, or a time such as 90s, 30m or 2h"),
        ("{out}\"}", "{out}\", time_limit: 0}", "trainer.time_limit: expected seconds"),
        ("{out}\"}", "{out}\", read: x}",
         "trainer.read: unknown key 'read'; did you mean 'reads'?"),
        ('{command: "python', '{call: "python', "trainer.call: expected 'package.module:function'"),
        ("lr: 0.1,", "seed: 0.1,", "parameters.seed: 'seed' means something else"),
        ("lr: 0.1,", "lr: [{}],", "parameters.lr: expected text, a number, true, false, null"),
        ("lr: 0.1,", "lr: .inf,", "parameters.lr: expected finite numbers"),
        ("lr: 0.1,", "'l r': 1, lr: 1,", "parameters.l r: expected a name of letters, digits"),
        ("{name: sgd}", "{}", "parameters.optimizer: expected at least one parameter"),
        ("lr: 0.05", "lrr: 0.05",
         "s.yaml:8:22: variations.both.lrr: no parameter is called 'lrr'; did you mean 'lr'?"),
        ("lr: 0.05", "trainer.reads: x",
         "of the trainer a variation can change trainer.command alone"),
        ("lr: 0.05", "trainer.command: 'x {y}'", "no parameter is called 'y'"),
        ("{mixup: 0.2}", "{mixup: 0.0}", "variations.mixup: changes nothing in the baseline"),
        ("{mixup: 0.2}", "{mixup: 0.2, same: true}", "it changes something in the baseline"),
        ("{mixup: 0.2}", "{}", "expected at least one parameter, as {lr: 0.01}, got none"),
        ("better: higher, margin: 0.005}", "better: higher}, other: {better: lower}",
         "primary: missing: name the metric that decides, one of test_acc, other"),
        ("seeds:", "primary: best_epoch\nseeds:", "primary: no metric is called 'best_epoch'"),
        ("seeds:", "epochs: 3\nseeds:", "epochs: unknown key 'epochs'"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_at_its_line(before: str, after: str, said: str) -> None:
    found = problems(replaced(before, after))
    assert any(said in line for line in found), found


def test_every_problem_is_said_at_once() -> None:
    wrong = replaced("{mixup} --out", "{mixop} --out").replace("lr: 0.05", "lrr: 0.05")
    assert len(problems(wrong)) == 2


@pytest.mark.parametrize(
    ("written", "seconds"), [(90, 90), ("90s", 90), ("30m", 1800), ("2h", 7200), ("1.5h", 5400)]
)
def test_a_time_limit_is_in_seconds(written: object, seconds: float) -> None:
    assert Command(command="x", time_limit=written).time_limit == seconds  # type: ignore[arg-type]  # it is read


def test_a_command_in_several_lines_is_one() -> None:
    first, _, *others = GOOD.splitlines()
    command = "trainer:\n  command: >\n    python train.py\n    --seed {seed}"
    text = "\n".join([first, command, *others])
    trainer = scripted(text).trainer
    assert isinstance(trainer, Command)
    assert trainer.command == "python train.py --seed {seed}"
    with pytest.raises(ValidationError, match="a command"):
        Command(command=" \n ")


# ---- the files that a trainer depends on ---------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    files = {
        "train.py": "import helper, os\nfrom package import part\nimport numpy\n",
        "helper.py": "import other.gone",
        "package/__init__.py": "",
        "package/part.py": "from . import beside",
        "package/beside.py": "",
        "unused.py": "",
        "configs/a.yaml": "a: 1",
        "configs/.hidden": "",
        "configs/__pycache__/x.pyc": "",
        "run.sh": "python train.py",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


IMPORTED = ["helper.py", "package/__init__.py", "package/beside.py", "package/part.py"]


def relative(files: tuple[Path, ...]) -> list[str]:
    return sorted(str(file.absolute().relative_to(Path.cwd())) for file in files)


@pytest.mark.parametrize(
    ("command", "files"),
    [
        ("python train.py --seed {seed}", [*IMPORTED, "train.py"]),
        ("python -m package.part {lr}", [f for f in IMPORTED if f != "helper.py"]),
        ("sh run.sh {seed}", ["run.sh"]),
        ("/bin/sh -c 'exit 0'", []),
        ("python train.py 'open", [*IMPORTED, "train.py"]),
    ],
)
def test_files_that_a_command_names_count_with_what_they_import(
    folder: Path, command: str, files: list[str]
) -> None:
    assert relative(command_files(command)) == sorted(files)


def test_modules_are_found_beside_the_script_not_beside_the_user(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    found = script_files(Path("../train.py"))
    assert folder / "helper.py" in {file.resolve() for file in found}


def test_a_folder_stands_for_its_files_but_hidden_and_compiled_ones(folder: Path) -> None:
    assert relative(files_below(Path("configs"))) == ["configs/a.yaml"]


# ---- any values ----------------------------------------------------------------------------------

LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
NAMES = st.sampled_from(
    ["lr", "mixup", "a.b", "", "seed", "out", "trainer", "same", "x y", "{", "command", "call"]
)
TREES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3)
)
COMMANDS = st.lists(
    st.sampled_from(["python", " ", "{lr}", "{seed}", "{overrides}", "{", "}", "{{", "'", "$(x)"]),
    max_size=6,
).map("".join)


@given(
    st.dictionaries(NAMES, TREES, max_size=3) | LEAVES,
    st.fixed_dictionaries({}, optional={
        "command": COMMANDS | LEAVES, "call": st.text(max_size=8), "reads": LEAVES, "shell": LEAVES,
        "at": LEAVES, "time_limit": LEAVES, "depends": TREES, "threads": LEAVES, "zap": LEAVES,
    }) | LEAVES,
    st.dictionaries(NAMES, st.dictionaries(NAMES, TREES, max_size=2) | LEAVES, max_size=2),
)  # fmt: skip
@settings_of_hypothesis(max_examples=200, deadline=None)
def test_any_values_are_a_study_or_are_refused_with_their_line(
    parameters: object, trainer: object, variations: dict[str, object]
) -> None:
    study = {
        "name": "a", "trainer": trainer, "parameters": parameters, "variations": variations,
        "metrics": {"acc": {"better": "higher"}},
    }  # fmt: skip
    text = json.dumps(study, indent=1)
    try:
        read = scripted(text)
    except StudyError as error:
        assert error.problems
        assert all(p.line >= 1 and p.message for p in error.problems)
        return
    assert ScriptedStudy.model_validate_json(read.model_dump_json()) == read
    assert study_file(read)
    for setting in settings(read):
        if isinstance(setting.trainer, Command):
            made = words(setting.trainer, setting.parameters, 3, Path("out"))
            assert all(isinstance(word, str) for word in made)
