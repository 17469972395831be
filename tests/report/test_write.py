"""What a report leaves on disk: whole, the same every time, and without torch."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path

import pytest

from paribus import tables
from paribus.failures.cases import shown_cases
from paribus.metrics.registry import METRICS
from paribus.report.write import write_report
from report.explored import square
from report.reports import Written, ordinary, results_of
from synthetic import make_records, make_study
from undrawn import drawn

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def written() -> Written:
    return ordinary()


def test_everything_that_others_build_on_is_there(written: Written) -> None:
    actual = {
        str(path.relative_to(written.out)) for path in written.out.rglob("*") if path.is_file()
    }
    expected = {"report.html", "report.md", "results.json", "handin.html"}
    expected |= {f"tables/{name}.csv" for name in ("runs", "epochs", "per_class", "confusion")}
    expected |= {f"tables/{name}.csv" for name in ("comparisons", "pairs", "claims", "failures")}
    expected |= {"tables/interventions.csv", "tables/interventions_by_class.csv"}
    expected |= {"tables/steps.csv.gz", "figures/differences.svg", "figures/recall.svg"}
    expected |= {f"figures/{kind}-{name}.svg" for kind in ("loss", "confusion")
                 for name in ("main", "batch-norm", "l2")}  # fmt: skip
    expected |= {f"figures/confusion-change-{name}.svg" for name in ("batch-norm", "l2")}
    expected |= {f"figures/{name}.svg" for name in ("comparisons", "learning-curves")}
    assert {name for name in actual if not name.startswith("images/")} == expected


def test_the_tables_are_those_of_the_records(written: Written) -> None:
    content = (written.out / "tables" / "runs.csv").read_bytes()
    assert content == tables.to_csv(tables.runs(written.study, written.records))
    packed = (written.out / "tables" / "steps.csv.gz").read_bytes()
    assert gzip.decompress(packed) == tables.to_csv(tables.steps(written.records))


def test_a_report_written_again_is_the_same_to_the_byte(written: Written, tmp_path: Path) -> None:
    shutil.copytree(written.out / "images", tmp_path / "images")
    with drawn():
        write_report(results_of(written.study, written.records, tmp_path), formats=["handin"])
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (written.out / path.relative_to(tmp_path)).read_bytes()


def test_images_can_be_left_out_and_the_report_says_so(tmp_path: Path) -> None:
    study = make_study(seeds=1, epochs=2, settings=["main"])
    write_report(results_of(study, make_records(study, images=60), tmp_path), images=False)
    for name in ("report.html", "report.md"):
        text = (tmp_path / name).read_text("utf-8")
        assert "The images are left out here" in text
        assert "data:image" not in text and "images/" not in text


def test_a_missing_image_has_its_number_in_its_place(tmp_path: Path) -> None:
    study = make_study(seeds=1, epochs=2, settings=["main"])
    records = make_records(study, images=60)
    write_report(results_of(study, records, tmp_path))
    case = shown_cases(records)[0]
    assert f"image {case.index} is missing" in (tmp_path / "report.html").read_text("utf-8")
    assert "| missing | missing |" in (tmp_path / "report.md").read_text("utf-8")


def test_results_json_is_strict_json_with_every_setting_and_run(written: Written) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    results = json.loads(written.text("results.json"), parse_constant=refuse)
    assert [setting["name"] for setting in results["settings"]] == ["main", "batch-norm", "l2"]
    ours = results_of(written.study, written.records)
    for setting, result in zip(results["settings"], ours.settings, strict=True):
        for metric in METRICS:
            spread = result.spread(metric)
            actual = setting["metrics"][metric]
            assert (actual["mean"], actual["sd"], actual["n"]) == (spread.mean, spread.sd, spread.n)
    assert len(results["runs"]) == 9
    failed = next(run for run in results["runs"] if run["status"] == "failed")
    assert failed["test_accuracy"] is None and "became nan" in failed["message"]


def test_results_json_has_every_comparison_claim_and_observation(written: Written) -> None:
    results = json.loads(written.text("results.json"))
    ours = results_of(written.study, written.records)
    assert len(results["comparisons"]) == len(ours.comparison.comparisons)
    for row, c in zip(results["comparisons"], ours.comparison.comparisons, strict=True):
        assert (row["variation"], row["metric"]) == (c.variation, c.metric.name)
        assert (row["estimate"], row["p_adjusted"]) == (c.estimate, c.p_adjusted)
        assert row["verdict"] == c.verdict
    for key in ("says", "text", "numbers"):
        declared = [getattr(of, key) for of in ours.observations]
        assert [of[key] for of in results["observations"]] == declared
    assert results["undecided"] == ours.observed.open
    assert results["undecided"].startswith("Not decided with 3 seeds: ")
    assert [claim["verdict"] for claim in results["claims"]] == [of.verdict for of in ours.claims]


def test_every_key_of_results_json_is_documented(written: Written) -> None:
    page = (DOCS / "results-json.md").read_text("utf-8")
    results = json.loads(written.text("results.json"))
    keys = {*results, *results["settings"][1], *results["pairing"][0], *results["data"][0]}
    keys |= {
        *results["environments"][0],
        *results["interruptions"][0],
        "mean",
        "sd",
        "n",
        "from",
        "to",
    }
    keys |= {*results["observations"][0]}
    keys |= {
        name
        for of in results["observations"]
        for declared in of["numbers"].values()
        for name in declared
    }
    assert [key for key in sorted(keys) if f"`{key}`" not in page] == []


@pytest.mark.parametrize("failing", [("main", 0), ("l2", 0)])
def test_a_report_of_a_setting_without_a_finished_run_is_written(
    tmp_path: Path, failing: tuple[str, int]
) -> None:
    study = make_study(seeds=1, epochs=2, settings=["main", "l2"])
    write_report(results_of(study, make_records(study, images=30, failing=failing), tmp_path))
    text = (tmp_path / "report.html").read_text("utf-8")
    assert "1\u00a0run failed" in text and f"{failing[0]}, seed 0" in text


def test_a_folder_of_format_1_keeps_its_images_under_their_name_of_today(tmp_path: Path) -> None:
    study = make_study(seeds=1, epochs=2, settings=["main"])
    records = make_records(study, images=60)
    (tmp_path / "pictures").mkdir()
    name = shown_cases(records)[0].original
    (tmp_path / "pictures" / name).write_bytes(square(name))
    write_report(results_of(study, records, tmp_path))
    assert f"images/{name}" in (tmp_path / "report.md").read_text("utf-8")
    assert [path.name for path in (tmp_path / "images").iterdir()] == [name]
    assert not (tmp_path / "pictures").exists()
    (tmp_path / "pictures").mkdir()  # as an older Paribus would leave it beside the new one
    write_report(results_of(study, records, tmp_path))
    assert (tmp_path / "images" / name).is_file()
