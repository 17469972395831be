"""`paribus check`: a study's claims as a regression test, from records alone."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner, Result

import paribus
from paribus.cli import main
from paribus.records.store import write_record
from paribus.records.types import Record
from paribus.study.read import write_study_copy
from paribus.study.spec import Study
from paribus.tables import COLUMNS, to_csv
from paribus.tables import of_comparisons as frames
from synthetic import make_records, make_study

TIME = {"setting": "batch-norm", "against": "main", "metric": "train_cpu_seconds"}
HOLDS = {"id": "slower", "says": "It takes longer.", "test": TIME | {"expect": "higher"}}
FAILS = {"id": "faster", "says": "It takes no longer.", "test": TIME | {"expect": "lower"}}
OPEN = {
    "id": "smoother",
    "says": "It is smoother.",
    "test": {"setting": "l2", "against": "main", "metric": "roughness", "expect": "lower"},
}
WOLF = {"id": "wolf", "says": "Wolf is worst.", "test": {"worst": ["wolf"], "metric": "recall"}}


def results(out: Path, *claims: Mapping[str, Any], **options: Any) -> Path:
    """A folder of results with these claims, its records made without training."""
    plain = make_study(seeds=3, epochs=20).model_dump()
    study = Study.model_validate(plain | {"claims": list(claims)})
    write_study_copy(out, study)
    for record in make_records(study, classes=("cat", "dog"), images=40, **options):
        write_record(out, timed(record), {})
    return out


def timed(record: Record) -> Record:
    seconds = {"train_cpu_seconds": record.facts.train_seconds}
    return replace(record, facts=record.facts.model_copy(update=seconds))


def check(out: Path, *words: str) -> Result:
    return CliRunner(env={"COLUMNS": "80"}).invoke(main, ["check", str(out), *words])


def test_claims_that_all_hold_end_with_0(tmp_path: Path) -> None:
    done = check(results(tmp_path / "out", HOLDS))
    assert done.exit_code == 0, done.stderr
    assert "supported" in done.stdout
    assert "1 supported, 0 refuted, 0 undecided" in done.stdout


@pytest.mark.parametrize(("claim", "verdict"), [(FAILS, "refuted"), (OPEN, "undecided")])
def test_one_claim_that_does_not_hold_ends_with_1(
    tmp_path: Path, claim: Mapping[str, Any], verdict: str
) -> None:
    done = check(results(tmp_path / "out", HOLDS, claim))
    assert done.exit_code == 1
    assert f"1 {verdict}" in done.stdout


def test_the_table_has_the_evidence_and_fits_80_columns_without_color(tmp_path: Path) -> None:
    done = check(results(tmp_path / "out", HOLDS, FAILS, OPEN))
    words = " ".join(done.stdout.split())
    assert "slower It takes longer. batch-norm against main" in words
    assert "over 3 seeds: lower" not in words
    assert "higher, not lower (p < 0.001)" in words
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "\x1b" not in done.stdout
    assert done.stderr == ""


def test_json_has_every_number_and_the_same_exit_code(tmp_path: Path) -> None:
    done = check(results(tmp_path / "out", HOLDS, FAILS), "--json")
    assert done.exit_code == 1
    answer = json.loads(done.stdout)
    assert answer["study"] == "LeNet-5 on synthetic images"
    first, second = answer["claims"]
    assert list(first) == list(COLUMNS["claims"])
    assert (first["verdict"], second["verdict"]) == ("supported", "refuted")
    assert first["low"] < first["estimate"] < first["high"]
    assert 0 < first["p"] < 1e-3


def test_a_study_that_claims_nothing_says_so_and_ends_with_0(tmp_path: Path) -> None:
    out = results(tmp_path / "out")
    done = check(out)
    assert done.exit_code == 0
    assert "makes no claims" in done.stdout
    assert json.loads(check(out, "--json").stdout)["claims"] == []


def test_an_unknown_class_is_told_without_a_traceback(tmp_path: Path) -> None:
    done = check(results(tmp_path / "out", WOLF))
    assert done.exit_code == 2
    assert "Claim 'wolf': no class is called 'wolf'; valid: cat, dog" in done.stderr
    assert "Traceback" not in done.stderr


def test_failed_runs_are_told_and_may_leave_a_claim_undecided(tmp_path: Path) -> None:
    """A failed run counts as the slowest, so one of the baseline's speaks against "longer"."""
    out = results(tmp_path / "out", HOLDS, failing=("main", 2))
    done = check(out)
    assert done.exit_code == 1
    assert "1 of main's 3 runs failed." in done.stdout.splitlines()
    words = " ".join(done.stdout.split())
    assert "undecided, because 1 of main's 3 runs failed" in words
    assert (
        "supported by the seeds that both finished alone, but not with failed runs as the" in words
    )
    told = json.loads(check(out, "--json").stdout)
    assert told["failed"] == [{"setting": "main", "failed": 1, "ended": 3}]
    assert (told["claims"][0]["verdict"], told["claims"][0]["failed"]) == ("undecided", 1)


def test_failed_runs_that_speak_for_a_claim_do_not_undo_it(tmp_path: Path) -> None:
    done = check(results(tmp_path / "out", HOLDS, failing=("batch-norm", 2)))
    assert done.exit_code == 0
    assert "1 of batch-norm's 3 runs failed" in " ".join(done.stdout.split())


def test_failed_runs_of_other_settings_leave_a_claim_as_it_is(tmp_path: Path) -> None:
    done = check(results(tmp_path / "out", HOLDS, failing=("l2", 0)))
    assert done.exit_code == 0
    assert "1 of l2's 3 runs failed." in done.stdout


def test_a_folder_without_results_is_refused(tmp_path: Path) -> None:
    done = check(tmp_path)
    assert done.exit_code == 1
    assert "expected a folder that `paribus run` or `paribus compare` filled" in done.stderr


def test_checking_writes_nothing_and_needs_no_torch(tmp_path: Path) -> None:
    out = results(tmp_path / "out", HOLDS)
    before = sorted(path for path in out.rglob("*"))
    code = (
        "import sys\nfrom paribus.cli import main\n"
        f"try: main(['check', {str(out)!r}])\nexcept SystemExit as end: assert end.code == 0\n"
        "sys.exit('torch was imported' if 'torch' in sys.modules else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert sorted(path for path in out.rglob("*")) == before


# ---- the same from Python, and as tables ---------------------------------------------------------


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> paribus.Results:
    out = results(tmp_path_factory.mktemp("found") / "out", HOLDS, OPEN, failing=("l2", 1))
    return paribus.read_results(out)


def test_results_give_comparisons_and_claims(result: paribus.Results) -> None:
    assert [claim.verdict for claim in result.claims] == ["supported", "undecided"]
    assert result.comparison is result.comparison
    assert {c.variation for c in result.comparison.comparisons} == {"batch-norm", "l2"}


@pytest.mark.parametrize("name", ["comparisons", "claims"])
def test_tables_have_the_documented_columns_and_types_even_when_empty(
    name: str, result: paribus.Results
) -> None:
    full, empty = result.table(name), getattr(frames, name)([])
    assert list(full.columns) == list(empty.columns) == list(COLUMNS[name])
    pd.testing.assert_series_equal(full.dtypes, empty.dtypes)


def row(frame: pd.DataFrame, variation: str, metric: str) -> pd.Series[Any]:
    return frame[(frame["variation"] == variation) & (frame["metric"] == metric)].iloc[0]


def test_comparisons_are_rows_with_empty_cells_for_what_is_unknown(result: paribus.Results) -> None:
    frame = result.table("comparisons")
    assert len(frame) == 2 * (13 + 2)
    accuracy = row(frame, "l2", "test_accuracy")
    assert (accuracy["n_seeds"], accuracy["missing"], accuracy["margin"]) == (2, 1, 0.01)
    assert accuracy["low_new_images"] < accuracy["estimate"] < accuracy["high_new_images"]
    assert accuracy["failed"] == 1
    assert "1 of l2's 3 runs failed" in accuracy["notes"]
    assert pd.isna(accuracy["correlation"])
    assert pd.isna(row(frame, "l2", "test_loss")["margin"])
    ratio = row(frame, "batch-norm", "train_cpu_seconds")
    assert (ratio["compare"], ratio["unit"]) == ("ratio", "")
    assert ratio["estimate"] == pytest.approx(56 / 50, abs=0.01)


@pytest.mark.parametrize("name", ["comparisons", "claims"])
def test_numbers_read_back_exactly(name: str, result: paribus.Results) -> None:
    frame = result.table(name)
    rows = list(csv.DictReader(io.StringIO(to_csv(frame).decode(), newline="")))
    for column in frame.select_dtypes("float64"):
        again = pd.Series([float(cells[column] or "nan") for cells in rows], name=column)
        pd.testing.assert_series_equal(again, frame[column], check_exact=True)
