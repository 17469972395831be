"""What the report says, section by section, and that it says no more than is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from effort import examples
from paribus.errors import StudyError
from paribus.records.types import EngineFacts, Record
from paribus.report.blocks import (
    Alert,
    Block,
    Code,
    Columns,
    Figure,
    Heading,
    Paragraph,
    Section,
    Table,
    every,
)
from paribus.report.sections import sections
from paribus.report.sections.answer import lead
from paribus.report.sections.provenance import proof, provenance, study_file
from paribus.report.sections.settings import settings
from paribus.results import Results
from paribus.study.read import parse_study, read_study
from paribus.study.spec import Study
from report.reports import ordinary, results_of
from synthetic import make_records, make_study

B = TypeVar("B", bound=Block)

STUDIES = Path(__file__).parents[2] / "studies"


@pytest.fixture(scope="module")
def results() -> Results:
    written = ordinary()
    return results_of(written.study, written.records)


@pytest.fixture(scope="module")
def report(results: Results) -> dict[str, Section]:
    return {section.anchor: section for section in sections(results)}


@pytest.fixture(scope="module")
def single() -> dict[str, Section]:
    """The report of one seed a setting."""
    study = make_study(seeds=1, epochs=3)
    results = results_of(study, make_records(study, images=60))
    return {section.anchor: section for section in sections(results)}


def first(section: Section, kind: type[B]) -> B:
    return next(block for block in every(section.blocks) if isinstance(block, kind))


def message(section: Section) -> str:
    """All paragraphs of a section, the one beside its title first."""
    blocks = list(every(section.blocks))
    said = [block.text for block in blocks if isinstance(block, Paragraph)]
    notes = [block.note for block in blocks if isinstance(block, Code)]
    return " ".join([section.says, *said, *notes])


def plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u2212", "-")


def column(table: Table, number: int) -> list[str]:
    return [plain(cells[number].text) for _, cells in table.rows]


def test_the_lead_says_what_was_trained_on_what(results: Results) -> None:
    assert plain(lead(results)) == (
        "LeNet-5, 5 epochs, 3 settings with 3 seeds each; STL-10: 5,000 training, 3,000 "
        "validation and 200 test images of 10 classes, 32 by 32 pixels in color."
    )


def test_the_answer_has_every_settings_accuracy(
    report: dict[str, Section], results: Results
) -> None:
    table = first(report["answer"], Table)
    assert [name for name, _ in table.rows] == ["main", "batch-norm", "l2"]
    for shown, result in zip(column(table, 0), results.settings, strict=True):
        accuracies = result.spread("test_accuracy")
        assert accuracies.sd is not None
        assert shown == f"{100 * accuracies.mean:.1f} ± {100 * accuracies.sd:.1f} %"
    assert column(table, 1)[0] == "baseline"
    assert table.caption == "Test accuracy after the last epoch, on 200 images"


def test_a_failed_run_is_the_first_thing_a_reader_sees(report: dict[str, Section]) -> None:
    alert = report["answer"].blocks[0]
    assert isinstance(alert, Alert)
    assert (
        plain(alert.title) == "1 run failed; estimates leave it out, verdicts count it at the worst"
    )
    assert alert.items == ["l2, seed 1, step 100: the training loss became nan at epoch 3"]


def test_one_seed_has_no_spread_and_the_report_says_so(single: dict[str, Section]) -> None:
    assert "±" not in "".join(column(first(single["answer"], Table), 0))
    assert "with fewer than two seeds, a difference can't be told from their luck" in str(
        single["answer"].blocks
    )
    assert "±" not in "".join(column(first(single["metrics"], Table), 1))


def test_the_settings_table_shows_what_differs_from_the_baseline(
    report: dict[str, Section],
) -> None:
    rows = dict(first(report["settings"], Table).rows)
    assert [cell.text for cell in rows["Changes"]] == [
        "none (baseline)",
        "network.batch_norm: no → yes",
        "optimizer.weight_decay: 0 → 0.00001",
    ]
    assert [cell.text for cell in rows["Layer 1"]] == [
        "Conv-ReLU-MaxPool",
        "Conv-BatchNorm2d-ReLU-MaxPool",
        "Conv-ReLU-MaxPool",
    ]
    assert [cell.strong for cell in rows["Layer 1"]] == [False, True, False]
    assert [cell.strong for cell in rows["Optimizer"]] == [False, False, True]
    assert plain(rows["Learning rate"][0].text) == "factor 0.5 every 20 epochs"


def test_a_best_epoch_that_is_the_last_is_said_to_be_so(single: dict[str, Section]) -> None:
    # With three epochs the validation loss is still falling at the end.
    (figure,) = (b for b in every(single["loss"].blocks)
                 if isinstance(b, Figure) and b.name == "loss-main")  # fmt: skip
    caption = plain(figure.caption)
    assert "In 1 seed it is lowest after the last epoch and may fall further." in caption


def test_the_comparison_has_every_metric_with_its_difference(
    report: dict[str, Section], results: Results
) -> None:
    table = first(report["metrics"], Table)
    rows = dict(table.rows)
    assert column(table, 2)[0] == "2"  # finished seeds of l2
    loss = results.settings[1].difference("test_loss", results.baseline)
    detail = plain(rows["Test loss (nats)"][1].detail)
    assert detail == f"{loss.mean:+.3f}"
    assert {"Macro F1", "Epoch of lowest validation loss (epochs)"} <= set(rows)


def test_the_classification_report_has_scikit_learns_rows_and_columns(
    report: dict[str, Section],
) -> None:
    heading, table = first(report["report"], Columns).parts[0]
    assert heading == Heading("main") and isinstance(table, Table)
    assert table.head == ("", "precision", "recall", "f1-score", "support")
    assert [name for name, _ in table.rows][-3:] == ["accuracy", "macro avg", "weighted avg"]
    accuracy = dict(table.rows)["accuracy"]
    assert [cell.text for cell in accuracy[:2]] == ["", ""]
    assert accuracy[3].text == "200"


def test_the_pairing_says_what_is_equal_and_what_is_not(report: dict[str, Section]) -> None:
    table = first(report["pairing"], Table)
    assert column(table, 0) == ["3 of 3", "2 of 2"]
    message = [
        plain(block.text) for block in report["pairing"].blocks if isinstance(block, Paragraph)
    ]
    assert (
        "batch-norm changes network.batch_norm and nothing else. It shares 4 parameter tensors "
        "with main, which start equal in 3 of 3 seeds. Only batch-norm has norm1.weight and "
        "norm1.bias."
    ) in message


def test_where_initial_values_vary_the_report_says_so_and_claims_no_proof(
    results: Results,
) -> None:
    network = results.records[0].facts.network.model_copy(update={"varying": ("fc1.bias",)})
    records = [
        replace(record, facts=record.facts.model_copy(update={"network": network}))
        for record in results.records
    ]
    made = results_of(results.study, records)
    said = message(Section("pairing", list(proof(made))))
    assert "The pairing of batch-norm with main is not proved" in said
    assert "start equal" not in said
    notes = message(Section("settings", list(settings(made))))
    assert "main: Built twice from the same seed, fc1.bias started with different" in notes


def test_how_it_was_made_names_versions_machine_and_data(report: dict[str, Section]) -> None:
    rows = {name: cells[0].text for name, cells in first(report["provenance"], Table).rows}
    assert rows["PyTorch"] == "2.13.0" and rows["Processor"] == "Synthetic CPU, AVX2"
    assert rows["Trained"] == "2026-05-04 10:00 to 2026-05-04 10:02 UTC"
    assert len(rows["Data fingerprint"]) == 64


def test_how_it_was_made_says_what_interrupted_it(results: Results) -> None:
    def shown(**facts: object) -> tuple[dict[str, str], str]:
        first_record, *others = results.records
        changed = first_record.facts.model_copy(update=facts)
        records = [replace(first_record, facts=changed), *others]
        section = Section("provenance", list(provenance(results_of(results.study, records))))
        rows = {name: cells[0].text for name, cells in first(section, Table).rows}
        text = " ".join(plain(b.text) for b in section.blocks if isinstance(b, Paragraph))
        return rows, text

    rows, text = shown()
    assert "Resumed from a checkpoint" not in rows and "Not bit-reproducible" not in text
    rows, text = shown(resumes=2, retries=1, peak_memory=300 << 20)
    assert plain(rows["Resumed from a checkpoint"]) == "2 times, bit-identical"
    assert plain(rows["Retried after being killed"]) == "1 time"
    assert plain(rows["Peak memory of a process"]) == "300 MiB"
    elsewhere = results.records[0].facts.environment.model_copy(update={"threads": 2})
    rows, text = shown(resumes=1, other_machines=(elsewhere,))
    assert plain(rows["Resumed from a checkpoint"]) == "1 time"
    assert "Not bit-reproducible: main, seed 0 resumed under another PyTorch" in text
    rows, text = shown(ended="2262-04-11T23:47:16+00:00")
    assert rows["Trained"] == "2026-05-04 10:00 to 2026-05-04 10:02 UTC"
    assert plain(rows["Impossible dates"]).startswith("1 run, as main, seed 0: 2026-05-04T10:00:00")


def test_how_it_was_made_names_the_engine(results: Results) -> None:
    """A study of engines has two of them on one machine, which is no fault."""
    engine = EngineFacts(build="x86-64-v3", digest="ab" * 32)
    study = Study.model_validate(
        results.study.model_dump()
        | {"engine": "torch", "variations": {"native": {"engine": "native"}}, "claims": []}
    )
    records = make_records(study, images=60)
    records = [_by(engine, r) if r.facts.setting == "native" else r for r in records]
    made = results_of(study, records)
    section = Section("provenance", list(provenance(made)))
    engines = [c[0].text for name, c in first(section, Table).rows if name == "Engine"]
    assert engines == ["PyTorch", f"Paribus's own, built for x86-64-v3, SHA-256 {'ab' * 32}"]
    assert "more than one machine" not in message(section)
    of_settings = dict(first(Section("settings", list(settings(made))), Table).rows)["Engine"]
    assert [(cell.text, cell.strong) for cell in of_settings] == [
        ("PyTorch", False),
        ("Paribus's own", True),
    ]
    other = engine.model_copy(update={"digest": "cd" * 32})
    records[-1] = _by(other, records[-1])
    section = Section("provenance", list(provenance(results_of(study, records))))
    assert "more than one machine or version" in message(section)


@pytest.mark.parametrize(
    ("changes", "command", "note"),
    [
        ({"data": {"source": "digits"}}, "paribus run study.yaml", ""),
        (
            {"data": {"source": "stl10"}},
            "paribus run study.yaml --data-dir FOLDER",
            "without --data-dir they are downloaded (about 330 MB)",
        ),
        (
            {
                "data": {"source": "digits"},
                "network": "own_nets:small",
                "variations": {"l2": {"optimizer.weight_decay": 0.1}},
            },
            "paribus run study.yaml --allow-code",
            "runs Python code that it names: read it first",
        ),
        (
            {"data": {"source": "folder", "path": "leaves"}},
            "paribus run study.yaml",
            "The path of the images is taken from the folder in which you run it.",
        ),
    ],
)
def test_the_command_that_runs_a_study_again_works_elsewhere_and_has_no_private_path(
    changes: dict[str, Any], command: str, note: str
) -> None:
    study = Study.model_validate(
        make_study(seeds=2, epochs=2).model_dump() | {"claims": ()} | changes
    )
    made = results_of(study, make_records(study, images=60))
    section = Section("provenance", list(provenance(made)))
    assert [of.text for of in section.blocks if isinstance(of, Code)][-1] == command
    assert note in message(section)


def _by(engine: EngineFacts, record: Record) -> Record:
    environment = record.facts.environment.model_copy(update={"engine": engine})
    return replace(record, facts=record.facts.model_copy(update={"environment": environment}))


@pytest.mark.parametrize("name", ["digits.yaml", "lenet-stl10.yaml"])
def test_the_study_it_prints_is_the_study_again(name: str, tmp_path: Path) -> None:
    study = read_study(STUDIES / name)
    (tmp_path / "study.yaml").write_text(study_file(study))
    assert read_study(tmp_path / "study.yaml") == study


@examples(40)
@given(st.text(min_size=1, max_size=30))
@example("a\u202eb\u200d犬 : # x")
@example("\U000e0001\ufeff")
def test_so_it_is_whatever_its_texts_hold_and_all_of_it_can_be_printed(text: str) -> None:
    try:
        study = Study.model_validate(
            read_study(STUDIES / "digits.yaml").model_dump() | {"name": text}
        )
    except StudyError:
        return  # no study has such a name
    printed = study_file(study)
    assert all(map(str.isprintable, printed.split("\n")))
    assert parse_study(printed) == study


def test_a_study_with_looks_says_up_to_how_many_seeds(results: Results) -> None:
    plan = results.study.model_dump() | {"seeds": {"until": "decided", "looks": [3, 8]}}
    study = Study.model_validate(plan)
    message = plain(lead(results_of(study, results.records)))
    assert "3 settings with up to 8 seeds each" in message
