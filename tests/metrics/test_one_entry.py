"""Adding a metric is one entry in the registry: everything else follows from it."""

import json
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from paribus.errors import StudyError
from paribus.metrics.metric import Metric, RunData
from paribus.metrics.registry import METRICS
from paribus.report.write import write_report
from paribus.study.read import parse_study
from paribus.study.spec import Study
from paribus.tables import tables_page
from report.reports import results_of
from synthetic import make_records, make_study

NAME = "first_val_loss"


def first_validation_loss(run: RunData) -> float:
    return float(run.record.curves.values("val_loss")[0])


def rows(out: Path, table: str) -> list[dict[Hashable, Any]]:
    return pd.read_csv(out / "tables" / f"{table}.csv").to_dict("records")


@pytest.fixture(autouse=True)
def entry(monkeypatch: pytest.MonkeyPatch) -> None:
    metric = Metric(
        NAME,
        "validation loss of epoch 1",
        "lower",
        first_validation_loss,
        "Validation loss after the first epoch, in nats.",
        unit="nats",
    )
    monkeypatch.setitem(METRICS, NAME, metric)


def test_it_is_in_tables_comparisons_claims_and_report(tmp_path: Path) -> None:
    plain = make_study(seeds=4, epochs=3, settings=["main", "l2"]).model_dump()
    test = {"setting": "l2", "against": "main", "metric": NAME, "expect": "better"}
    claims = [{"id": "early", "says": "L2 starts lower.", "test": test}]
    study = Study.model_validate(plain | {"claims": claims})
    records = make_records(study, images=60)
    write_report(results_of(study, records, tmp_path))

    values = {(r.facts.setting, r.facts.seed): r.curves.values("val_loss")[0] for r in records}
    for row in rows(tmp_path, "runs"):
        assert row[NAME] == pytest.approx(values[row["setting"], row["seed"]])
    differences = [values["l2", seed] - values["main", seed] for seed in range(4)]
    (comparison,) = (row for row in rows(tmp_path, "comparisons") if row["metric"] == NAME)
    assert comparison["estimate"] == pytest.approx(sum(differences) / 4)
    (claim,) = rows(tmp_path, "claims")
    assert claim["estimate"] == comparison["estimate"]
    assert "validation loss of epoch 1" in claim["evidence"]
    assert "Validation loss of epoch 1" in (tmp_path / "report.md").read_text()
    settings = json.loads((tmp_path / "results.json").read_text())["settings"]
    assert all(NAME in setting["metrics"] for setting in settings)


def test_messages_know_it() -> None:
    with pytest.raises(StudyError, match=f"did you mean '{NAME}'"):
        parse_study("name: s\ndata: {source: digits}\nprimary: first_val_los\n")


def test_every_metric_is_in_the_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(METRICS, NAME)
    page = tables_page()
    for metric in METRICS.values():
        assert f"| `{metric.name}` | {metric.meaning} |" in page
