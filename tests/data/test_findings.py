"""Equal, empty and flat images are counted as the networks see them, and said in sentences."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from paribus.cli import main
from paribus.data.dataset import prepare
from paribus.data.findings import find
from paribus.data.splits import PARTS
from paribus.narrative.images import images_ready, on_images, on_left_out
from paribus.records.types import DataFacts, DataFindings
from paribus.study.data import Folder

Write = Callable[..., None]
TRAIN, VALIDATION, TEST = range(len(PARTS))


def findings(images: list[int], labels: list[int], part: list[int]) -> DataFindings:
    """Of images that are equal where their numbers are; 0 is of a single color."""
    pixels = np.zeros((len(images), 1, 2, 2), np.uint8)
    pixels[:, 0, 0, 0] = images
    return find(pixels, np.array(labels), np.array(part, np.uint8), (0.5,))


def test_images_that_all_differ_have_nothing_odd() -> None:
    assert findings([1, 2, 3], [0, 1, 0], [TRAIN, TEST, TEST]) == DataFindings(alike=1)


def test_test_images_that_were_trained_on_are_counted() -> None:
    found = findings([1, 1, 1, 2], [0] * 4, [TRAIN, TEST, TEST, TEST])
    assert (found.test_in_training, found.in_two_classes, found.alike) == (2, 0, 3)


def test_equal_images_within_the_test_alone_are_no_leak() -> None:
    assert findings([1, 2, 2], [0] * 3, [TRAIN, TEST, TEST]).test_in_training == 0


def test_every_image_that_another_class_has_too_is_counted() -> None:
    assert findings([1, 1, 1, 2], [0, 1, 0, 1], [TRAIN] * 4).in_two_classes == 3


def test_images_of_a_single_color_and_flat_channels_are_counted() -> None:
    pixels = np.zeros((3, 2, 2, 2), np.uint8)
    pixels[0, 0, 0, 0] = 9
    found = find(pixels, np.zeros(3, np.int64), np.zeros(3, np.uint8), (0.1, 0.0))
    assert (found.plain, found.flat_channels, found.alike) == (2, 1, 2)


# ---- in sentences ---------------------------------------------------------------------------


def test_what_is_found_is_said_with_its_share() -> None:
    found = DataFindings(test_in_training=31, in_two_classes=1, plain=5, alike=600, flat_channels=1)
    data = DataFacts(training=500, validation=100, test=400, std=(0.1, 0, 0.1), findings=found)
    assert tuple(line.replace("\u00a0", " ") for line in on_images(data)) == (
        "31 test images (7.8 %) are equal to a training image: there, accuracy measures memory "
        "alone.",
        "1 image (0.1 %) is also in another class: at least one of their labels is wrong.",
        "5 images (0.5 %) are of a single color: check that the files are read as you expect.",
        "600 of 1,000 images are equal to each other.",
        "1 of 3 color channels holds a single value.",
    )


def test_of_images_without_findings_nothing_is_said() -> None:
    assert on_images(DataFacts()) == ()
    assert on_left_out(DataFacts()) == ""
    assert on_images(DataFacts(training=9, findings=DataFindings(alike=4))) == ()


def test_files_left_out_are_counted_by_reason() -> None:
    data = DataFacts(left_out=(("an empty file", 2), ("a link to nowhere", 1)))
    assert on_left_out(data) == "3\u00a0files: 2 an empty file; 1 a link to nowhere"


# ---- in a folder of images ------------------------------------------------------------------


@pytest.fixture
def mine(tmp_path: Path, own_cache: Path, images_in: Write) -> Path:
    """Two classes, one of several folders, with a leak, an empty image, and files left out."""
    for place in ("train/cat/a", "train/cat/b", "train/dog", "test/cat", "test/dog"):
        images_in(tmp_path / "mine" / place, 3)
    mine = tmp_path / "mine"
    (mine / "test" / "dog" / "copy.png").write_bytes((mine / "train/cat/a/0.png").read_bytes())
    Image.new("RGB", (8, 8)).save(mine / "train" / "dog" / "black.gif")
    (mine / "train" / "dog" / "notes.txt").write_text("x")
    (mine / "README.md").write_text("x")
    return mine


def test_they_are_kept_with_the_images_and_with_what_the_folder_has_besides(mine: Path) -> None:
    for _ in range(2):  # built, then from the cache
        dataset, _ = prepare(Folder(source="folder", path=str(mine), size=8))
        facts = dataset.facts
        assert facts.findings == DataFindings(
            test_in_training=1, in_two_classes=2, plain=1, alike=2, flat_channels=0
        )
        assert facts.groups == (("cat", ("a", "b")),)
        assert dict(facts.left_out) == {
            "not a PNG, JPEG, WebP, BMP, GIF, TIFF or PPM": 1,
            "not in train, val or test": 1,
        }
        assert dataset.counts().tolist() == [[5, 1, 3], [3, 1, 4]]


def test_settings_that_see_the_same_are_told_of_once(mine: Path) -> None:
    small, _ = prepare(Folder(source="folder", path=str(mine), size=8))
    large, _ = prepare(Folder(source="folder", path=str(mine), size=9))
    ready = images_ready({"baseline": small, "l2": small, "larger": large})
    assert [one.settings for one in ready] == [("baseline", "l2"), ("larger",)]
    assert ready[0].counts == ((5, 1, 3), (3, 1, 4))
    assert [one.split(":")[0] for one in ready[0].left_out] == ["README.md", "train/dog/notes.txt"]


def test_of_many_files_left_out_the_first_are_named_and_the_rest_counted(mine: Path) -> None:
    for number in range(12):
        (mine / "train" / "dog" / f"{number}.txt").write_text("x")
    dataset, _ = prepare(Folder(source="folder", path=str(mine), size=8))
    (ready,) = images_ready({"baseline": dataset})
    assert len(ready.left_out) == 11
    assert ready.left_out[-1] == "and 4 more; `paribus data verify` lists all"


def test_verify_shows_classes_parts_findings_and_what_was_left_out(mine: Path) -> None:
    done = CliRunner().invoke(main, ["data", "verify", str(mine)])
    assert done.exit_code == 1
    rows = [line.split() for line in done.stdout.splitlines()]
    assert ["class", "training", "validation", "test"] in rows
    assert ["cat", "5", "1", "3"] in rows and ["dog", "3", "1", "4"] in rows
    assert "fingerprint" in done.stdout
    assert "1 test image (14.3 %) is equal to a training image" in done.stdout
    assert "README.md: not in train, val or test" in done.stdout
