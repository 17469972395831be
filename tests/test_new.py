"""`paribus new`: an example's files in a folder, and how to go on."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from paribus.cli import main
from paribus.cli.new import EXAMPLES, _names
from paribus.study.plan import settings
from paribus.study.read import read_study


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def new(*words: str) -> Result:
    return CliRunner().invoke(main, ["new", *words])


def test_every_example_can_be_asked_for() -> None:
    assert {"pytorch", "lightning", "huggingface", "keras", "sklearn", "shell"} <= {*_names()}
    for name in _names():
        assert new("--from", name).exit_code == 0
        assert len(settings(read_study(Path(name, "study.yaml")))) > 1


def test_the_files_are_written_and_the_next_command_is_said() -> None:
    done = new("--from", "shell", "my study")
    assert done.stdout.splitlines() == [
        "my study/iris.csv", "my study/study.yaml", "my study/train.sh",
        "Next: cd 'my study' && paribus run study.yaml --allow-code",
    ]  # fmt: skip
    same = EXAMPLES / "shell" / "train.sh"
    assert Path("my study/train.sh").read_bytes() == same.read_bytes()


def test_nothing_is_written_over() -> None:
    Path("shell").mkdir()
    Path("shell/train.sh").write_text("mine")
    done = new("--from", "shell")
    assert done.exit_code == 2
    assert "shell: train.sh would be replaced" in done.stderr
    assert [path.name for path in Path("shell").iterdir()] == ["train.sh"]


def test_an_example_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    done = new("--from", "lightnin")
    assert done.exit_code == 2
    assert "'lightning'" in done.stderr
