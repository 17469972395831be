"""The whole story on digits: from a study to a report, and from records to the same report."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import paribus
from faults.here import in_this_process
from paribus.errors import ChoiceError, RecordError
from paribus.records.store import read_record, run_folder
from paribus.records.types import Record
from paribus.results import read_results
from paribus.study.folder import OWN
from paribus.study.read import read_study_copy
from paribus.study.spec import Study

Build = Callable[..., Study]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of a small study whose last variation can't be trained; don't write into it."""
    study = Study.model_validate(
        {
            "name": "digits, quickly",
            "data": {"source": "digits", "size": 16},
            "epochs": 2,
            "seeds": 2,
            "variations": {
                "bn": {"network.batch_norm": True},
                "diverges": {"optimizer": {"kind": "sgd", "lr": 1e30}},
            },
        }
    )
    out = tmp_path_factory.mktemp("finished") / "out"
    with in_this_process():
        results = paribus.run(study, out)
    assert len(results.records) == 6
    assert len(results.failed) == 2
    return out


@pytest.fixture
def out(finished: Path, tmp_path: Path) -> Path:
    """A copy of the results to do anything with."""
    return Path(shutil.copytree(finished, tmp_path / "out"))


def test_everything_that_the_documents_name_is_on_disk(finished: Path) -> None:
    assert {path.name for path in finished.iterdir()} <= OWN  # or it would never be swept
    assert (finished / "report.html").stat().st_size > 10_000
    assert "digits, quickly" in (finished / "report.md").read_text()
    assert json.loads((finished / "results.json").read_text())["study"]
    tables = {path.name for path in (finished / "tables").iterdir()}
    assert tables >= {"runs.csv", "epochs.csv", "steps.csv.gz", "per_class.csv", "confusion.csv"}
    assert tables >= {"failures.csv", "interventions.csv", "interventions_by_class.csv"}
    assert list((finished / "figures").glob("*.svg"))
    assert list((finished / "images").glob("original-*.png"))
    assert list((finished / "images").glob("seen-????????-*.png"))
    assert len(list((finished / "analysis").glob("*/*/*.safetensors"))) == 8  # of four networks


@pytest.mark.parametrize("name", ["unfinished", "set-aside", "runs/bn", "images", "analysis"])
def test_nothing_is_written_through_a_link_out_of_the_folder(
    small_study: Build, tmp_path: Path, name: str
) -> None:
    outside, link = tmp_path / "outside", tmp_path / "out" / name
    outside.mkdir()
    link.parent.mkdir(parents=True)
    link.symlink_to(outside)
    with pytest.raises(RecordError, match=f"{name}: .*a link that leads out of"):
        paribus.run(small_study(), tmp_path / "out", into=True)
    assert not list(outside.iterdir())


def test_the_tables_follow_from_each_other(finished: Path) -> None:
    def table(name: str) -> pd.DataFrame:
        return pd.read_csv(finished / "tables" / name)

    runs = table("runs.csv").query("status == 'finished'").set_index(["setting", "seed"])
    confusion = table("confusion.csv")
    right = confusion[confusion["true"] == confusion["predicted"]]
    accuracy = (
        right.groupby(["setting", "seed"])["count"].sum()
        / confusion.groupby(["setting", "seed"])["count"].sum()
    )
    runs = runs.sort_index()
    pd.testing.assert_series_equal(accuracy, runs.test_accuracy, check_names=False)
    last = table("epochs.csv").groupby(["setting", "seed"]).last().loc[runs.index]
    pd.testing.assert_series_equal(last.val_loss, runs.final_val_loss, check_names=False)


def test_a_failed_run_is_shown_with_its_epoch_and_step(finished: Path) -> None:
    page = (finished / "report.html").read_text()
    assert "diverges, seed 0: the training loss became" in page
    assert "at epoch 1, step" in page


def test_a_report_is_rebuilt_from_records_alone_without_torch(out: Path) -> None:
    files = ("report.html", "report.md", "results.json", "tables/runs.csv", "tables/steps.csv.gz")
    before = {name: (out / name).read_bytes() for name in files}
    for name in files:
        (out / name).unlink()
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "import undrawn, paribus; undrawn.leave_charts_out()\n"
        f"paribus.rebuild_report({str(out)!r})\n"
        "sys.exit('torch was imported' if 'torch' in sys.modules else 0)\n"
    )
    elsewhere = os.environ | {"PARIBUS_CACHE": "/nowhere"}
    subprocess.run([sys.executable, "-c", code], check=True, env=elsewhere)
    assert {name: (out / name).read_bytes() for name in files} == before


def test_a_record_of_another_configuration_is_never_mixed_in(out: Path) -> None:
    study = json.loads((out / "study.json").read_text())
    study["variations"]["bn"] = {"network.batch_norm": True, "network.dropout": 0.5}
    (out / "study.json").write_text(json.dumps(study))
    results = read_results(out)
    assert {r.facts.setting for r in results.records} == {"baseline", "diverges"}
    assert all("an earlier version of the study" in why for _, why in results.absent)


def test_a_damaged_record_is_left_out_and_named(out: Path) -> None:
    file = run_folder(out, "bn", 1) / "predictions.safetensors"
    file.write_bytes(file.read_bytes()[:-1])
    results = paribus.rebuild_report(out)
    assert any("bn, seed 1" in line and "damaged" in line for line in results.unfinished)
    page = (out / "report.html").read_text()
    assert "without a usable record" in page
    assert "bn: seed 1" in page.replace("\N{NO-BREAK SPACE}", " ")


def test_results_without_a_single_record_say_so(tmp_path: Path, small_study: Build) -> None:
    (tmp_path / "study.json").write_text(small_study().model_dump_json())
    with pytest.raises(RecordError, match="no run of 'small' has a record"):
        paribus.rebuild_report(tmp_path)


def test_results_give_their_tables(finished: Path) -> None:
    frame = read_results(finished).table("runs")
    assert list(frame.setting.unique()) == ["baseline", "bn", "diverges"]


def test_an_unknown_table_is_refused_with_the_valid_names(finished: Path) -> None:
    results = paribus.read_results(finished)
    for name in ("comparison", "to_csv", "__init__"):
        with pytest.raises(ChoiceError, match=r"no table is called .* runs, epochs, steps"):
            results.table(name)


def test_each_record_is_read_once_in_a_command(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Path] = []

    def noted(folder: Path) -> Record:
        read.append(folder)
        return read_record(folder)

    monkeypatch.setattr("paribus.study.read.read_record", noted)
    study = read_study_copy(out)
    assert isinstance(study, Study)
    paribus.run(study, out, jobs=1)
    assert len(read) == len(set(read)) == 6
    read.clear()
    paribus.rebuild_report(out)
    assert len(read) == len(set(read)) == 6
