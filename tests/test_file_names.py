"""A folder of images from end to end: wherever a failed image is shown, its file is named."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import paribus
from faults.here import in_this_process
from paribus.cli import main
from paribus.names import in_print, shown
from paribus.pipeline import rebuild_report
from paribus.records.file_names import FILE_NAMES
from paribus.results import Results, read_results
from paribus.study.spec import Study

#: Files of the test part, as anybody may call them.
NASTY = (
    "IMG_0042.jpg",
    "a" * 200 + ".png",
    "=1+1.png",
    "<img src=x onerror=alert(1)>.png",
    "|`*_pipe_*`|.png",
    "\u202egnp.exe",
    "two\nlines.png",
    "\x1b[31mred.png",
    "כלב.png",
    "e\u0301.png",
    os.fsdecode(b"\xff.png"),
    "<script>.png",
)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noise in two classes, so that many of the test images are taken for the other."""
    folder, draw = tmp_path_factory.mktemp("images") / "mine", np.random.default_rng(3)
    plain = [f"{i}.png" for i in range(6)]
    for part, names in {"train": plain, "val": plain[:2], "test": NASTY}.items():
        for kind in ("cat", "dog"):
            (folder / part / kind).mkdir(parents=True)
            for name in names:
                image = Image.fromarray(draw.integers(0, 256, (8, 8), np.uint8))
                image.save(folder / part / kind / name, format="PNG")
    return folder


def study(images: Path, **more: Any) -> Study:
    values = {
        "name": "files",
        "data": {"source": "folder", "path": str(images), "size": 16, "color": "gray"},
        "epochs": 1,
        "seeds": 1,
        "batch_size": 6,
        "variations": {"blurred": {"data.blur": 0.2}},
    }
    return Study.model_validate(values | more)


@pytest.fixture(scope="module")
def whole(images: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("files") / "out"
    train(study(images), out)
    return out


@pytest.fixture
def out(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "out"))


def train(study: Study, out: Path) -> Results:
    with in_this_process():
        return paribus.run(study, out, jobs=1)


def explored(out: Path) -> dict[str, Any]:
    """The explorer's data in the page."""
    _, _, rest = (out / "report.html").read_text("utf-8").partition('id="explorer-data">')
    data: dict[str, Any] = json.loads(rest.partition("</script>")[0])
    return data


def named(name: str) -> str:
    """A file of the test part as JSON and CSV have it."""
    return name.encode("utf-8", "backslashreplace").decode()


def test_the_test_images_and_no_others_are_kept_with_their_path_below_the_folder(
    whole: Path, images: Path
) -> None:
    kept = json.loads((whole / FILE_NAMES).read_text())["files"]
    assert sorted(kept.values()) == sorted(
        f"test/{kind}/{named(name)}" for kind in ("cat", "dog") for name in NASTY
    )
    assert str(images) not in (whole / FILE_NAMES).read_text()


def test_a_name_is_that_of_the_very_image(whole: Path, images: Path) -> None:
    files = read_results(whole).image_files
    compared = 0
    for index, file in files.items():
        original = whole / "images" / f"original-{index}.png"
        path = images / file
        if original.exists() and path.exists():  # not what is written in codes
            assert np.array_equal(np.asarray(Image.open(original)), np.asarray(Image.open(path)))
            compared += 1
    assert compared > 5


def test_settings_that_see_the_images_otherwise_share_their_names(whole: Path) -> None:
    results = read_results(whole)
    assert len({record.facts.data.fingerprint for record in results.records}) == 2
    frame = results.failures()
    assert set(frame["setting"]) == {"baseline", "blurred"}
    assert all(frame["file"] == frame["image"].map(results.image_files))


def test_the_table_of_failures_has_every_file_as_it_is(whole: Path) -> None:
    text = (whole / "tables" / "failures.csv").read_bytes().decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    files = read_results(whole).image_files
    assert [row["file"] for row in rows] == [files[int(row["image"])] for row in rows]


def test_the_page_names_the_file_on_cards_and_in_the_explorer(whole: Path) -> None:
    html = (whole / "report.html").read_text("utf-8")
    results = read_results(whole)
    shown_files = {index: in_print(shown(file)) for index, file in results.image_files.items()}
    cases = explored(whole)["cases"]
    assert len(cases) > 5
    assert {case["index"]: case["file"] for case in cases} == {
        case["index"]: shown_files[case["index"]] for case in cases
    }
    assert html.count('<bdi class="file" dir="ltr">test/') >= 2
    for raw in ("\u202e", "\x1b", "<img src=x", "<script>.png"):
        assert raw not in html


def test_markdown_names_the_file(whole: Path) -> None:
    text = (whole / "report.md").read_text("utf-8")
    assert ": test/" in text
    assert not {"\u202e", "\x1b"} & set(text)


def test_the_command_names_the_file_on_a_terminal_and_in_json(
    whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    done = CliRunner().invoke(main, ["failures", str(whole), "--limit", "0"])
    assert "test/cat/" in done.stdout
    assert not {"\u202e", "\x1b"} & set(done.stdout)
    done = CliRunner().invoke(main, ["failures", str(whole), "--limit", "0", "--json"])
    files = read_results(whole).image_files
    rows = json.loads(done.stdout)["failures"]
    assert rows and all(row["file"] == files[row["image"]] for row in rows)


@pytest.mark.parametrize("content", [None, b"", b"{}", b'{"data": [], "files": {}, "sha256": ""}'])
def test_without_sound_names_the_report_goes_on_with_numbers(
    out: Path, content: bytes | None
) -> None:
    (out / FILE_NAMES).unlink()
    if content is not None:
        (out / FILE_NAMES).write_bytes(content)
    results = rebuild_report(out)
    assert set(results.failures()["file"]) == {""}
    assert {case["file"] for case in explored(out)["cases"]} == {""}
    html = (out / "report.html").read_text("utf-8")
    case = results.failures()["image"]
    assert any(f"Image {index}.</p>" in html for index in case)
    assert CliRunner().invoke(main, ["failures", str(out)]).exit_code == 0


def test_an_older_folder_gets_its_names_when_the_study_is_run_again_and_trains_nothing(
    out: Path, images: Path
) -> None:
    before = (out / FILE_NAMES).read_bytes()
    (out / FILE_NAMES).unlink()
    records = {path: path.read_bytes() for path in (out / "runs").rglob("*") if path.is_file()}
    train(study(images), out)
    assert (out / FILE_NAMES).read_bytes() == before
    assert {p: p.read_bytes() for p in (out / "runs").rglob("*") if p.is_file()} == records


def test_names_of_data_that_have_changed_are_not_given_to_earlier_records(
    out: Path, images: Path, tmp_path: Path
) -> None:
    changed = Path(shutil.copytree(images, tmp_path / "mine"))
    (changed / "test" / "cat" / "IMG_0042.jpg").rename(changed / "test" / "cat" / "IMG_0043.jpg")
    train(study(changed), tmp_path / "other")
    shutil.copy(tmp_path / "other" / FILE_NAMES, out / FILE_NAMES)
    assert read_results(out).image_files == {}


def test_verify_finds_damage_to_the_names(out: Path) -> None:
    def damaged() -> list[dict[str, Any]]:
        done = CliRunner().invoke(main, ["verify", str(out), "--json"])
        files: list[dict[str, Any]] = json.loads(done.stdout)["damaged"]
        return files

    assert damaged() == []
    text = (out / FILE_NAMES).read_text()
    (out / FILE_NAMES).write_text(text.replace("IMG_0042", "IMG_0043", 1))
    (found,) = damaged()
    assert found["file"] == FILE_NAMES and "it is written again" in found["remedy"]
    (out / FILE_NAMES).unlink()
    assert damaged() == []  # a folder of a source without files has none


def test_names_half_written_when_a_study_was_killed_are_removed(out: Path, images: Path) -> None:
    half_written = out / f".{FILE_NAMES}.0123abcd.new"
    half_written.write_bytes(b"{")
    train(study(images), out)
    assert not half_written.exists()
