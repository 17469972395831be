"""A record's parts may each be missing: the report uses what is there and says what is not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from effort import telling
from paribus.errors import ChoiceError
from paribus.narrative.missing import on_missing
from paribus.records.types import (
    Curves,
    DataFacts,
    Environment,
    NetworkFacts,
    Predictions,
    Record,
    Series,
)
from paribus.report.blocks import Figure, Paragraph, Section, Table, every
from paribus.report.sections import sections
from paribus.report.write import write_report
from paribus.study.spec import Study
from report.reports import claiming, results_of
from synthetic import make_records, make_study

Part = Callable[[Record], Record]


def facts(record: Record, **changes: object) -> Record:
    return replace(record, facts=record.facts.model_copy(update=changes))


def without_predictions(record: Record) -> Record:
    return replace(record, predictions=None)


def without_probabilities(record: Record) -> Record:
    shown = record.predictions
    assert shown is not None
    given = Predictions(shown.index, shown.labels, given=shown.predicted)
    return replace(record, predictions=given)


#: What is taken from a record, and how the sentence on it begins.
PARTS: dict[str, tuple[Part, str]] = {
    "predictions": (without_predictions, "Predictions for the test images"),
    "probabilities": (without_probabilities, "Probabilities of the predicted classes"),
    "curves": (lambda r: replace(r, curves=Curves()), "Loss curves"),
    "data": (lambda r: facts(r, data=DataFacts(classes=r.classes)), "Facts about the images"),
    "network": (lambda r: facts(r, network=NetworkFacts()), "Facts about the network"),
    "environment": (lambda r: facts(r, environment=Environment()), "The machine and its software"),
    "streams": (lambda r: facts(r, streams=None), "Hashes of the random streams"),
    "times": (lambda r: facts(r, train_seconds=0.0, train_cpu_seconds=0.0), "Training times"),
}

#: Without these parts, these sections have nothing to show.
OF_PREDICTIONS = {
    "confusion", "confusion-change", "report", "failures", "explorer", "causes",
}  # fmt: skip

STUDY = claiming(make_study(seeds=3, epochs=4, settings=["main", "batch-norm"]))
RECORDS = make_records(STUDY, classes=("cat", "dog", "owl"), images=60)
ANALYZED = [record.key for record in RECORDS]


def bare(record: Record) -> Record:
    """Reported metrics and nothing else."""
    for take, _ in PARTS.values():
        record = take(record) if record.predictions or take is not without_probabilities else record
    values = {"throughput": 5.0 + record.facts.seed + (record.facts.setting != "main")}
    return facts(record, metrics=values, data=DataFacts(), best_epoch=None)


def report_of(study: Study, records: Sequence[Record]) -> dict[str, Section]:
    return {section.anchor: section for section in sections(results_of(study, records))}


def text_of(section: Section) -> str:
    said = [section.says, *(b.text for b in every(section.blocks) if isinstance(b, Paragraph))]
    return " ".join(said).replace("\xa0", " ")


def written(study: Study, records: Sequence[Record], out: Path) -> str:
    """Write everything, check that no number that isn't there shows, and give the page's text."""
    results = results_of(study, records, out)
    write_report(results)
    page, markdown = ((out / name).read_text() for name in ("report.html", "report.md"))
    data = re.search(r'id="explorer-data">(.*?)</script>', page, re.DOTALL)
    for text in ((out / "results.json").read_text(), data[1] if data else "0"):
        json.loads(text, parse_constant=pytest.fail)
    assert {path.name.split(".")[0] for path in (out / "tables").iterdir()} == set(results.tables)
    plain = unescape(re.sub(r"<(script|style).*?</\1>|<[^>]*>", " ", page, flags=re.DOTALL))
    for text in (plain, re.sub(r"<[^>]*>", "", markdown), *re.findall(r'"[^"]*"', page)):
        assert not re.search(r"\b(nan|NaN|None|undefined)\b", text)
    for path in (out / "tables").glob("*.csv"):
        assert not re.search(rb"(^|,)(nan|None)(,|\r)", path.read_bytes())
    for link in re.findall(r'href="#([\w-]+)"', page):
        assert f'id="{link}"' in page
    return plain


@pytest.mark.parametrize("part", PARTS)
def test_a_part_missing_in_all_runs_is_named(part: str) -> None:
    take, sentence = PARTS[part]
    first, *_ = on_missing([take(record) for record in RECORDS], ANALYZED)
    assert first.startswith(f"{sentence} ")
    assert "missing in all 6 finished runs: " in first


@pytest.mark.parametrize("part", PARTS)
def test_a_part_missing_in_one_run_is_counted(part: str) -> None:
    take, sentence = PARTS[part]
    (only,) = on_missing([take(RECORDS[0]), *RECORDS[1:]], ANALYZED)
    assert only.startswith(f"{sentence} are missing in 1 of 6 finished runs: ")


@pytest.mark.parametrize("runs", telling(["one run", "all runs"], "all runs"))
@pytest.mark.parametrize("part", telling(PARTS, "predictions", "probabilities", "curves"))
def test_all_else_is_written(part: str, runs: str, tmp_path: Path) -> None:
    take, sentence = PARTS[part]
    without = 1 if runs == "one run" else len(RECORDS)
    records = [*map(take, RECORDS[:without]), *RECORDS[without:]]
    page = written(STUDY, records, tmp_path)
    assert f"{sentence} are missing in " in " ".join(page.split())
    shown = set(re.findall(r'<section id="([\w-]+)"', (tmp_path / "report.html").read_text()))
    nowhere = {"predictions": OF_PREDICTIONS, "curves": {"loss"}} if runs == "all runs" else {}
    assert {*OF_PREDICTIONS, "loss"} - shown == set(nowhere.get(part, ()))


def test_of_whole_records_nothing_is_missing() -> None:
    assert on_missing(RECORDS, ANALYZED) == ()


def test_networks_that_were_not_analyzed_are_counted() -> None:
    (only,) = on_missing(RECORDS, ANALYZED[1:])
    assert only.startswith("Analyses of the networks are missing in 1 of 6 finished runs: ")


def test_reported_metrics_alone_have_comparisons_and_a_report(tmp_path: Path) -> None:
    plain = STUDY.model_dump() | {
        "metrics": {"throughput": {"better": "higher", "unit": "images/s"}},
        "primary": "throughput",
        "claims": [],
    }
    study, records = Study.model_validate(plain), [bare(record) for record in RECORDS]
    text = written(study, records, tmp_path)
    report = report_of(study, records)
    assert list(report) == [
        "answer", "observations", "comparison", "settings", "metrics", "tests", "seeds", "missing",
        "pairing", "provenance",
    ]  # fmt: skip
    assert "declared by equal seeds, not proved" in text
    assert "Machine and versions unknown" in " ".join(text.split())
    (table,) = (b for b in report["metrics"].blocks if isinstance(b, Table))
    assert [name for name, _ in table.rows] == ["Finished seeds", "Throughput (images/s)"]
    assert "No run has a value of test accuracy, " in text_of(report["metrics"])
    assert "throughput" not in text_of(report["metrics"])
    assert pd.read_csv(tmp_path / "tables" / "epochs.csv").empty


def test_what_needs_only_the_predicted_classes_is_as_with_probabilities() -> None:
    known, given = (
        results_of(STUDY, records)
        for records in (RECORDS, [without_probabilities(r) for r in RECORDS])
    )
    for name in ("per_class", "confusion"):
        pd.testing.assert_frame_equal(known.table(name), given.table(name))
    ours, theirs = known.table("failures"), given.table("failures")
    unknown = ["true_probability", "predicted_probability", "margin", "suspicion", "suspicion_rank"]
    assert theirs[unknown].isna().all(axis=None) and ours["margin"].notna().all()
    same = ["setting", "image", "true", "kind", "wrong", "votes", "change", "fixed", "broken"]
    pd.testing.assert_frame_equal(ours[same], theirs[same])
    np.testing.assert_array_equal(
        known.table("runs")["test_accuracy"], given.table("runs")["test_accuracy"]
    )


@pytest.mark.parametrize("order", ["confidence", "boundary", "suspicion"])
def test_classes_alone_can_not_be_sorted_by_probabilities(order: str) -> None:
    results = results_of(STUDY, [without_probabilities(record) for record in RECORDS])
    assert len(results.failures(sort="wrong")) > 0
    with pytest.raises(ChoiceError, match=f"expected probabilities to sort by {order}"):
        results.failures(sort=order)  # type: ignore[arg-type]  # a parameter of the test


# ---- series of another trainer ------------------------------------------------------------------


def followed(record: Record) -> Record:
    """Training loss every ten steps, accuracy after every other of four epochs."""
    steps, epochs = np.arange(10, 170, 10), np.array([2, 4])
    falling = 2 / np.sqrt(steps) + 0.01 * record.facts.seed

    def series(axis: str, at: object, values: object) -> Series:
        return Series(axis, np.asarray(at, np.float32), np.asarray(values, np.float32))  # type: ignore[arg-type]

    curves = {
        "train_loss": series("step", steps, falling),
        "val_acc": series("epoch", epochs, [0.4, 0.5]),
        "val_loss": series("epoch", [1, 2, 3, 4], [1.5, 1.2, 1.1, 1.3]),
        "=seed": series("epoch", [0.5, 2], [1, 2]),
    }
    return facts(replace(record, curves=Curves(curves)), best_epoch=3)


def test_every_series_has_a_column_where_it_stands(tmp_path: Path) -> None:
    records = [followed(record) for record in RECORDS]
    written(STUDY, records, tmp_path)
    steps = pd.read_csv(tmp_path / "tables" / "steps.csv.gz")
    assert list(steps) == ["setting", "seed", "step", "train_loss", "step_loss"]
    assert steps["step"].tolist()[:3] == [10, 20, 30] and steps["step_loss"].isna().all()
    epochs = pd.read_csv(tmp_path / "tables" / "epochs.csv")
    names = ["train_loss", "val_loss", "val_accuracy", "learning_rate", "val_acc", "'=seed"]
    assert list(epochs) == ["setting", "seed", "epoch", *names]
    first = epochs[:5].set_index("epoch")
    assert first.index.tolist() == [0.5, 1, 2, 3, 4]
    assert first["val_acc"].dropna().to_dict() == pytest.approx({2: 0.4, 4: 0.5})
    assert first["'=seed"].dropna().to_dict() == {0.5: 1, 2: 2}


def test_losses_of_another_trainer_are_drawn() -> None:
    report = report_of(STUDY, [followed(record) for record in RECORDS])
    figures = [block for block in every(report["loss"].blocks) if isinstance(block, Figure)]
    assert [figure.name for figure in figures] == [
        "learning-curves",
        "loss-main",
        "loss-batch-norm",
    ]
    assert "training loss falls from 0.642 to 0.168" in figures[1].description
    assert "lowest, 1.100, after epoch 3, and 1.300 after the last, 4" in figures[1].description
    text = text_of(report["loss"])
    assert "Strong lines are means over seeds after each epoch, faint ones every seed." in text


def test_a_short_last_batch_is_said_not_to_be_drawn() -> None:
    def sized(record: Record, images: int) -> Record:
        data = record.facts.data.model_copy(update={"training": images})
        return facts(record, data=data)

    short, even = (
        text_of(report_of(STUDY, [sized(r, images) for r in RECORDS])["loss"])
        for images in (5000, 5120)
    )
    note = "The last batch of an epoch, 8 images instead of 128, isn't drawn."
    assert note in short and "last batch" not in even
    by_epoch = text_of(report_of(STUDY, [followed(record) for record in RECORDS])["loss"])
    assert "last batch" not in by_epoch  # where no step's loss is drawn


def test_runs_of_different_lengths_have_a_mean_as_far_as_all_go() -> None:
    def stopped(record: Record) -> Record:
        series = {
            name: Series(s.axis, s.at[: len(s.at) // 2], s.values[: len(s.at) // 2])
            for name, s in record.curves.series.items()
        }
        return facts(replace(record, curves=Curves(series)), best_epoch=2)

    report = report_of(STUDY, [stopped(RECORDS[0]), *RECORDS[1:]])
    figure = next(block for block in report["loss"].blocks if isinstance(block, Figure))
    assert "after the last, 2" in figure.description
