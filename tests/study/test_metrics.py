"""A study's own metrics and its primary one: what is accepted, and where each fault is."""

from __future__ import annotations

import pytest

from paribus.errors import StudyError
from paribus.study.metrics import default_margin, names, study_metrics
from paribus.study.read import parse_study
from paribus.study.spec import Study

GOOD = """\
name: a study
data: {source: digits}
epochs: 2
metrics:
  perplexity: {better: lower, margin: 0.5, compare: ratio, label: word perplexity}
  throughput: {better: higher, unit: images/s}
  test_accuracy: {margin: 0.02}
primary: perplexity
variations:
  l2: {optimizer.weight_decay: 1e-5}
claims:
  - id: a
    says: It helps.
    test: {setting: l2, against: baseline, metric: throughput, expect: better}
"""


def problems(old: str, new: str) -> list[str]:
    assert GOOD.count(old) == 1
    with pytest.raises(StudyError) as caught:
        parse_study(GOOD.replace(old, new), "s.yaml")
    return str(caught.value).splitlines()


def test_a_study_declares_metrics_and_says_which_one_decides() -> None:
    study = parse_study(GOOD)
    metrics = study_metrics(study, ["cat"])
    metric = metrics["perplexity"]
    assert (metric.label, metric.better, metric.compare, metric.margin) == (
        "word perplexity",
        "lower",
        "ratio",
        0.5,
    )
    assert (metrics["throughput"].label, metrics["throughput"].unit) == ("throughput", "images/s")
    assert metrics["throughput"].margin is None
    assert metrics["test_accuracy"].margin == 0.02
    assert "recall:cat" in metrics
    assert study.claims[0].test.metric == "throughput"


def test_the_margin_follows_the_primary_metric() -> None:
    assert parse_study(GOOD).margin == 0.5
    assert parse_study(GOOD.replace("primary: perplexity", "primary: throughput")).margin is None
    built_in = parse_study(GOOD.replace("primary: perplexity", "primary: test_accuracy"))
    assert built_in.margin == 0.02
    assert default_margin("test_accuracy", {}) == 0.01
    assert default_margin("test_loss", {}) is None
    given = parse_study(GOOD.replace("primary: perplexity", "primary: throughput\nmargin: 2000"))
    assert given.margin == 2000
    metrics = study_metrics(given, ())
    assert metrics["throughput"].margin == 2000


def test_a_study_survives_being_written_and_read_again() -> None:
    study = parse_study(GOOD)
    assert Study.model_validate_json(study.model_dump_json()) == study


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "better: higher, unit",
            "unit",
            "6:3: metrics.throughput: expected better: higher, lower or neither, got",
        ),
        (
            "better: higher",
            "better: more",
            "6:24: metrics.throughput.better: expected 'higher', 'lower' or 'neither', got 'more'",
        ),
        ("throughput: {", "'a:b': {", "6:3: metrics.a:b: expected a name of at most 64 characters"),
        ("throughput: {", "seed: {", "6:3: metrics.seed: 'seed' is a column of the table of runs"),
        (
            "unit: images/s",
            "units: s",
            "6:32: metrics.throughput.units: unknown key 'units'; did you mean 'unit'? Valid:",
        ),
        (
            "{margin: 0.02}",
            "{margin: 0.02, better: lower}",
            "7:33: metrics.test_accuracy.better: test_accuracy is built in, so only its margin",
        ),
        (
            "{margin: 0.02}",
            "{margin: 1}",
            "7:27: metrics.test_accuracy.margin: expected a share below 1 (0.01 is one percentage "
            "point), got 1",
        ),
        (
            "margin: 0.5",
            "margin: 0",
            "5:39: metrics.perplexity.margin: expected a number greater than 0, got 0",
        ),
        (
            "primary: perplexity",
            "primary: perplexitee",
            "8:10: primary: no metric 'perplexitee' can decide; did you mean 'perplexity'?",
        ),
        # Its target depends on the runs of the baseline, so one record can't give it.
        (
            "primary: perplexity",
            "primary: epochs_to_loss",
            "8:10: primary: no metric 'epochs_to_loss' can decide",
        ),
        (
            "primary: perplexity",
            "primary: perplexity\nmargin: 0.4",
            "9:9: margin: the margin of perplexity is declared twice, here and under metrics",
        ),
        (
            "primary: perplexity",
            "primary: macro_f1\nmargin: wide",
            "9:9: margin: expected a number, got 'wide'",
        ),
        (
            "metric: throughput",
            "metric: thruput",
            "14:52: claims.0.test.metric: no metric is called 'thruput'; did you mean",
        ),
        (
            "metric: throughput, expect: better",
            "metric: test_accuracy, expect: equivalent, margin: 2",
            "14:95: claims.0.test.margin: expected a share below 1",
        ),
        (
            "metric: throughput",
            "measure: throughput",
            "14:44: claims.0.test.measure: renamed: write metric",
        ),
    ],
)
def test_each_fault_has_its_place(old: str, new: str, expected: str) -> None:
    lines = problems(old, new)
    assert any(line.startswith(f"s.yaml:{expected}") for line in lines), lines


def test_the_same_margin_may_be_given_twice() -> None:
    assert parse_study(GOOD.replace("epochs: 2", "epochs: 2\nmargin: 0.5")).margin == 0.5


@pytest.mark.parametrize("old", ["colour: grey", "colour: gray"])
def test_an_old_key_is_told_its_new_name(old: str) -> None:
    lines = problems("{source: digits}", f"{{source: folder, path: x, {old}}}")
    assert lines == ["s.yaml:2:33: data.colour: renamed: write color"]


def test_a_built_in_metric_that_is_declared_again_is_listed_once() -> None:
    listed = names({"test_accuracy": {"margin": 0.02}, "latency": {"better": "lower"}})
    assert listed.count("test_accuracy") == listed.count("latency") == 1
