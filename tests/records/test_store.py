"""The store: a record comes back as it went in, or is refused by name."""

import dataclasses
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save

from paribus.errors import RecordError
from paribus.io.disk import write_file, write_folder
from paribus.records.store import Arrays, read_record, run_folder, write_record
from paribus.records.types import (
    Curves,
    DataFacts,
    Environment,
    NetworkFacts,
    Predictions,
    Record,
    RunFacts,
    Series,
)
from paribus.study.read import read_study_copy, write_study_copy
from paribus.study.spec import Study

WEIGHTS: dict[str, Arrays] = {
    "last": {"fc1.weight": np.ones((2, 3), np.float32)},
    "best": {"b": np.zeros(2)},
}


def a_record(seed: int = 3) -> Record:
    generator = np.random.default_rng(seed)

    def floats(*shape: int) -> np.ndarray:
        return generator.random(shape, dtype=np.float32)

    def logs() -> np.ndarray:
        share = floats(4, 1)
        both: np.ndarray = np.log(np.hstack([share, 1 - share]))
        return both

    return Record(
        facts=RunFacts(
            study="s",
            setting="l2",
            baseline="main",
            seed=seed,
            status="finished",
            changes={"optimizer.weight_decay": 1e-5},
            config={"epochs": 2},
            digest="d",
            data=DataFacts(
                source="digits",
                fingerprint="f" * 64,
                classes=("a", "b"),
                training=5,
                validation=2,
                test=4,
                shape=(1, 8, 8),
                mean=(0.5,),
                std=(0.25,),
            ),
            network=NetworkFacts(layers=("FC",), parameters=6),
            environment=Environment(
                paribus="0",
                python="3",
                torch="2",
                numpy="2",
                platform="p",
                cpu="c",
                cpu_capability="AVX2",
                threads=1,
            ),
            started="2026-01-01T00:00:00+00:00",
            ended="2026-01-01T00:00:01+00:00",
            best_epoch=1,
        ),
        curves=Curves.of_training(
            floats(6),
            train_loss=floats(2),
            val_loss=floats(2),
            val_accuracy=floats(2),
            learning_rate=floats(2),
        ),
        predictions=Predictions(np.arange(4), np.array([0, 1, 1, 0]), logs(), logs()),
    )


def assert_equal(ours: Record, theirs: Record) -> None:
    assert ours.facts == theirs.facts
    assert ours.curves.series.keys() == theirs.curves.series.keys()
    for name, series in ours.curves.series.items():
        other = theirs.curves.series[name]
        assert series.axis == other.axis
        np.testing.assert_array_equal(series.at, other.at)
        np.testing.assert_array_equal(series.values, other.values)
    assert (ours.predictions is None) == (theirs.predictions is None)
    if ours.predictions and theirs.predictions:
        for name, array in vars(ours.predictions).items():
            np.testing.assert_array_equal(array, getattr(theirs.predictions, name))


def test_a_record_comes_back_as_it_went_in(tmp_path: Path) -> None:
    folder = write_record(tmp_path, a_record(), WEIGHTS)
    assert folder == run_folder(tmp_path, "l2", 3) == tmp_path / "runs" / "l2" / "seed-3"
    assert_equal(read_record(folder), a_record())


EVERY = Series("step", np.arange(10, 60, 10, dtype=np.float32), np.ones(5, np.float32))
PARTS = {
    "no curves": {"curves": Curves()},
    "no predictions": {"predictions": None},
    "classes alone": {
        "predictions": Predictions(
            np.arange(4), np.array([0, 1, 1, 0]), given=np.array([1, 1, 1, 0])
        )
    },
    "a series of somebody else's": {"curves": Curves({"val/acc top 5": EVERY})},
    "facts alone": {"curves": Curves(), "predictions": None},
}


@pytest.mark.parametrize("parts", PARTS.values(), ids=PARTS)
def test_every_part_but_the_facts_may_be_missing(tmp_path: Path, parts: dict[str, Any]) -> None:
    facts = a_record().facts.model_copy(
        update={"metrics": {"top5": 0.9}, "data": DataFacts(classes=("a", "b"))}
    )
    record = dataclasses.replace(a_record(), facts=facts, **parts)
    folder = write_record(tmp_path, record, {})
    assert_equal(read_record(folder), record)


def test_a_record_of_format_1_is_read(tmp_path: Path) -> None:
    """Its curves had no axis before their names, and its facts named no metrics."""
    record = a_record()
    assert record.predictions is not None
    facts = record.facts.model_dump(mode="json", exclude={"metrics"}) | {"format": 1}
    curves = {name: series.values for name, series in record.curves.series.items()}
    predictions = {k: v for k, v in vars(record.predictions).items() if v is not None}
    files = {
        "record.json": json.dumps(facts).encode(),
        "curves.safetensors": save(curves),
        "predictions.safetensors": save(predictions),
    }
    sums = "".join(f"{hashlib.sha256(c).hexdigest()}  {n}\n" for n, c in files.items())
    write_folder(tmp_path / "seed-3", files | {"SHA256SUMS": sums.encode()})
    old = dataclasses.replace(record, facts=record.facts.model_copy(update={"format": 1}))
    assert_equal(read_record(tmp_path / "seed-3"), old)


def test_a_folder_holds_what_the_documents_name_and_nothing_else(tmp_path: Path) -> None:
    folder = write_record(tmp_path, a_record(), WEIGHTS)
    assert sorted(p.name for p in folder.iterdir()) == [
        "SHA256SUMS",
        "curves.safetensors",
        "predictions.safetensors",
        "record.json",
        "weights-best.safetensors",
        "weights-last.safetensors",
    ]
    assert [p.name for p in folder.parent.iterdir()] == ["seed-3"]


def test_checksums_are_in_the_form_that_sha256sum_checks(tmp_path: Path) -> None:
    folder = write_record(tmp_path, a_record(), WEIGHTS)
    for line in (folder / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


def test_a_new_record_replaces_the_old_one(tmp_path: Path) -> None:
    write_record(tmp_path, a_record(), WEIGHTS)
    other = dataclasses.replace(
        a_record(), facts=a_record().facts.model_copy(update={"digest": "e"})
    )
    folder = write_record(tmp_path, other, {})
    assert read_record(folder).facts.digest == "e"
    assert not (folder / "weights-last.safetensors").exists()
    assert [p.name for p in folder.parent.iterdir()] == ["seed-3"]


@pytest.mark.parametrize("name", ["record.json", "curves.safetensors", "predictions.safetensors"])
def test_a_flipped_bit_is_noticed_and_the_file_named(tmp_path: Path, name: str) -> None:
    folder = write_record(tmp_path, a_record(), WEIGHTS)
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(RecordError, match=f"{name}: damaged"):
        read_record(folder)


@pytest.mark.parametrize("name", ["record.json", "curves.safetensors", "SHA256SUMS"])
def test_a_missing_file_is_noticed(tmp_path: Path, name: str) -> None:
    folder = write_record(tmp_path, a_record(), WEIGHTS)
    (folder / name).unlink()
    with pytest.raises(RecordError, match=r"incomplete|not a record"):
        read_record(folder)


def test_a_record_of_a_format_to_come_is_refused_not_guessed_at(tmp_path: Path) -> None:
    future = a_record().facts.model_copy(update={"format": 99})
    folder = write_record(tmp_path, dataclasses.replace(a_record(), facts=future), {})
    with pytest.raises(RecordError, match="expected a record of format 1 to 2, got format 99"):
        read_record(folder)


def test_a_write_that_fails_leaves_the_old_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_record(tmp_path, a_record(), WEIGHTS)

    def no_space(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", no_space)
    with pytest.raises(OSError, match="No space"):
        write_record(tmp_path, a_record(), {})
    with pytest.raises(OSError, match="No space"):
        write_file(folder / "record.json", b"half")
    monkeypatch.undo()
    assert_equal(read_record(folder), a_record())
    assert [p.name for p in folder.parent.iterdir()] == ["seed-3"]
    assert len(list(folder.iterdir())) == 6  # nothing half written lies about


def test_a_study_is_kept_with_its_results(tmp_path: Path) -> None:
    study = Study.model_validate(
        {"name": "s", "data": {"source": "digits"}, "epochs": 1, "variations": {"v": {"epochs": 2}}}
    )
    write_study_copy(tmp_path, study)
    assert read_study_copy(tmp_path) == study


def test_a_folder_that_is_no_result_says_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="expected a folder that `paribus run` or"):
        read_study_copy(tmp_path)
    (tmp_path / "study.json").write_text("{}")
    with pytest.raises(RecordError, match=r"study\.json"):
        read_study_copy(tmp_path)


def test_a_file_is_replaced_in_one_step(tmp_path: Path) -> None:
    write_file(tmp_path / "deep" / "a.txt", b"old")
    write_file(tmp_path / "deep" / "a.txt", b"new")
    assert (tmp_path / "deep" / "a.txt").read_bytes() == b"new"
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["a.txt"]
    shutil.rmtree(tmp_path / "deep")


def test_a_study_of_format_1_is_read_in_the_words_of_today(tmp_path: Path) -> None:
    test = {"setting": "v", "against": "baseline", "expect": "lower"}
    measures = ("generalisation_gap", "train_seconds", "drop:centre-blanked-50-mean", "drop:grey")
    old = {
        "name": "s",
        "data": {"source": "folder", "path": "grey", "colour": "grey"},
        "epochs": 1,
        "margin": 0.01,
        "variations": {"v": {"epochs": 2}, "grey": {"data.colour": "rgb"}},
        "claims": [
            {"id": str(n), "says": "grey", "test": {**test, "measure": measure}}
            for n, measure in enumerate(measures)
        ],
    }
    (tmp_path / "study.json").write_text(json.dumps(old))
    study = read_study_copy(tmp_path)
    assert isinstance(study, Study)
    assert study.data.model_dump()["color"] == "gray"
    assert study.data.model_dump()["path"] == "grey"
    assert study.variations["grey"] == {"data.color": "rgb"}
    assert [claim.test.metric for claim in study.claims] == [
        "generalization_gap",
        "train_cpu_seconds",
        "drop:center-blanked-50-mean",
        "drop:gray",
    ]
