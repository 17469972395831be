"""`paribus failures`: which cases are listed, in which order, and what reaches the terminal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from failures.made import some_records, surely
from paribus import tables
from paribus.cli import main
from paribus.errors import RecordError
from paribus.failures.outcomes import outcomes
from paribus.records.types import Record
from paribus.results import Results
from report.test_parts import without_probabilities
from synthetic import make_records, make_study

STUDY = make_study(seeds=4, epochs=1, settings=["main", "l2"])
CONTROL = "ship\x1b[31m\x07\u202egnp"
HOSTILE = ["cat", "dog", "=bird", CONTROL, "כלב", "犬" * 80]


def command(patch: pytest.MonkeyPatch, records: list[Record], *words: str) -> Result:
    """Run the command on these records, in a terminal 120 columns wide."""
    results = Results(Path("out"), STUDY, tuple(records), ())
    patch.setattr("paribus.results.read_results", lambda out: results)
    patch.setenv("COLUMNS", "120")
    return CliRunner().invoke(main, ["failures", "out", *words])


def test_what_needs_probabilities_is_empty_and_can_not_be_sorted_by(
    monkeypatch: pytest.MonkeyPatch, records: list[Record]
) -> None:
    given = [without_probabilities(record) for record in records]
    done = command(monkeypatch, given)
    assert done.exit_code == 0 and "nan" not in done.output
    done = command(monkeypatch, given, "--json")
    assert json.loads(done.stdout, parse_constant=pytest.fail)["failures"][0]["margin"] is None
    done = command(monkeypatch, given, "--sort", "confidence")
    assert done.exit_code == 2 and "expected probabilities to sort by confidence" in done.stderr


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return make_records(STUDY, images=300)


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, records: list[Record]) -> Any:
    """Ask for failed cases as JSON, without a limit unless one is named."""

    def answer(*words: str) -> dict[str, Any]:
        limit = () if "--limit" in words else ("--limit", "0")
        done = command(monkeypatch, records, *words, *limit, "--json")
        assert done.exit_code == 0, done.output
        messages: dict[str, Any] = json.loads(done.stdout)
        return messages

    return answer


def test_json_has_every_column_of_the_table_and_every_row(ask: Any, records: list[Record]) -> None:
    messages = ask()
    frame = tables.failures(records, "main")
    assert messages["matching"] == messages["shown"] == len(messages["failures"]) == len(frame)
    assert list(messages["failures"][0]) == list(tables.COLUMNS["failures"])
    right = [row for row in messages["failures"] if row["kind"] == "right"]
    assert {row["change"] for row in right} == {"fixed"}
    assert {row["predicted_probability"] for row in right} == {None}


def test_choices_restrict_together(ask: Any, records: list[Record]) -> None:
    messages = ask("--setting", "l2", "--true", "dog", "--predicted", "cat", "--kind", "systematic")
    values = outcomes(records)["l2"]
    dog, cat = values.classes.index("dog"), values.classes.index("cat")
    expected = set()
    for image, label in enumerate(values.labels):
        answers = values.predicted[:, image].tolist()
        if label == dog and cat in answers and dog not in answers:
            expected.add(int(values.index[image]))
    assert {row["image"] for row in messages["failures"]} == expected != set()
    assert {row["setting"] for row in messages["failures"]} == {"l2"}


def test_predicted_asks_for_what_any_seed_says_not_only_most(ask: Any) -> None:
    rows = ask("--predicted", "cat", "--setting", "main")["failures"]
    assert any(row["predicted"] != "cat" for row in rows)
    assert all("cat: " in row["votes"] for row in rows)


@pytest.mark.parametrize("kind", ["systematic", "seed-dependent", "fixed", "broken"])
def test_a_kind_is_that_of_the_image_or_of_its_change(ask: Any, kind: str) -> None:
    rows = ask("--kind", kind)["failures"]
    assert rows
    assert {row["change" if kind in ("fixed", "broken") else "kind"] for row in rows} == {kind}


def test_one_seed_has_a_kind_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    one = make_records(make_study(seeds=1, epochs=1, settings=["main"]), images=60)
    messages = json.loads(command(monkeypatch, one, "--kind", "one-seed", "--json").stdout)
    assert messages["matching"] == len(tables.failures(one, "main")) > 0


@pytest.mark.parametrize(
    ("sort", "key"),
    [
        ("wrong", lambda row: (-row["wrong"] / row["seeds"], -(row["predicted_probability"] or 0))),
        ("confidence", lambda row: -(row["predicted_probability"] or 0)),
        ("boundary", lambda row: abs(row["margin"])),
        ("suspicion", lambda row: (row["suspicion_rank"], -row["suspicion"])),
        ("fixed", lambda row: (-row["fixed"], row["broken"])),
        ("broken", lambda row: (-row["broken"], row["fixed"])),
    ],
)
def test_every_order_puts_first_what_it_says(ask: Any, sort: str, key: Any) -> None:
    keys = [key(row) for row in ask("--sort", sort)["failures"]]
    assert keys == sorted(keys)
    assert len(set(keys)) > 1


def test_a_limit_shows_the_first_and_counts_all(ask: Any, monkeypatch: pytest.MonkeyPatch,
                                                 records: list[Record]) -> None:  # fmt: skip
    every = ask("--sort", "confidence")
    few = ask("--sort", "confidence", "--limit", "3")
    assert few["failures"] == every["failures"][:3]
    assert (few["matching"], few["shown"]) == (every["matching"], 3)
    shown = command(monkeypatch, records, "--limit", "3").stdout
    assert f"{every['matching']:,} failed cases match; the first 3 are shown." in shown
    default = command(monkeypatch, records).stdout
    assert "the first 20 are shown" in default


def test_the_table_says_who_is_wrong_where_and_how_often(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = surely([[1, 0], [1, 1], [0, 1]], 2)
    shown = command(monkeypatch, some_records([0, 1], {"main": answers}), "--true", "0").stdout
    (line,) = [line for line in shown.splitlines() if "main" in line]
    assert " ".join(line.split()) == "main 5 0 1: 2, 0: 1 2 of 3 0.37 0.63 2"
    assert "1 failed case matches." in shown


def test_words_stay_whole_on_80_columns(
    monkeypatch: pytest.MonkeyPatch, records: list[Record]
) -> None:
    monkeypatch.setattr(
        "paribus.results.read_results", lambda out: Results(Path("out"), STUDY, tuple(records), ())
    )
    monkeypatch.setenv("COLUMNS", "80")
    lines = CliRunner().invoke(main, ["failures", "out", "--limit", "0"]).stdout.splitlines()
    assert all(len(line) <= 80 for line in lines) and "…" not in "".join(lines)
    words = {word.rstrip(",") for line in lines for word in line.split()}
    assert {"seed-dependent", "systematic", "airplane", "fixed", "broken", "main"} <= words
    assert not {word for word in words if "seed-dependent".startswith(word)} - {"seed-dependent"}


def test_nothing_found_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    done = command(monkeypatch, some_records([0, 1], {"main": surely([[0, 1]], 2)}))
    assert (done.exit_code, done.stdout) == (0, "No failed case matches.\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["--setting", "man"],
            "no trained setting is called 'man'; did you mean 'main'? Valid: main, l2",
        ),
        (["--true", "dgo"], "no class is called 'dgo'; did you mean 'dog'? Valid: airplane, bird,"),
        (["--predicted", "eleven"], "no class is called 'eleven'; valid: airplane, bird,"),
    ],
)
def test_an_unknown_name_ends_with_2_and_the_valid_ones(
    monkeypatch: pytest.MonkeyPatch, records: list[Record], words: list[str], message: str
) -> None:
    done = command(monkeypatch, records, *words)
    assert done.exit_code == 2
    assert message in done.stderr
    assert done.stdout == ""


def test_a_setting_without_a_finished_run_is_no_setting_without_failures(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    study = make_study(seeds=1, epochs=2, settings=["main", "l2"])
    failed = make_records(study, images=60, failing=("l2", 0))
    done = command(monkeypatch, failed, "--setting", "l2")
    assert done.exit_code == 1
    assert "l2: expected a run with predictions" in done.stderr
    assert command(monkeypatch, failed).exit_code == 0
    with pytest.raises(RecordError):
        tables.chosen_failures(failed, "main", setting="l2")


@pytest.mark.parametrize("words", [[], ["--true", "no\x1b[2J"], ["--limit", "0", "--json"]])
def test_names_never_control_the_terminal(
    monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    hostile = make_records(STUDY, classes=HOSTILE, images=60)
    done = command(monkeypatch, hostile, *words)
    for control in ("\x1b", "\x07", "\u202e"):
        assert control not in done.stdout + done.stderr
    assert done.exit_code == (2 if "--true" in words else 0)


def test_any_name_can_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    hostile = make_records(STUDY, classes=HOSTILE, images=120)
    for name in HOSTILE:
        done = command(monkeypatch, hostile, "--true", name, "--json", "--limit", "0")
        rows = json.loads(done.stdout)["failures"]
        assert {row["true"] for row in rows} <= {name}


def test_python_gives_the_same_frame(records: list[Record]) -> None:
    results = Results(Path("out"), STUDY, tuple(records), ())
    result = results.failures(setting="l2", kind="fixed", sort="fixed")
    whole = results.table("failures")
    same = whole[(whole["setting"] == "l2") & (whole["change"] == "fixed")]
    assert set(result["image"]) == set(same["image"])
    assert list(result.index) == list(range(len(result)))
    assert (np.diff(result["fixed"]) <= 0).all()
