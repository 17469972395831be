"""Any metric can be the one that decides, a study's own as well as a built-in one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from paribus.narrative.words import NONE
from paribus.records.types import Record
from paribus.report.blocks import Block, Figure, Paragraph, Section, Table, every
from paribus.report.sections import sections
from paribus.report.sections.answer import answer
from paribus.report.sections.seeds import seeds
from paribus.report.write import write_report
from paribus.results import Results
from paribus.study.spec import Study
from report.reports import results_of
from report.test_parts import facts
from synthetic import make_records, make_study

LATENCY = {"better": "lower", "unit": "ms", "label": "latency of a batch", "margin": 0.5}
CLAIM = {
    "id": "quick",
    "says": "Batch normalization answers sooner.",
    "test": {
        "setting": "batch-norm", "against": "main", "metric": "latency", "expect": "better",
    },
}  # fmt: skip


def a_study(
    primary: str = "latency", settings: Sequence[str] = ("main", "batch-norm", "l2"), **changes: Any
) -> Study:
    plain = make_study(seeds=6, epochs=3, settings=settings).model_dump(exclude={"margin"})
    declared = {"metrics": {"latency": LATENCY}, "primary": primary, "claims": [CLAIM]}
    return Study.model_validate(plain | declared | changes)


def timed(record: Record) -> Record:
    """Batch norm is 3 ms faster than the others' 20 ms."""
    run = record.facts
    noise = np.random.default_rng([run.seed, len(run.setting)]).normal(0, 0.1)
    value = 20 + run.seed / 10 - 3 * (run.setting == "batch-norm") + noise
    return facts(record, metrics={"latency": float(value)})


def results(study: Study, out: Path = Path("nowhere")) -> Results:
    return results_of(study, [timed(record) for record in make_records(study, images=60)], out)


def plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u2212", "-")


def tables(of: Section) -> list[Table]:
    return [block for block in every(of.blocks) if isinstance(block, Table)]


def figures(of: Section) -> list[Figure]:
    return [block for block in every(of.blocks) if isinstance(block, Figure)]


def texts(of: Section) -> str:
    said = [block.text for block in every(of.blocks) if isinstance(block, Paragraph)]
    return plain(" ".join([*filter(None, [of.says]), *said]))


@pytest.fixture(scope="module")
def report() -> dict[str, Section]:
    return {section.anchor: section for section in sections(results(a_study()))}


def test_the_first_screen_is_about_it(report: dict[str, Section]) -> None:
    text = texts(report["answer"])
    assert text.startswith(
        "batch-norm is better than main by 2.96 ms in latency of a batch. l2 differs from main "
        "by less than 0.5 ms."
    )
    (table,) = tables(report["answer"])
    assert table.caption == "Latency of a batch"
    assert table.head[:4] == ("Setting", "Latency of a batch", "Verdict", "Difference")
    mean, verdict, difference, _ = dict(table.rows)["batch-norm"]
    assert plain(mean.text).endswith(" ms")
    assert verdict.tone == "better" and dict(table.rows)["l2"][1].tone == "equivalent"
    assert plain(difference.text) == "-2.96 ms"
    assert plain(difference.detail).startswith("95 % interval [-3.")
    (figure,) = figures(report["answer"])
    assert figure.name == "differences"
    assert "Difference in latency of a batch from main, seed by seed: " in figure.description
    assert figure.chart(720)["datasets"]["null"] == [{"null": 0.0, "from": -0.5, "to": 0.5}]
    assert "differ by less than 0.5 ms" in str(report["answer"].blocks)
    assert "One point is" not in text


def test_the_comparisons_and_seeds_are_in_its_unit(report: dict[str, Section]) -> None:
    at_a_glance = texts(report["comparison"])
    assert "Latency of a batch is the primary metric; the others are exploratory" in at_a_glance
    assert "Latency of a batch is the primary metric, all others are" in texts(report["tests"])
    cells = dict(tables(report["tests"])[0].rows)["latency of a batch"]
    assert plain(cells[1].text).startswith("-2.96 ") and cells[1].text.endswith(" ms")
    assert "Test accuracy: these images, or new ones" in str(report["tests"].blocks)
    (table,) = tables(report["seeds"])
    assert table.caption.startswith("Latency of a batch: seeds so far, and those with which")
    for _, (_, half, _, _) in table.rows:
        assert half.text.startswith("± ") and half.text.endswith("\u00a0ms")
    assert "points" not in texts(report["seeds"])


def test_tables_claims_and_json_have_it(tmp_path: Path) -> None:
    made = results(a_study(), tmp_path)
    write_report(made)
    runs = pd.read_csv(tmp_path / "tables" / "runs.csv")
    assert list(runs)[-1] == "latency" and runs["latency"].notna().all()
    rows = pd.read_csv(tmp_path / "tables" / "comparisons.csv").to_dict("records")
    row = next(row for row in rows if row["metric"] == "latency")
    assert (row["unit"], row["margin"], row["verdict"]) == ("ms", 0.5, "better")
    assert [claim.verdict for claim in made.claims] == ["supported"]
    content = json.loads((tmp_path / "results.json").read_text())
    difference = content["settings"][1]["differences"]["latency"]
    assert difference["mean"] == pytest.approx(-3, abs=0.2) and difference["n"] == 6
    assert content["study"]["primary"] == "latency"


@pytest.mark.parametrize("better", ["higher", "neither"])
@pytest.mark.parametrize("compare", ["difference", "ratio", "ranks"])
@pytest.mark.parametrize("margin", [None, 0.05])
def test_it_may_be_compared_in_any_way(better: str, compare: str, margin: float | None) -> None:
    metric = {"better": better, "compare": compare, "unit": "ms", "margin": margin}
    made = results(a_study(settings=["main", "batch-norm"], metrics={"latency": metric}, claims=[]))
    shown: list[Block] = list(answer(made))
    (table,) = tables(Section("answer", shown))
    verdict, difference = table.rows[1][1][1:3]
    assert verdict.tone == ("worse" if better == "higher" else "lower")
    wanted = "ratio 0.8" if compare == "ratio" else "-"
    assert plain(difference.text).startswith(wanted)
    (line,) = (c for c in made.comparison.primary if c.variation == "batch-norm")
    assert line.estimate == pytest.approx(0.85 if compare == "ratio" else -3, abs=0.15)
    half = tables(Section("seeds", list(seeds(made))))[0].rows[0][1][1].text
    assert half == NONE if compare == "ratio" else half.endswith("\u00a0ms")
    (figure,) = figures(Section("answer", shown))
    null = figure.chart(350)["datasets"]["null"][0]["null"]
    assert null == (1.0 if compare == "ratio" else 0.0)


@pytest.mark.parametrize("primary", ["test_loss", "best_epoch", "train_cpu_seconds", "macro_f1"])
def test_a_built_in_metric_may_decide(primary: str, tmp_path: Path) -> None:
    made = results(a_study(primary, claims=[], margin=None), tmp_path)
    write_report(made)
    text = (tmp_path / "report.md").read_text()
    assert f"{made.primary.label[0].upper()}{made.primary.label[1:]} is the primary metric" in text


def test_looks_are_at_it() -> None:
    study = a_study(seeds={"until": "decided", "looks": [3, 6]}, claims=[])
    report = {section.anchor: section for section in sections(results(study))}
    table = tables(report["seeds"])[-1]
    assert table.caption.startswith("Latency of a batch at each look")
    assert table.rows[0][1][1].text.endswith(" ms")
