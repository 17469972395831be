"""`paribus compare` and `paribus.compare`, from files as people have them to the report."""

from __future__ import annotations

import csv
import json
import math
import re
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from PIL import Image
from scipy import stats

import paribus
from paribus.cli import main
from paribus.found.unsettled import UnsettledError
from paribus.records.sources import read_sources
from paribus.records.store import write_record
from paribus.results import Results, read_results
from paribus.status import status
from paribus.study.read import write_study_copy
from paribus.verify import verify
from synthetic import make_records, make_study

SEEDS = range(5)


def accuracy(setting: str, seed: int) -> float:
    """Seeds' luck is shared; settings differ."""
    luck = float(np.random.default_rng(seed).normal(0, 0.02))
    effects = {"plain": 0.0, "mixup": 0.03, "cutout": 0.001}
    own = np.random.default_rng([seed, list(effects).index(setting)]).normal(0, 0.004)
    return 0.8 + luck + float(own) + effects[setting]


def write_csv(path: Path, rows: Sequence[Sequence[Any]]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def long_table(path: Path, settings: Sequence[str] = ("plain", "mixup")) -> Path:
    rows = [(s, k, "acc", accuracy(s, k)) for s in settings for k in SEEDS]
    return write_csv(path, [("setting", "seed", "metric", "value"), *rows])


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    return tmp_path


def compare(*words: str) -> Result:
    return CliRunner().invoke(main, ["compare", *words])


def comparisons(out: Path) -> pd.DataFrame:
    return pd.read_csv(out / "tables" / "comparisons.csv")


# ---- numbers ------------------------------------------------------------------------------------


def test_numbers_are_those_of_scipy_on_the_same_values(here: Path) -> None:
    long_table(here / "runs.csv")
    done = compare("runs.csv", "--baseline", "plain")
    assert done.exit_code == 0, done.stderr
    (row,) = comparisons(here / "out/runs").to_dict("records")
    plain, mixup = ([accuracy(s, k) for k in SEEDS] for s in ("plain", "mixup"))
    test = stats.ttest_rel(mixup, plain)
    low, high = test.confidence_interval()
    assert row["paired"]
    np.testing.assert_allclose(
        [row["p"], row["estimate"], row["low"], row["high"]],
        [test.pvalue, np.mean(mixup) - np.mean(plain), low, high],
    )
    assert row["verdict"] == "better"
    assert "mixup is better than plain" in done.stdout


def test_numbers_of_unpaired_runs_are_welchs(here: Path) -> None:
    rows = [("plain", k, accuracy("plain", k)) for k in range(5)]
    rows += [("mixup", k, accuracy("mixup", k)) for k in range(10, 17)]
    write_csv(here / "runs.csv", [("setting", "seed", "acc"), *rows])
    done = compare("runs.csv", "--baseline", "plain")
    assert "The settings have different seeds, so nothing is paired" in done.stderr
    (row,) = comparisons(here / "out/runs").to_dict("records")
    test = stats.ttest_ind(
        [r[2] for r in rows if r[0] == "mixup"],
        [r[2] for r in rows if r[0] == "plain"],
        equal_var=False,
    )
    low, high = test.confidence_interval()
    assert not row["paired"]
    np.testing.assert_allclose(
        [row["p"], row["low"], row["high"], row["missing"]], [test.pvalue, low, high, 0]
    )
    assert "unpaired" in (here / "out/runs/report.md").read_text()


def test_that_pairs_are_only_declared_is_said_everywhere(here: Path) -> None:
    long_table(here / "runs.csv")
    done = compare("runs.csv", "--baseline", "plain")
    assert "declared by equal seeds, not proven" in done.stderr
    report = (here / "out/runs/report.md").read_text()
    first = report[: report.index("## Observations")]
    assert first.count("declared by equal seeds, not proven") == 2  # in the lead and in the notes
    assert "mixup: r = " in report  # the correlation that was found


# ---- failures -----------------------------------------------------------------------------------


def test_a_diverged_run_is_a_failure_of_its_setting_and_stops_a_verdict(here: Path) -> None:
    rows = [(s, k, accuracy(s, k)) for s in ("plain", "mixup") for k in SEEDS]
    rows[-1] = ("mixup", 4, math.nan)
    table = [("setting", "seed", "acc"), *[(s, k, "nan" if v != v else v) for s, k, v in rows]]
    write_csv(here / "runs.csv", table)
    done = compare("runs.csv", "--baseline", "plain")
    assert "Failed: mixup, seed 4: its acc became nan" in done.stderr
    assert comparisons(here / "out/runs")["verdict"].tolist() == ["undecided"]


# ---- what can't be known ------------------------------------------------------------------------


def sweep_table(path: Path, **columns: Callable[[int, int], object]) -> Path:
    """A row a run of two values of lr from five seeds, with more columns."""
    rows = [
        (lr, seed, accuracy(name, seed), *(of(n, seed) for of in columns.values()))
        for n, (lr, name) in enumerate([(0.1, "plain"), (0.2, "mixup")])
        for seed in SEEDS
    ]
    return write_csv(path, [("lr", "seed", "acc", *columns), *rows])


def printed_commands(done: Result) -> list[list[str]]:
    lines = re.findall(r"^  paribus compare (.*)$", done.stderr, re.MULTILINE)
    return [shlex.split(line) for line in lines]


@pytest.mark.parametrize(
    ("columns", "words", "steps"),
    [
        ({}, (), 1),
        ({"val_loss": lambda n, k: 1 / (1 + k + n)}, (), 2),
        ({"sparsity": lambda n, k: 0.1 + 0.013 * k + 0.3 * n}, ("--metric", "sparsity"), 2),
        ({"seed2": lambda n, k: k % 2}, (), 1),
    ],
)
def test_every_printed_command_leads_on_and_keeps_what_was_typed(
    here: Path, columns: dict[str, Any], words: tuple[str, ...], steps: int
) -> None:
    sweep_table(here / "my runs.csv", **columns)
    done = compare("my runs.csv", "--out", "o", *words)
    for _ in range(steps):
        assert done.exit_code == 2, done.stderr
        assert "10 runs were read." in done.stderr
        commands = printed_commands(done)
        assert commands and all(command[0] == "my runs.csv" for command in commands)
        assert all("--out" in command for command in commands)
        done = compare(*commands[0])
    assert done.exit_code == 0, done.stderr
    assert (here / "o" / "report.html").exists()


def test_options_that_contradict_each_other_are_refused(here: Path) -> None:
    long_table(here / "runs.csv")
    for words in (["--last", "--mean"], ["--higher-better", "--lower-better"]):
        assert compare("runs.csv", *words).exit_code == 2
    assert compare().exit_code == 2


def test_a_path_without_runs_is_refused(here: Path) -> None:
    (here / "empty").mkdir()
    for path in ("empty", "nowhere"):
        done = compare(path)
        assert done.exit_code == 1 and path in done.stderr


# ---- a study file -------------------------------------------------------------------------------

DECLARED = """\
name: Does mixup help?
compare:
  runs: [runs.csv]
baseline: plain
margin: 0.02
claims:
  - id: helps
    says: Mixup helps.
    test: {setting: mixup, against: plain, metric: acc, expect: better}
  - id: harmless
    says: Cutout changes little.
    test: {setting: cutout, against: plain, metric: acc, expect: equivalent}
"""


def test_claims_of_a_study_file_are_judged_and_checked_again(here: Path) -> None:
    long_table(here / "runs.csv", ("plain", "mixup", "cutout"))
    (here / "compare.yaml").write_text(DECLARED)
    assert compare("--study", "compare.yaml").exit_code == 0
    results = read_results(here / "out/compare")
    assert [claim.verdict for claim in results.claims] == ["supported", "supported"]
    checked = CliRunner().invoke(main, ["check", "out/compare"])
    assert checked.exit_code == 0 and "2 supported" in checked.stdout
    report = (here / "out/compare/report.md").read_text()
    assert report.startswith("# Does mixup help?")


def test_a_report_has_the_study_file_that_makes_it_again(here: Path) -> None:
    long_table(here / "runs.csv", ("plain", "mixup", "cutout"))
    (here / "compare.yaml").write_text(DECLARED)
    compare("--study", "compare.yaml")
    report = (here / "out/compare/report.md").read_text()
    block = re.search(r"Study file:\n\n```\n(.*?)\n```", report, re.DOTALL)
    assert block is not None
    (here / "again.yaml").write_text(block[1])
    assert compare("--study", "again.yaml").exit_code == 0
    first, again = (comparisons(here / "out" / name) for name in ("compare", "again"))
    pd.testing.assert_frame_equal(first, again)


@pytest.mark.parametrize(
    ("was", "now", "place"),
    [
        ("  runs: [runs.csv]", "  rums: [runs.csv]", "3:3: compare.rums: unknown key 'rums'"),
        ("setting: cutout", "setting: cutot", "12:21: claims.1.test.setting: no setting is called"),
        ("margin: 0.02", "margin: -1", "5:9: margin: expected a number greater than 0"),
        ("margin: 0.02", "margin: 2", "5:9: margin: expected a share below 1"),
        ("baseline: plain", "at: 3", "4:1: at: unknown key 'at'"),
    ],
)
def test_what_is_wrong_in_a_study_file_has_its_line(
    here: Path, was: str, now: str, place: str
) -> None:
    long_table(here / "runs.csv", ("plain", "mixup", "cutout"))
    (here / "compare.yaml").write_text(DECLARED.replace(was, now))
    done = compare("--study", "compare.yaml")
    assert done.exit_code == 2
    assert f"compare.yaml:{place}" in done.stderr


def test_options_count_before_the_study_file(here: Path) -> None:
    long_table(here / "runs.csv", ("plain", "mixup", "cutout"))
    (here / "compare.yaml").write_text(DECLARED)
    compare("--study", "compare.yaml", "--margin", "0.5")
    assert read_results(here / "out/compare").study.margin == 0.5


def test_run_and_plan_say_which_command_takes_such_a_study(here: Path) -> None:
    (here / "compare.yaml").write_text(DECLARED)
    for command in ("run", "plan"):
        done = CliRunner().invoke(main, [command, "compare.yaml"])
        assert done.exit_code == 2 and "`paribus compare --study`" in done.stderr


# ---- the folder of results ----------------------------------------------------------------------


def test_every_source_is_kept_by_its_sum_and_the_folder_is_whole(here: Path) -> None:
    import hashlib

    path = long_table(here / "runs.csv")
    compare("runs.csv", "--baseline", "plain")
    kept = read_sources(here / "out/runs")
    assert kept is not None
    (file,) = kept.files
    assert (file.path, file.sha256) == ("runs.csv", hashlib.sha256(path.read_bytes()).hexdigest())
    assert len(kept.runs) == 10
    assert not [file for file in verify(here / "out/runs") if file.fault]
    assert status(here / "out/runs").counts["done"] == 10


def test_the_results_need_the_sources_no_more(here: Path) -> None:
    path = long_table(here / "runs.csv")
    compare("runs.csv", "--baseline", "plain")
    before = (here / "out/runs/report.md").read_text()
    path.unlink()
    assert CliRunner().invoke(main, ["report", "out/runs"]).exit_code == 0
    assert (here / "out/runs/report.md").read_text() == before


def test_comparing_again_says_what_changed_and_keeps_the_rest(here: Path) -> None:
    long_table(here / "runs.csv")
    compare("runs.csv", "--baseline", "plain")
    folder = here / "out/runs/runs"
    kept = {path: path.stat().st_mtime_ns for path in folder.rglob("record.json")}
    same = compare("runs.csv", "--baseline", "plain")
    assert "Since this was last compared" not in same.stderr
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("record.json")} == kept
    text = (here / "runs.csv").read_text().replace(str(accuracy("mixup", 2)), "0.5")
    lines = [line for line in text.splitlines() if not line.startswith("mixup,4")]
    (here / "runs.csv").write_text("\n".join([*lines, "mixup,9,acc,0.8", "plain,9,acc,0.7", ""]))
    done = compare("runs.csv", "--baseline", "plain")
    said = " ".join(done.stderr.split())
    assert "2 runs are new: mixup, seed 9; plain, seed 9." in said
    assert "1 run is no longer there: mixup, seed 4." in said
    assert "1 run is with other values: mixup, seed 2." in said
    assert not (folder / "mixup" / "seed-4").exists()


def test_seeds_added_after_a_look_are_tested_more_strictly(here: Path) -> None:
    path = long_table(here / "runs.csv")
    compare("runs.csv", "--baseline", "plain")
    path.write_text(path.read_text() + "plain,5,acc,0.8\nmixup,5,acc,0.83\n")
    compare("runs.csv", "--baseline", "plain")
    (row,) = comparisons(here / "out/runs").to_dict("records")
    mixup = [*(accuracy("mixup", k) for k in SEEDS), 0.83]
    plain = [*(accuracy("plain", k) for k in SEEDS), 0.8]
    assert row["p"] > stats.ttest_rel(mixup, plain).pvalue
    results = read_results(here / "out/runs")
    assert results.ledger.seeds_changed
    assert "changed after 10 runs had been seen: seeds" in results.planned(
        results.comparison.primary[0]
    )


def test_another_choice_among_the_same_runs_adds_no_seeds(here: Path) -> None:
    keras_logs(here / "logs")
    words = ("logs", "--pattern", "{setting}_seed{seed}", "--baseline", "plain")
    compare(*words, "--metric", "val_accuracy", "--at", "4")
    compare(*words, "--metric", "val_accuracy", "--out", "fresh")
    compare(*words, "--metric", "val_accuracy")
    assert not read_results(here / "out/logs").ledger.seeds_changed
    pd.testing.assert_frame_equal(
        comparisons(here / "out/logs").drop(columns="planned"),
        comparisons(here / "fresh").drop(columns="planned"),
    )


def test_a_folder_of_something_else_is_refused_and_not_touched(here: Path) -> None:
    long_table(here / "runs.csv")
    (here / "mine").mkdir()
    (here / "mine/thesis.tex").write_text("x")
    done = compare("runs.csv", "--baseline", "plain", "--out", "mine")
    assert done.exit_code == 2
    assert [path.name for path in (here / "mine").iterdir()] == ["thesis.tex"]


def test_results_of_other_runs_are_not_replaced(here: Path) -> None:
    (here / "other").mkdir()
    for folder in (here, here / "other"):
        long_table(folder / "runs.csv")
    (here / "other/runs.csv").write_text((here / "runs.csv").read_text().replace("0.", "0.1"))
    assert compare("runs.csv", "--baseline", "plain").exit_code == 0
    before = (here / "out/runs/report.html").read_bytes()
    done = compare("other/runs.csv", "--baseline", "plain")
    assert done.exit_code == 2
    assert "results of other runs, from runs.csv. Choose another folder with --out" in done.stderr
    assert (here / "out/runs/report.html").read_bytes() == before


def test_runs_whose_file_was_moved_are_the_same_runs(here: Path) -> None:
    long_table(here / "runs.csv")
    assert compare("runs.csv", "--baseline", "plain").exit_code == 0
    (here / "runs.csv").rename(here / "moved.csv")
    done = compare("moved.csv", "--baseline", "plain", "--out", "out/runs")
    assert done.exit_code == 0, done.stderr


def test_results_of_which_runs_is_not_known_are_not_replaced(here: Path) -> None:
    long_table(here / "runs.csv")
    assert compare("runs.csv", "--baseline", "plain").exit_code == 0
    (here / "out/runs/sources.json").write_text("{")
    done = compare("runs.csv", "--baseline", "plain")
    assert done.exit_code == 2
    assert "sources.json can't be read, so it isn't known of which runs" in done.stderr


@pytest.mark.parametrize("after", range(0, 10, 3))
def test_a_kill_in_the_middle_of_keeping_leaves_a_folder_that_the_same_command_finishes(
    here: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    long_table(here / "runs.csv")
    written: list[Any] = []

    def killed(*args: Any) -> Path:
        if len(written) == after:
            raise KeyboardInterrupt
        written.append(args)
        return write_record(*args)

    monkeypatch.setattr("paribus.found.collect.write_record", killed)
    compare("runs.csv", "--baseline", "plain")
    monkeypatch.undo()
    monkeypatch.chdir(here)
    done = compare("runs.csv", "--baseline", "plain")
    assert done.exit_code == 0, done.stderr
    assert len(read_results(here / "out/runs").records) == 10


def test_results_of_other_runs_are_refused_before_anything_is_written(here: Path) -> None:
    (here / "other").mkdir()
    long_table(here / "runs.csv")
    long_table(here / "other/runs.csv", ("plain", "cutout"))
    compare("runs.csv", "--baseline", "plain")
    before = {path: path.read_bytes() for path in (here / "out").rglob("*") if path.is_file()}
    rows = (here / "other/runs.csv").read_text().replace("0.8", "0.81").replace("0.7", "0.71")
    (here / "other/runs.csv").write_text(rows)
    assert compare("other/runs.csv", "--baseline", "plain").exit_code == 2
    assert {p: p.read_bytes() for p in (here / "out").rglob("*") if p.is_file()} == before


def test_results_below_the_searched_folder_are_no_runs(here: Path) -> None:
    long_table(here / "runs.csv")
    first = compare(".", "--baseline", "plain", "--out", "results")
    assert first.exit_code == 0, first.stderr
    again = compare(".", "--baseline", "plain", "--out", "results")
    assert again.exit_code == 0, again.stderr
    assert len(read_results(here / "results").records) == 10


# ---- many formats through the whole -------------------------------------------------------------


def keras_logs(folder: Path) -> None:
    for setting in ("plain", "mixup"):
        for seed in SEEDS:
            run = folder / f"{setting}_seed{seed}"
            run.mkdir(parents=True)
            rows = [
                (e, accuracy(setting, seed) - 0.3 / (e + 1), 1 / (e + 1) + 0.02 * e, 1.0)
                for e in range(12)
            ]
            write_csv(run / "log.csv", [("epoch", "val_accuracy", "val_loss", "lr"), *rows])


def test_logs_of_epochs_have_learning_curves_and_values_at_the_best(here: Path) -> None:
    keras_logs(here / "logs")
    words = ("logs", "--pattern", "{setting}_seed{seed}", "--baseline", "plain")
    done = compare(*words, "--metric", "val_accuracy", "--at", "best:val_loss")
    assert done.exit_code == 0, done.stderr
    results = read_results(here / "out/logs")
    runs = results.table("runs").set_index(["setting", "seed"])["val_accuracy"]
    best = int(np.argmin([1 / (e + 1) + 0.02 * e for e in range(12)]))
    assert runs["mixup", 3] == pytest.approx(accuracy("mixup", 3) - 0.3 / (best + 1))
    report = (here / "out/logs/report.md").read_text()
    assert "## Learning curves" in report
    assert (here / "out/logs/figures/followed-1.svg").exists()
    assert "where val\\_loss is best" in report


def test_a_log_that_ends_early_is_named_on_the_first_screen(here: Path) -> None:
    keras_logs(here / "logs")
    cut = here / "logs" / "mixup_seed2" / "log.csv"
    cut.write_text("".join(cut.read_text().splitlines(keepends=True)[:3]))
    words = ("logs", "--pattern", "{setting}_seed{seed}", "--baseline", "plain")
    done = compare(*words, "--metric", "val_accuracy")
    assert "mixup, seed 2 (epoch 1)" in " ".join(done.stderr.split())
    report = (here / "out/logs/report.md").read_text()
    first = report[: report.index("## Learning curves")]
    assert "What may make the values wrong" in first and "mixup, seed 2" in first


def test_an_epoch_may_be_named(here: Path) -> None:
    keras_logs(here / "logs")
    words = ("logs", "--pattern", "{setting}_seed{seed}", "--baseline", "plain")
    compare(*words, "--metric", "val_accuracy", "--at", "4")
    runs = read_results(here / "out/logs").table("runs").set_index(["setting", "seed"])
    assert runs["val_accuracy"]["plain", 0] == pytest.approx(accuracy("plain", 0) - 0.3 / 5)


def predictions_table(path: Path, images: bool = False) -> None:
    draw = np.random.default_rng(0)
    rows: list[tuple[object, ...]] = []
    for setting, right in (("plain", 0.7), ("mixup", 0.9)):
        for seed in range(4):
            for n in range(60):
                label = ("cat", "dog", "owl")[n % 3]
                answer = label if draw.random() < right else ("dog", "owl", "cat")[n % 3]
                shares = [0.8 if name == answer else 0.1 for name in ("cat", "dog", "owl")]
                path_of = (f"{label}/{n}.png",) if images else ()
                rows.append((setting, seed, n, label, answer, *shares, *path_of))
    header = ("setting", "seed", "id", "label", "prediction", "p_cat", "p_dog", "p_owl")
    write_csv(path, [header + (("path",) if images else ()), *rows])


def test_predictions_alone_give_all_that_classification_has(here: Path) -> None:
    predictions_table(here / "predictions.csv")
    done = compare("predictions.csv", "--baseline", "plain")
    assert done.exit_code == 0, done.stderr
    results = read_results(here / "out/predictions")
    assert results.primary.name == "test_accuracy"
    report = (here / "out/predictions/report.md").read_text()
    for title in ("Confusion matrix and classes", "Failed cases", "Classification report"):
        assert f"## {title}" in report
    frame = pd.read_csv(here / "predictions.csv")
    right = (frame["label"] == frame["prediction"]).groupby([frame["setting"], frame["seed"]])
    runs = results.table("runs").set_index(["setting", "seed"])["test_accuracy"]
    pd.testing.assert_series_equal(
        runs.sort_index().astype(float), right.mean().sort_index(), check_names=False,
        check_index_type=False, check_index=False,
    )  # fmt: skip
    failures = CliRunner().invoke(main, ["failures", "out/predictions", "--json"])
    assert json.loads(failures.stdout)["matching"] > 0


def test_images_of_failed_cases_are_shown_where_their_paths_are_known(here: Path) -> None:
    predictions_table(here / "predictions.csv", images=True)
    for n in range(60):
        file = here / ("cat", "dog", "owl")[n % 3] / f"{n}.png"
        file.parent.mkdir(exist_ok=True)
        Image.new("RGB", (12, 12), (n * 4, 0, 0)).save(file)
    assert compare("predictions.csv", "--baseline", "plain").exit_code == 0
    kept = [path.name for path in (here / "out/predictions/images").iterdir()]
    assert kept and all(name.startswith("original-") for name in kept)
    results = read_results(here / "out/predictions")
    assert results.image_files[5] == "owl/5.png"
    assert "data:image/png" in (here / "out/predictions/report.html").read_text()


def test_examples_are_called_by_their_ids(here: Path) -> None:
    predictions_table(here / "predictions.csv")
    text = re.sub(r"(?m)^(plain|mixup),(\d),", r"\1,\2,img", (here / "predictions.csv").read_text())
    (here / "predictions.csv").write_text(text)
    compare("predictions.csv", "--baseline", "plain")
    files = read_results(here / "out/predictions").table("failures")["file"]
    assert len(files) and files.str.fullmatch(r"img\d+").all()


def test_images_outside_the_folder_of_predictions_are_not_read(here: Path) -> None:
    inside = here / "in"
    inside.mkdir()
    predictions_table(inside / "predictions.csv", images=True)
    text = (inside / "predictions.csv").read_text()
    (inside / "predictions.csv").write_text(re.sub(r"(cat|dog|owl)/", "../secret/", text))
    (here / "secret").mkdir()
    for n in range(60):
        Image.new("RGB", (12, 12)).save(here / "secret" / f"{n}.png")
    assert compare("in/predictions.csv", "--baseline", "plain").exit_code == 0
    assert not (here / "out/predictions/images").exists()


# ---- Python -------------------------------------------------------------------------------------


def frame() -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"lr": lr, "seed": seed, "acc": accuracy(name, seed)}
            for lr, name in ((0.1, "plain"), (0.2, "mixup"))
            for seed in SEEDS
        ]
    )


def test_a_frame_is_compared_in_two_lines_and_shows_itself(here: Path) -> None:
    results = paribus.compare(frame(), metric="acc", baseline="lr=0.1")
    assert isinstance(results, Results)
    assert results.out.parent == here / "out"
    other = frame().assign(acc=lambda of: of["acc"] + 0.01)
    assert paribus.compare(other, metric="acc", baseline="lr=0.1").out != results.out
    assert paribus.compare(frame(), metric="acc", baseline="lr=0.1").out == results.out
    shown = results._repr_html_()
    assert "lr=0.2 is better than lr=0.1 by" in shown and "<table " in shown


@pytest.mark.parametrize(
    ("words", "error", "said"),
    [
        ({"better": "up"}, "StudyError", "better: expected 'higher', 'lower' or 'neither'"),
        ({"at": "best"}, "StudyError", "compare.at: expected last, best:METRIC, or the number"),
        ({"pattern": "x"}, "StudyError", "compare.pattern: expected a pattern with"),
        ({"margin": -1}, "StudyError", "margin: expected a number greater than 0"),
    ],
)
def test_a_wrong_parameter_is_refused_in_words(
    here: Path, words: dict[str, Any], error: str, said: str
) -> None:
    with pytest.raises(paribus.ParibusError, match=re.escape(said)) as caught:
        paribus.compare(frame(), metric="acc", **words)
    assert type(caught.value).__name__ == error


def test_a_frames_index_counts_where_it_has_names(here: Path) -> None:
    made = frame().set_index(["lr", "seed"])
    results = paribus.compare(made, metric="acc", baseline="lr=0.1")
    assert len(results.records) == 10


def test_a_frame_of_other_values_may_be_compared_into_the_same_folder(here: Path) -> None:
    words: dict[str, Any] = {"metric": "acc", "baseline": "lr=0.1"}
    before = paribus.compare(frame(), "a", **words)
    other = frame().assign(acc=lambda of: of["acc"] + 0.01)
    again = paribus.compare(other, "a", **words)
    first, now = (of.records[0].facts.metrics["acc"] for of in (before, again))
    assert now == pytest.approx(first + 0.01)


def test_a_mapping_is_no_table(here: Path) -> None:
    with pytest.raises(TypeError, match="expected a frame, a path, or paths"):
        paribus.compare({"acc": [1]})


def test_what_a_notebook_shows_is_escaped(here: Path) -> None:
    made = frame().assign(setting=lambda f: f["lr"].map({0.1: "<b>a", 0.2: "<script>x"}))
    shown = paribus.compare(made, baseline="<b>a", metric="acc", out="o")._repr_html_()
    assert "<script" not in shown and "script-x" in shown


def test_in_python_choices_are_named_as_parameters(here: Path) -> None:
    with pytest.raises(UnsettledError, match=r"baseline='lr=0.1'"):
        paribus.compare(frame(), metric="acc")


def test_paths_and_frames_come_to_the_same(here: Path) -> None:
    frame().to_csv("runs.csv", index=False)
    words: dict[str, Any] = {"metric": "acc", "baseline": "lr=0.1"}
    of_frame = paribus.compare(frame(), "a", **words).table("comparisons")
    of_path = paribus.compare("runs.csv", "b", **words).table("comparisons")
    of_paths = paribus.compare([Path("runs.csv")], "c", **words).table("comparisons")
    pd.testing.assert_frame_equal(of_frame, of_path)
    pd.testing.assert_frame_equal(of_path, of_paths)


def test_json_has_the_comparisons(here: Path) -> None:
    long_table(here / "runs.csv")
    done = compare("runs.csv", "--baseline", "plain", "--json")
    told = json.loads(done.stdout)
    assert told["paired"] is True
    assert [row["verdict"] for row in told["comparisons"]] == ["better"]


# ---- what a reviewer found ----------------------------------------------------------------------


def with_predictions_of(here: Path, *lost: str) -> None:
    """Runs with a loss and predictions; of those named "setting seed", no predictions."""
    predictions_table(here / "predictions.csv")
    lines = (here / "predictions.csv").read_text().splitlines(keepends=True)
    gone = tuple(f"{name.replace(' ', ',')}," for name in lost)
    (here / "predictions.csv").write_text("".join(x for x in lines if not x.startswith(gone)))
    rows = [(s, k, 1.0 + 0.1 * k + (s == "plain")) for s in ("plain", "mixup") for k in range(4)]
    write_csv(here / "runs.csv", [("setting", "seed", "loss"), *rows])


def compare_with_predictions() -> Results:
    words = ("runs.csv", "--baseline", "plain", "--metric", "loss")
    done = compare(*words, "--predictions", "predictions.csv")
    assert done.exit_code == 0, done.stderr
    return read_results(Path("out/runs"))


@pytest.mark.parametrize("lost", ["plain 0", "mixup 2"])
def test_a_run_without_predictions_still_counts(here: Path, lost: str) -> None:
    with_predictions_of(here, lost)
    results = compare_with_predictions()
    assert len(results.records) == 8
    assert [c.n_seeds for c in results.comparison.on("loss")] == [4]
    assert sum(record.predictions is not None for record in results.records) == 7


@pytest.mark.parametrize("failed", [0, 3])
def test_a_failed_run_still_counts_beside_predictions(here: Path, failed: int) -> None:
    with_predictions_of(here)
    text = (here / "runs.csv").read_text()
    (here / "runs.csv").write_text(re.sub(rf"(?m)^plain,{failed},.*$", f"plain,{failed},nan", text))
    results = compare_with_predictions()
    assert len(results.records) == 8 and len(results.failed) == 1


def test_other_predictions_are_read_again(here: Path) -> None:
    with_predictions_of(here)
    before = compare_with_predictions().table("runs")["test_accuracy"].astype(float)
    text = (here / "predictions.csv").read_text()
    (here / "predictions.csv").write_text(re.sub(r"(?m)^(mixup,1,\d+,)(\w+),\w+", r"\1\2,\2", text))
    after = compare_with_predictions().table("runs")["test_accuracy"].astype(float)
    assert (before != after).sum() == 1 and after.max() == 1


def test_predictions_of_other_settings_are_refused(here: Path) -> None:
    with_predictions_of(here)
    text = (here / "predictions.csv").read_text()
    (here / "predictions.csv").write_text(text.replace("plain,", "a,").replace("mixup,", "b,"))
    done = compare("runs.csv", "--baseline", "plain", "--predictions", "predictions.csv")
    assert done.exit_code == 1
    assert "no run is of a, seed 0" in done.stderr


def test_runs_that_paribus_trained_are_not_replaced(here: Path) -> None:
    long_table(here / "runs.csv")
    study = make_study(seeds=2, epochs=2, settings=["main", "l2"])
    for record in make_records(study, images=40):
        write_record(here / "out/runs", record, {})
    write_study_copy(here / "out/runs", study)
    done = compare("runs.csv", "--baseline", "plain")
    assert done.exit_code == 2 and "results of runs that `paribus run` made" in done.stderr
    assert len(read_results(here / "out/runs").records) == 4


@pytest.mark.parametrize("name", ["loss", "VAL/LOSS", "val/loss"])
def test_a_declared_direction_counts_however_the_metric_is_named(here: Path, name: str) -> None:
    made = frame().rename(columns={"acc": "val/loss"})
    results = paribus.compare(made, metric=name, better="higher", baseline="lr=0.1")
    assert results.primary.better == "higher"


def test_a_metric_whose_name_no_study_can_have_is_declared_by_the_printed_words(
    here: Path,
) -> None:
    made = frame().rename(columns={"acc": "val:zork"})
    with pytest.raises(UnsettledError) as error:
        paribus.compare(made, metric="val:zork", baseline="lr=0.1")
    assert error.value.choices[0] == {"metric": "val_zork", "higher_better": True}
    words: dict[str, Any] = {"metric": "val_zork", "better": "higher", "baseline": "lr=0.1"}
    assert paribus.compare(made, **words).primary.better == "higher"


def test_unpaired_runs_that_are_added_later_are_compared(here: Path) -> None:
    def rows(plain: int, mixup: int) -> list[tuple[object, ...]]:
        made: list[tuple[object, ...]] = [("setting", "seed", "acc")]
        made += [("plain", k, accuracy("plain", k)) for k in range(plain)]
        made += [("mixup", 50 + k, accuracy("mixup", k)) for k in range(mixup)]
        return made

    write_csv(here / "runs.csv", rows(4, 3))
    compare("runs.csv", "--baseline", "plain")
    write_csv(here / "runs.csv", [*rows(5, 7), ("mixup", 99, "nan"), ("plain", 98, "nan")])
    assert compare("runs.csv", "--baseline", "plain").exit_code == 0
    results = read_results(here / "out/runs")
    assert not results.refused
    assert results.comparison.anytime and results.comparison.primary[0].n_seeds > 3


def test_a_diverged_run_in_a_frame_is_warned_of(here: Path) -> None:
    made = frame()
    made.loc[9, "acc"] = math.nan
    results = paribus.compare(made, metric="acc", baseline="lr=0.1")
    assert results.sources is not None
    assert "NaN in a frame is taken for nothing" in results.sources.warnings[0]
    told = made.assign(status=["finished"] * 9 + ["failed"])
    assert len(paribus.compare(told, metric="acc", baseline="lr=0.1").failed) == 1


@pytest.mark.parametrize(
    "words",
    [
        {"margin": np.float64(0.1)},
        {"at": np.int64(0)},
        {"ignore": "note"},
        {"ignore": ["note"]},
    ],
)
def test_numpys_numbers_and_single_keys_are_taken(here: Path, words: dict[str, Any]) -> None:
    made = frame().assign(note="x")
    assert paribus.compare(made, metric="acc", baseline="lr=0.1", **words).compared is not None


def test_names_that_are_no_text_anywhere_end_in_a_report(here: Path) -> None:
    made = frame().assign(
        best_epoch=1.5, note="\ud800", layers=lambda of: pd.Series([[1, 2]] * len(of))
    )
    results = paribus.compare(made, metric="acc", baseline="lr=0.1")
    assert (results.out / "report.html").exists()


@pytest.mark.parametrize("seed", [-1, 10**11])
def test_a_column_of_impossible_seeds_is_refused_with_its_run(here: Path, seed: int) -> None:
    with pytest.raises(UnsettledError, match="expected a whole number from 0"):
        paribus.compare(frame().assign(seed=seed), metric="acc", baseline="lr=0.1")
