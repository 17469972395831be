"""Tables say what the records say, read back exactly, and run nothing in a spreadsheet."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from sklearn import metrics
from statsmodels.stats.proportion import proportion_confint

from failures.made import Probabilities, some_records, studies, surely
from paribus import tables
from paribus.records.types import Integers, Record
from synthetic import changed_curves, make_records, make_study

STUDY = make_study(seeds=2, epochs=4, settings=["main", "batch-norm"])
#: What `pd.read_csv` takes for missing, by its documentation.
MISSING = [
    *("#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN"),
    *("<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"),
]
ALL = ["runs", "epochs", "steps", "per_class", "confusion", "failures"]


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return make_records(STUDY, classes=["cat", "dog", "=bird"], images=90, failing=("main", 1))


def table(name: str, records: list[Record]) -> pd.DataFrame:
    if name == "failures":
        return tables.failures(records, "main")
    if name == "runs":
        return tables.runs(STUDY, records)
    frame: pd.DataFrame = getattr(tables, name)(records)
    return frame


@pytest.mark.parametrize("name", ALL)
def test_every_table_has_the_documented_columns_even_without_a_row(
    name: str, records: list[Record]
) -> None:
    assert list(table(name, records).columns) == list(tables.COLUMNS[name])
    assert list(table(name, []).columns) == list(tables.COLUMNS[name])


def test_a_run_has_its_metrics_at_the_last_and_at_the_best_epoch(records: list[Record]) -> None:
    record = records[0]
    shown, curves = record.predictions, record.curves
    assert shown is not None and shown.last is not None and shown.best is not None
    assert record.facts.best_epoch is not None
    row = tables.runs(STUDY, records).iloc[0]
    best = record.facts.best_epoch
    assert row["setting"] == "main" and row["seed"] == 0 and row["status"] == "finished"
    assert row["test_accuracy"] == metrics.accuracy_score(shown.labels, shown.predicted)
    assert row["best_test_accuracy"] == metrics.accuracy_score(
        shown.labels, shown.best.argmax(axis=1)
    )
    predicted = shown.predicted
    assert row["macro_f1"] == pytest.approx(
        metrics.f1_score(shown.labels, predicted, average="macro")
    )
    assert row["test_loss"] == pytest.approx(-np.mean(shown.last[np.arange(90), shown.labels]))
    assert row["best_test_loss"] == pytest.approx(-np.mean(shown.best[np.arange(90), shown.labels]))
    assert row["best_epoch"] == best
    assert (
        row["best_val_loss"]
        == curves.values("val_loss")[best - 1]
        == curves.values("val_loss").min()
    )
    assert row["final_train_loss"] == curves.values("train_loss")[-1]
    assert row["final_val_loss"] == curves.values("val_loss")[-1]
    assert row["final_val_accuracy"] == curves.values("val_accuracy")[-1]


def test_a_failed_run_has_its_reason_and_no_metrics(records: list[Record]) -> None:
    frame = tables.runs(STUDY, records)
    row = frame[frame["status"] == "failed"].iloc[0]
    assert (row["setting"], row["seed"]) == ("main", 1)
    assert "became nan at epoch 3" in row["message"]
    measured = set(frame.columns) - {
        "setting",
        "seed",
        "status",
        "engine",
        "device",
        "train_seconds",
        "train_cpu_seconds",
        "message",
    }
    assert row[list(measured)].isna().all()
    for name in ("per_class", "confusion"):
        other = table(name, records)
        assert other[(other["setting"] == "main") & (other["seed"] == 1)].empty


def test_epochs_and_steps_count_from_one(records: list[Record]) -> None:
    for name, column, most in (("epochs", "epoch", 4), ("steps", "step", 160)):
        frame = table(name, records)
        first = frame[(frame["setting"] == "batch-norm") & (frame["seed"] == 1)]
        assert first[column].tolist() == list(range(1, most + 1))
    frame = tables.epochs(records)
    np.testing.assert_array_equal(frame["val_loss"][:4], records[0].curves.values("val_loss"))


def test_an_epoch_that_failed_in_its_validation_keeps_its_training_loss(
    records: list[Record],
) -> None:
    curves = records[0].curves
    cut = changed_curves(
        curves,
        val_loss=curves.values("val_loss")[:3],
        val_accuracy=curves.values("val_accuracy")[:3],
    )
    frame = tables.epochs([replace(records[0], curves=cut)])
    assert frame["train_loss"].notna().all()
    assert frame["val_loss"].isna().tolist() == [False, False, False, True]


def test_per_class_figures_are_scikit_learns_by_name(records: list[Record]) -> None:
    shown = records[0].predictions
    assert shown is not None
    frame = tables.per_class(records)[:3]
    theirs = metrics.precision_recall_fscore_support(shown.labels, shown.predicted)
    assert frame["class"].tolist() == ["cat", "dog", "=bird"]
    for column, values in zip(("precision", "recall", "f1", "support"), theirs, strict=True):
        np.testing.assert_allclose(frame[column], values)


def test_confusion_names_both_classes_and_keeps_pairs_that_never_occur(
    records: list[Record],
) -> None:
    shown = records[0].predictions
    assert shown is not None
    frame = tables.confusion(records)
    first = frame[(frame["setting"] == "main") & (frame["seed"] == 0)]
    matrix = first.pivot(index="true", columns="predicted", values="count")
    theirs = metrics.confusion_matrix(shown.labels, shown.predicted)
    np.testing.assert_array_equal(matrix.to_numpy(), theirs)
    assert len(first) == 9
    assert first.iloc[1][["true", "predicted"]].tolist() == ["cat", "dog"]


@given(studies())
@settings(max_examples=40, deadline=None)
def test_failures_match_a_count_by_hand(
    study: tuple[Integers, dict[str, Probabilities]],
) -> None:
    labels, runs = study
    frame = tables.failures(some_records(labels, runs), "main")
    answers = {name: shown.argmax(axis=2) for name, shown in runs.items()}
    paired = range(min(map(len, answers.values())))
    rows = []
    for name, given_by in answers.items():
        for image, label in enumerate(labels.tolist()):
            given = given_by[:, image].tolist()
            wrong = sum(one != label for one in given)
            before = [bool(answers["main"][seed, image] != label) for seed in paired]
            after = [bool(given[seed] != label) for seed in paired]
            fixed = sum(b and not a for b, a in zip(before, after, strict=True))
            broken = sum(a and not b for b, a in zip(before, after, strict=True))
            half, change = len(paired) / 2, ""
            if sum(before) > half > sum(after):
                change = "fixed"
            if sum(before) < half < sum(after):
                change = "broken"
            if wrong or change:
                rows.append((name, image * 2 + 5, str(label), wrong, len(given), change,
                             fixed, broken, len(set(given))))  # fmt: skip
    columns = ["setting", "image", "true", "wrong", "seeds", "change", "fixed", "broken"]
    message = frame["votes"].str.count(": ")
    assert list(zip(*(frame[name] for name in columns), message, strict=True)) == rows
    assert (frame["predicted"] == "").tolist() == (frame["wrong"] == 0).tolist()


def test_a_failure_has_its_probabilities_interval_votes_and_suspicion() -> None:
    answers = surely([[1, 1], [1, 1], [2, 1], [0, 1]], 3, sure=0.8)
    row = tables.failures(some_records([0, 1], {"main": answers}), "main").iloc[0]
    assert row["votes"] == "1: 2, 0: 1, 2: 1"
    assert (row["predicted"], row["kind"], row["change"]) == ("1", "seed-dependent", "")
    assert row["true_probability"] == pytest.approx((0.8 + 3 * 0.1) / 4)
    assert row["predicted_probability"] == pytest.approx((2 * 0.8 + 2 * 0.1) / 4)
    assert row["margin"] == pytest.approx(np.log(1.1 / 1.8))
    assert (row["wrong_low"], row["wrong_high"]) == pytest.approx(
        proportion_confint(3, 4, method="wilson")
    )
    assert row["suspicion_rank"] == 1
    # Each class has one image, which sets its threshold.
    assert row["suspicion"] == pytest.approx((0.45 / 0.8) / (0.45 / 0.8 + 1))


def test_a_image_that_a_variation_fixes_in_all_its_seeds_has_a_row_there() -> None:
    runs = {"main": surely([[1]] * 3, 2), "l2": surely([[0]] * 3, 2)}
    frame = tables.failures(some_records([0], runs), "main")
    assert frame["setting"].tolist() == ["main", "l2"]
    fixed = frame.iloc[1]
    assert (fixed["kind"], fixed["change"], fixed["predicted"]) == ("right", "fixed", "")
    assert (fixed["fixed"], fixed["broken"], fixed["wrong"]) == (3, 0, 0)
    assert np.isnan(fixed["predicted_probability"])


def test_without_a_finished_baseline_nothing_is_fixed_or_broken(records: list[Record]) -> None:
    frame = tables.failures([r for r in records if r.facts.setting != "main"], "main")
    assert len(frame) > 0
    assert set(frame["change"]) == {""}


def test_images_of_two_hundred_classes_have_their_failures() -> None:
    names = [f"class {number}" for number in range(200)]
    study = make_study(seeds=2, epochs=1, settings=["main", "l2"])
    frame = tables.failures(make_records(study, classes=names, images=2000), "main")
    assert frame["true"].nunique() > 150


@pytest.mark.parametrize("name", ALL)
def test_numbers_read_back_exactly(name: str, records: list[Record]) -> None:
    frame = table(name, records)
    rows = list(csv.DictReader(io.StringIO(tables.to_csv(frame).decode(), newline="")))
    for column in frame.select_dtypes("number"):
        kept = frame[column].to_numpy(dtype=float, na_value=np.nan)
        again = np.array([float(row[column] or "nan") for row in rows])
        # A loss of 32 bits is written with as many digits as 32 bits need.
        narrow = np.float32 if frame[column].dtype == np.float32 else np.float64
        np.testing.assert_array_equal(again.astype(narrow), kept.astype(narrow))


def test_a_table_is_rfc_4180_without_an_index() -> None:
    frame = pd.DataFrame({"message": ['said "no", left', "two\r\nlines"], "n": [1, 2]})
    assert tables.to_csv(frame) == b'message,n\r\n"said ""no"", left",1\r\n"two\r\nlines",2\r\n'


@pytest.mark.parametrize(
    "start", ["=", "+", "-", "@", "\t", "\r", "\n", "  =", "\uff1d", "\uff0b", "\uff20"]
)
def test_text_that_a_spreadsheet_would_run_is_guarded(start: str) -> None:
    frame = pd.DataFrame({"class": pd.Categorical([f"{start}1+1", "cat"]), "recall": [-0.5, 0.5]})
    rows = list(csv.reader(io.StringIO(tables.to_csv(frame).decode("utf-8-sig"), newline="")))
    assert rows == [["class", "recall"], [f"'{start}1+1", "-0.5"], ["cat", "0.5"]]


@pytest.mark.parametrize("name", MISSING)
def test_a_class_whose_name_reads_as_missing_survives_the_usual_read(name: str) -> None:
    frame = pd.DataFrame({"class": pd.Categorical([name, "cat"]), "recall": [0.5, np.nan]})
    again = pd.read_csv(io.BytesIO(tables.to_csv(frame)))
    assert list(again["class"]) == [f"'{name}", "cat"]
    assert again["recall"].isna().tolist() == [False, True]


def test_a_table_with_accents_has_the_signature_that_spreadsheets_know() -> None:
    frame = pd.DataFrame({"class": ["größer", "cat"], "n": [1, 2]})
    content = tables.to_csv(frame)
    assert content.startswith(codecs.BOM_UTF8 + b"class,n\r\n")
    assert pd.read_csv(io.BytesIO(content)).equals(frame)
    assert not tables.to_csv(frame[1:]).startswith(codecs.BOM_UTF8)


@pytest.mark.parametrize("between", [";", "\t", "\n", "\r\n"])
def test_what_a_spreadsheet_would_take_for_another_cell_is_guarded_too(between: str) -> None:
    frame = pd.DataFrame({"message": [f"a{between}=1+1", f"a{between} b; -1.5 points"]})
    rows = list(csv.reader(io.StringIO(tables.to_csv(frame).decode(), newline="")))
    assert rows[1:] == [[f"a{between}'=1+1"], [f"a{between} b; -1.5 points"]]


def test_a_compressed_table_holds_the_same_and_has_no_date(records: list[Record]) -> None:
    frame = tables.steps(records)
    packed = tables.to_csv_gz(frame)
    assert gzip.decompress(packed) == tables.to_csv(frame)
    assert packed[4:8] == bytes(4)  # RFC 1952: the time of modification


def test_every_column_is_documented_on_the_page_that_is_committed() -> None:
    page = Path(__file__).parents[1] / "docs" / "tables.md"
    assert page.read_text("utf-8") == tables.tables_page(), "run: make docs"
    for columns in tables.COLUMNS.values():
        for name, meaning in columns.items():
            assert f"| `{name}` | {meaning} |" in tables.tables_page()
