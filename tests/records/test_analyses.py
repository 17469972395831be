"""Analyses beside the records: kept to be read back equal, and worthless the moment they differ."""

from pathlib import Path

import numpy as np
import pytest

from paribus.failures.study import read_explained
from paribus.records.analyses import (
    read_all_interventions,
    read_explanations,
    read_interventions,
    write_explanations,
    write_interventions,
)
from paribus.records.types import Explanations, Interventions, Record
from synthetic import make_records, make_study


@pytest.fixture
def records() -> list[Record]:
    study = make_study(seeds=3, epochs=2, settings=("main", "l2"))
    return make_records(study, images=20, failing=("l2", 2))


def interventions(record: Record, shift: int = 0) -> Interventions:
    assert record.predictions is not None
    answers, classes = record.predictions.predicted, len(record.facts.data.classes)
    return Interventions(
        predicted={"gray": answers, "blur-3": (answers + 1 + shift) % classes},
        outside=np.linspace(0, 1, 5, dtype=np.float32),
    )


def explanations(images: tuple[int, ...] = (11, 14), first: int = 100) -> Explanations:
    maps = np.random.default_rng(first).normal(0, 1, (len(images), 4, 5)).astype(np.float32)
    near = np.array([[first, 7], [7, first]])[: len(images)]
    return Explanations(
        images=np.array(images),
        targets=np.arange(len(images)),
        gradients=maps,
        occlusion=-maps,
        nearest=near,
        nearest_labels=near % 3,
    )


def file(out: Path, kind: str) -> Path:
    return out / "analysis" / "main" / "seed-0" / f"{kind}.safetensors"


def test_interventions_are_read_back_as_they_were_written(
    tmp_path: Path, records: list[Record]
) -> None:
    names = [f"class {number}" for number in range(300)]  # numbers beyond a byte
    record = make_records(make_study(seeds=1, epochs=2), classes=names, images=20)[0]
    written = interventions(record, shift=280)
    write_interventions(tmp_path, record, written)
    result = read_interventions(tmp_path, record)
    assert result is not None
    assert result.predicted.keys() == written.predicted.keys()
    for name, classes in written.predicted.items():
        assert np.array_equal(result.predicted[name], classes)
    assert np.array_equal(result.outside, written.outside)
    assert result.predicted["gray"].dtype == np.int64


def test_explanations_are_read_back_with_maps_rounded_to_half_precision(
    tmp_path: Path, records: list[Record]
) -> None:
    written = explanations()
    write_explanations(tmp_path, records[0], written)
    result = read_explanations(tmp_path, records[0])
    assert result is not None
    assert result.gradients == pytest.approx(written.gradients, rel=1e-3)
    for name in ("images", "targets", "nearest", "nearest_labels"):
        assert np.array_equal(getattr(result, name), getattr(written, name))


def test_of_another_network_nothing_is_known(tmp_path: Path, records: list[Record]) -> None:
    write_interventions(tmp_path, records[0], interventions(records[0]))
    assert records[0].predictions is not None and records[0].predictions.last is not None
    records[0].predictions.last[3, 1] -= 1e-3  # as if it had been trained again, elsewhere
    assert read_interventions(tmp_path, records[0]) is None


@pytest.mark.parametrize("kind", ["interventions", "explanations"])
def test_a_damaged_file_counts_as_none_wherever_a_bit_is_flipped(
    tmp_path: Path, records: list[Record], kind: str
) -> None:
    write_interventions(tmp_path, records[0], interventions(records[0]))
    write_explanations(tmp_path, records[0], explanations())
    read = {"interventions": read_interventions, "explanations": read_explanations}[kind]
    assert read(tmp_path, records[0]) is not None
    whole = file(tmp_path, kind).read_bytes()
    kept = []
    for at in range(0, len(whole), 5):
        damaged = bytearray(whole)
        damaged[at] ^= 1
        file(tmp_path, kind).write_bytes(damaged)
        if read(tmp_path, records[0]) is not None:
            kept.append(at)
    assert kept == []


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff" * 8, b"\x02\0\0\0\0\0\0\0{}"])
def test_what_is_no_analysis_counts_as_none(
    tmp_path: Path, records: list[Record], content: bytes
) -> None:
    file(tmp_path, "interventions").parent.mkdir(parents=True)
    file(tmp_path, "interventions").write_bytes(content)
    assert read_interventions(tmp_path, records[0]) is None


def test_all_that_is_kept_is_found_by_setting_and_seed(
    tmp_path: Path, records: list[Record]
) -> None:
    for record in (records[0], records[3]):
        write_interventions(tmp_path, record, interventions(record))
    assert list(read_all_interventions(tmp_path, records)) == [("main", 0), ("l2", 1)]


def test_explanations_of_a_settings_runs_are_put_together(
    tmp_path: Path, records: list[Record]
) -> None:
    mine = [record for record in records if record.facts.setting == "main"]
    for record, first in zip(mine, (100, 101, 101), strict=True):
        write_explanations(tmp_path, record, explanations(first=first))
    result = read_explained(tmp_path, records)
    assert list(result) == ["main"]
    values = result["main"]
    assert values.seeds == 3
    mean = np.mean([explanations(first=f).gradients for f in (100, 101, 101)], axis=0)
    assert values.gradients == pytest.approx(mean, abs=2e-3)
    # Near in all three runs, then in two, then in one.
    assert [(n.index, n.seeds) for n in values.neighbors[0]] == [(7, 3), (101, 2), (100, 1)]


def test_runs_explained_for_other_images_than_most_are_left_out(
    tmp_path: Path, records: list[Record]
) -> None:
    mine = [record for record in records if record.facts.setting == "main"]
    for record, images in zip(mine, ((11, 17), (11, 14), (11, 14)), strict=True):
        write_explanations(tmp_path, record, explanations(images))
    values = read_explained(tmp_path, records)["main"]
    assert (values.seeds, values.images.tolist()) == (2, [11, 14])
