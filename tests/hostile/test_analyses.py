"""What lies beside the records, as a stranger may send it: it fits the run, or counts as none."""

from __future__ import annotations

import io
import os
import random
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image

from effort import telling, tries
from hostile.mutations import mutate
from hostile.results import a_study, write_results
from paribus import pipeline
from paribus.failures.study import read_explained
from paribus.metrics.interventions import interventions
from paribus.records.analyses import (
    read_explanations,
    read_interventions,
    write_explanations,
    write_interventions,
)
from paribus.records.types import Explanations, Interventions, Record
from paribus.report.images import is_whole_png, small_uri
from paribus.results import read_results
from report.explored import square


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Results whose networks were all analyzed."""
    write_results(tmp_path / "out", a_study())
    for record in read_results(tmp_path / "out").records:
        write_interventions(tmp_path / "out", record, good_interventions(record))
        write_explanations(tmp_path / "out", record, good_explanations(record))
    return tmp_path / "out"


def good_interventions(record: Record) -> Interventions:
    assert record.predictions is not None
    answers = record.predictions.predicted
    names = [change.name for change in interventions((record.facts.data.shape or (1,))[0])]
    return Interventions(dict.fromkeys(names, answers), np.full(9, 0.5, np.float32))


def good_explanations(record: Record) -> Explanations:
    assert record.predictions is not None
    images, maps = record.predictions.index[:4], np.ones((4, 8, 8), np.float32)
    near = np.arange(12).reshape(4, 3)
    return Explanations(images, images % 3, maps, -maps, near, near % 3)


def with_nan(array: Any) -> Any:
    return np.where(np.arange(array.size).reshape(array.shape) == 3, np.nan, array)


#: Kind -> part -> what is done to it, each sealed as if it were right.
WRONG: list[tuple[str, str, Callable[[Any], Any]]] = [
    ("interventions", "outside", lambda a: a + 5),
    ("interventions", "outside", lambda a: a[None]),
    ("interventions", "outside", lambda a: a.astype(int)[:, None]),
    ("interventions", "predicted", lambda all_: {k: a + 3 for k, a in all_.items()}),
    ("interventions", "predicted", lambda all_: {k: a - 3 for k, a in all_.items()}),
    ("interventions", "predicted", lambda all_: {k: a[1:] for k, a in all_.items()}),
    ("interventions", "predicted", lambda all_: {k: a[:, None] for k, a in all_.items()}),
    ("interventions", "predicted", lambda all_: {k: a * 0.5 for k, a in all_.items()}),
    ("interventions", "predicted", lambda all_: {k: a[:0] for k, a in all_.items()}),
    ("explanations", "images", lambda a: a[:2]),
    ("explanations", "images", lambda a: a[:, None]),
    ("explanations", "images", lambda a: a + 0.5),
    ("explanations", "targets", lambda a: a + 3),
    ("explanations", "targets", lambda a: -1 - a),
    ("explanations", "targets", lambda a: a[0]),
    ("explanations", "gradients", lambda a: a[:, 0]),
    ("explanations", "gradients", lambda a: a[:, :, :0]),
    ("explanations", "gradients", with_nan),
    ("explanations", "gradients", lambda a: np.ones((4, 2, 513), np.float32)),
    ("explanations", "occlusion", lambda a: a[:, :4]),
    ("explanations", "occlusion", lambda a: a * np.inf),
    ("explanations", "nearest", lambda a: a[:, :2]),
    ("explanations", "nearest", lambda a: a.ravel()),
    ("explanations", "nearest", lambda a: a + 0.5),
    ("explanations", "nearest_labels", lambda a: a + 3),
    ("explanations", "nearest_labels", lambda a: a.T),
]

PARTS = [part for _, part, _ in WRONG]
FIRST_OF_EACH = [PARTS.index(part) for part in dict.fromkeys(PARTS)]


@pytest.mark.parametrize("number", telling(range(len(WRONG)), *FIRST_OF_EACH))
def test_arrays_that_no_run_leaves_count_as_none(number: int, out: Path) -> None:
    kind, part, change = WRONG[number]
    record = read_results(out).records[0]
    if kind == "interventions":
        entry = good_interventions(record)
        write_interventions(out, record, replace(entry, **{part: change(getattr(entry, part))}))
        assert read_interventions(out, record) is None
    else:
        why = good_explanations(record)
        write_explanations(out, record, replace(why, **{part: change(getattr(why, part))}))
        assert read_explanations(out, record) is None


def test_what_is_right_is_read(out: Path) -> None:
    for record in read_results(out).records:
        assert read_interventions(out, record) is not None
        assert read_explanations(out, record) is not None


@pytest.mark.parametrize("more", [True, False])
def test_an_array_more_or_less_counts_as_none(more: bool, out: Path) -> None:
    record = read_results(out).records[0]
    entry = dict(vars(good_explanations(record)))
    if more:
        entry["evil"] = entry["targets"]
    else:
        del entry["nearest"]
    write_explanations(out, record, cast(Explanations, SimpleNamespace(**entry)))
    assert read_explanations(out, record) is None


def test_runs_whose_maps_differ_in_size_are_not_put_together(out: Path) -> None:
    record, _, other, _ = read_results(out).records
    assert record.facts.setting == other.facts.setting
    maps = np.ones((4, 3, 5), np.float32)
    write_explanations(
        out, other, replace(good_explanations(other), gradients=maps, occlusion=maps)
    )
    assert read_explained(out, [record, other])[record.facts.setting].seeds == 1


def test_interventions_that_nobody_knows_are_passed_over(out: Path) -> None:
    for record in read_results(out).records:
        entry = good_interventions(record)
        odd = {"<script>hit()</script>": next(iter(entry.predicted.values()))}
        write_interventions(out, record, replace(entry, predicted=odd))
    results = read_results(out)
    assert results.effects == ()
    assert results.claims


@pytest.mark.parametrize("what", ["a link", "a device", "a pipe", "a terabyte", "a folder"])
def test_what_is_no_file_of_the_folder_counts_as_none(what: str, out: Path) -> None:
    record = read_results(out).records[0]
    path = out / "analysis" / "main" / "seed-0" / "interventions.safetensors"
    assert read_interventions(out, record) is not None
    if what == "a link":
        path.rename(out.parent / "moved")
        path.symlink_to(out.parent / "moved")
    elif what == "a terabyte":
        with path.open("r+b") as file:
            file.truncate(1 << 40)
    else:
        path.unlink()
        if what == "a device":
            path.symlink_to("/dev/zero")
        elif what == "a pipe":
            os.mkfifo(path)
        else:
            path.mkdir()
    assert read_interventions(out, record) is None


def test_a_link_in_the_place_of_all_analyses_brings_nothing(out: Path) -> None:
    (out / "analysis").rename(out.parent / "moved")
    (out / "analysis").symlink_to(out.parent / "moved")
    assert read_results(out).effects == ()


def test_no_damaged_analysis_is_read_changed(out: Path) -> None:
    record = read_results(out).records[0]
    draw = random.Random(6)
    for name in ("interventions", "explanations"):
        path = out / "analysis" / "main" / "seed-0" / f"{name}.safetensors"
        whole = path.read_bytes()
        read = {"interventions": read_interventions, "explanations": read_explanations}[name]
        before = contents(read(out, record))
        for _ in range(tries(40)):
            path.write_bytes(mutate(whole, draw))
            result = read(out, record)
            assert result is None or contents(result) == before


def contents(entry: Interventions | Explanations | None) -> bytes:
    predicted = entry.predicted.values() if isinstance(entry, Interventions) else ()
    parts = [part for part in vars(entry).values() if isinstance(part, np.ndarray)]
    return b"".join(array.tobytes() for array in (*parts, *predicted))


# ---- kept images --------------------------------------------------------------------------


def png(width: int, height: int) -> bytes:
    """A PNG that says it has so many pixels, whatever is in it."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        crc = zlib.crc32(kind + content).to_bytes(4, "big")
        return len(content).to_bytes(4, "big") + kind + content + crc

    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\0\0\0"
    pixels = zlib.compress(bytes(1000))
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def as_format(name: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, name)
    return file.getvalue()


SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload='hit()'/>"
NOT_KEPT = [b"", SVG, png(100_000, 100_000), png(3000, 1), png(0, 8), png(64, 64), b"\x89PNG"]
NOT_KEPT += [as_format(name) for name in ("GIF", "BMP", "TIFF", "JPEG", "WEBP")]


@pytest.mark.parametrize("number", range(len(NOT_KEPT)))
def test_what_is_no_whole_image_of_a_usual_size_is_missing(number: int) -> None:
    assert not is_whole_png(NOT_KEPT[number])


def test_a_image_in_a_page_is_whole_whatever_was_damaged() -> None:
    draw = random.Random(7)
    for _ in range(tries(200)):
        damaged = mutate(square("x"), draw)
        if is_whole_png(damaged):
            assert small_uri(damaged).startswith("data:image/")


def test_hostile_images_are_missing_in_the_report(out: Path) -> None:
    results = read_results(out)
    (out / "images").mkdir()
    for place, index in enumerate(results.failed_cases.telling.tolist()):
        content = NOT_KEPT[place % len(NOT_KEPT)]
        (out / "images" / f"original-{index}.png").write_bytes(content)
    pipeline.rebuild_report(out)
    page = (out / "report.html").read_text("utf-8")
    assert "is missing" in page
    assert "original-" in page  # named, and none of them is there:
    assert '"images":{}' in page
