"""`paribus demo`: the study that comes with Paribus, run as `paribus run` runs any."""

import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from paribus import pipeline
from paribus.cli import main
from paribus.cli.demo import STUDY
from paribus.events import TrainingBegins
from paribus.study.plan import runs
from paribus.study.read import read_study
from paribus.study.spec import Study

REPOSITORY = Path(__file__).parents[1]


class Asked(Exception):  # noqa: N818 - it is no error
    """What a study was asked to do, instead of doing it."""


@pytest.mark.parametrize(
    ("words", "out"), [((), "out/digits"), (("--out", "elsewhere"), "elsewhere")]
)
def test_it_runs_its_study_into_a_folder_below_the_current_one(
    words: tuple[str, ...], out: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(study: Study, folder: Path, **options: Any) -> None:
        options["watch"](TrainingBegins(runs=30, left=30, epochs=450, jobs=2))
        raise Asked(study, folder)

    monkeypatch.setattr(pipeline, "run", ask)
    done = CliRunner().invoke(main, ["demo", *words])
    assert isinstance(done.exception, Asked)
    assert done.exception.args == (read_study(STUDY), Path(out))
    assert "30 runs to train" in done.stderr  # progress, as `paribus run` shows it


def test_its_study_is_the_one_of_the_repository_and_trains_30_networks() -> None:
    assert len(runs(read_study(STUDY))) == 30
    assert (REPOSITORY / "studies" / "digits.yaml").samefile(STUDY)
    assert "paribus demo\n" in (REPOSITORY / "Makefile").read_text()


def test_without_scikit_learn_a_line_names_the_extra_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)  # an import of it fails
    done = CliRunner().invoke(main, ["demo"])
    assert done.exit_code == 1
    assert done.stderr.splitlines() == [
        "the digits data need scikit-learn: pip install 'paribus[digits]'"
    ]
    assert not Path("out").exists()


def test_help_says_where_results_go() -> None:
    help_text = CliRunner().invoke(main, ["demo", "-h"]).stdout
    assert "out/digits in the current folder" in " ".join(help_text.split())
