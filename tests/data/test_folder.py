"""The user's own images: what counts, what is named and left out, what is refused."""

import errno
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from paribus.data.dataset import prepare
from paribus.data.folder import open_folder
from paribus.data.images import Originals
from paribus.errors import DataError, ReadError
from paribus.study.data import Folder

Write = Callable[..., None]


def opened(root: Path, **choices: object) -> Originals:
    return open_folder(Folder.model_validate({"source": "folder", "path": str(root), **choices}))


def refused(root: Path) -> str:
    with pytest.raises(DataError) as error:
        opened(root)
    return str(error.value)


@pytest.fixture
def root(tmp_path: Path, own_cache: Path, images_in: Write) -> Path:
    """One tree of two classes with two images each."""
    for name in ("cat", "dog"):
        images_in(tmp_path / "mine" / name, 2)
    return tmp_path / "mine"


@pytest.fixture
def parted(tmp_path: Path, own_cache: Path, images_in: Write) -> Path:
    """Two classes in train/, val/ and test/."""
    for part, count in (("train", 3), ("val", 2), ("test", 1)):
        for name in ("cat", "dog"):
            images_in(tmp_path / "parted" / part / name, count)
    return tmp_path / "parted"


# ---- classes and parts ----------------------------------------------------------------------


def test_each_subfolder_is_a_class_and_one_tree_has_no_parts(root: Path) -> None:
    originals = opened(root)
    assert originals.source == "folder"
    assert originals.classes == ("cat", "dog")
    assert originals.labels.tolist() == [0, 0, 1, 1]
    assert originals.part.tolist() == [""] * 4
    assert originals.left_out == ()


def test_images_keep_their_own_size_and_come_in_the_colors_of_the_study(root: Path) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (7, 5, 3), np.uint8)
    Image.fromarray(pixels).save(root / "cat" / "0.png")
    assert np.array_equal(opened(root).read(0), pixels)
    gray = opened(root, color="gray")
    assert gray.channels == 1
    assert gray.read(0).shape == (7, 5, 1)


def test_classes_come_in_natural_order(root: Path) -> None:
    for name in ("class10", "class2", "Bird"):
        shutil.copytree(root / "cat", root / name)
    assert opened(root).classes == ("Bird", "cat", "class2", "class10", "dog")


def test_images_may_lie_deeper_in_the_folder_of_their_class(root: Path) -> None:
    shutil.copytree(root / "cat", root / "cat" / "kittens" / "2026")
    assert opened(root).labels.tolist() == [0, 0, 0, 0, 1, 1]


@pytest.mark.parametrize("name", ["val", "valid", "validation", "Validation"])
def test_train_val_and_test_are_parts_not_classes(name: str, parted: Path) -> None:
    (parted / "val").rename(parted / name)
    (parted / "train").rename(parted / "Train")
    originals = opened(parted)
    assert originals.classes == ("cat", "dog")
    assert originals.part.tolist() == ["train"] * 6 + ["validation"] * 4 + ["test"] * 2
    assert originals.labels.tolist() == [0, 0, 0, 1, 1, 1, 0, 0, 1, 1, 0, 1]


def test_a_train_beside_other_vehicles_is_a_class(root: Path) -> None:
    (root / "cat").rename(root / "train")
    (root / "dog").rename(root / "plane")
    assert opened(root).classes == ("plane", "train")


def test_the_parts_that_are_there_are_used_as_they_are(parted: Path) -> None:
    shutil.rmtree(parted / "val")
    data = Folder(source="folder", path=str(parted), size=8, validation=1)
    dataset, originals = prepare(data)
    assert np.array_equal(dataset.splits.test, np.flatnonzero(originals.part == "test"))
    assert (len(dataset.splits.training), len(dataset.splits.validation)) == (4, 2)


def test_a_name_in_two_unicode_spellings_is_one_class(parted: Path) -> None:
    (parted / "train" / "cat").rename(parted / "train" / "ch\u00e2t")
    for part in ("val", "test"):
        (parted / part / "cat").rename(parted / part / "cha\u0302t")
    assert opened(parted).classes == ("ch\u00e2t", "dog")


def test_a_relative_path_starts_at_the_current_folder(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root.parent)
    assert opened(Path("mine")).fingerprint == opened(root).fingerprint


# ---- oddities -------------------------------------------------------------------------------


def test_every_file_that_is_no_usable_image_is_named_with_the_reason(root: Path) -> None:
    cat = root / "cat"
    whole = (cat / "0.png").read_bytes()
    (cat / "10 cut.png").write_bytes(whole[: len(whole) // 2])
    (cat / "9 empty.jpg").touch()
    (cat / "notes.txt").write_text("meow")
    Image.new("RGB", (4, 4)).save(cat / "still.ico")
    Image.new("1", (10_000, 6_000)).save(cat / "wall.png")
    (cat / "away.png").symlink_to("/etc/hostname")
    (cat / "gone.png").symlink_to("nowhere.png")
    (root / "README.md").write_text("my images")
    originals = opened(root)
    lines = tuple(map(str, originals.left_out))
    cut = lines[1]
    assert cut.startswith("cat/10 cut.png: can't be read (")
    assert lines == (
        "cat/9 empty.jpg: an empty file",
        cut,
        "cat/away.png: a link that leads out of the folder",
        "cat/gone.png: a link to nowhere",
        "cat/notes.txt: not a PNG, JPEG, WebP, BMP, GIF, TIFF or PPM",
        "cat/still.ico: not a PNG, JPEG, WebP, BMP, GIF, TIFF or PPM",
        "cat/wall.png: expected at most 50 million pixels, got 10,000 x 6,000",
        "README.md: not in the folder of a class",
    )
    assert len(originals.labels) == 4


def test_hidden_files_and_things_that_are_no_files_are_passed_over(root: Path) -> None:
    (root / ".DS_Store").write_text("x")
    (root / ".git").mkdir()
    (root / "cat" / "._0.png").write_text("x")
    os.mkfifo(root / "cat" / "pipe.png")
    (root / "cat" / "folder.png").mkdir()
    originals = opened(root)
    assert (originals.classes, originals.left_out) == (("cat", "dog"), ())
    assert len(originals.labels) == 4


def test_a_name_that_is_no_text_is_a_name_all_the_same(root: Path) -> None:
    shutil.copy(root / "cat" / "0.png", root / "cat" / os.fsdecode(b"caf\xe9.png"))
    (root / "cat" / "two\nlines.txt").write_text("x")
    originals = opened(root)
    assert len(originals.labels) == 5
    assert tuple(map(str, originals.left_out)) == (
        r"cat/two\nlines.txt: not a PNG, JPEG, WebP, BMP, GIF, TIFF or PPM",
    )
    assert opened(root).fingerprint == originals.fingerprint  # remembered under its odd name


def test_what_lies_beside_the_parts_is_named(parted: Path, images_in: Write) -> None:
    images_in(parted / "extra" / "cat", 1)
    (parted / "LICENSE").write_text("free")
    (parted / "train" / "list.txt").write_text("0.png")
    originals = opened(parted)
    assert len(originals.labels) == 12
    assert tuple(map(str, originals.left_out)) == (
        "extra: not in train, val or test",
        "LICENSE: not in train, val or test",
        "train/list.txt: not in the folder of a class",
    )


def test_a_image_that_goes_missing_later_is_named(root: Path) -> None:
    originals = opened(root)
    (root / "cat" / "0.png").unlink()
    with pytest.raises(DataError, match=r"cat/0\.png: expected the image as it was before"):
        originals.read(0)


# ---- what is refused ------------------------------------------------------------------------


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    message = refused(tmp_path / "nowhere")
    assert message.startswith(f"{tmp_path / 'nowhere'}: expected a folder of images")


def test_one_class_alone_is_refused(root: Path) -> None:
    shutil.rmtree(root / "dog")
    assert refused(root).endswith("two or more classes, got cat")
    shutil.rmtree(root / "cat")
    assert refused(root).endswith("two or more classes, got nothing")


def test_parts_with_other_classes_are_refused_with_their_names(parted: Path) -> None:
    (parted / "test" / "dog").rename(parted / "test" / "owl")
    assert refused(parted) == (
        f"{parted}: expected the same classes in each part, but train has no owl; "
        "validation has no owl; test has no dog. Add the images, or move the part's folder away."
    )


def test_a_part_without_classes_is_refused(parted: Path) -> None:
    shutil.rmtree(parted / "test")
    (parted / "test").mkdir()
    assert "test has no cat, dog" in refused(parted)


def test_two_folders_for_one_part_are_refused(parted: Path) -> None:
    shutil.copytree(parted / "val", parted / "valid")
    assert "expected one folder for validation, got val and valid" in refused(parted)


def test_a_class_without_a_usable_image_is_refused_with_the_reasons(root: Path) -> None:
    for file in (root / "dog").iterdir():
        file.write_text("woof")
    assert refused(root) == (
        f"{root / 'dog'}: expected images of class 'dog', got no usable one. "
        "Add some, or move the folder away.\n"
        "  dog/0.png: not a PNG, JPEG, WebP, BMP, GIF, TIFF or PPM\n"
        "  dog/1.png: not a PNG, JPEG, WebP, BMP, GIF, TIFF or PPM"
    )


def test_links_among_the_classes_are_listed_and_passed_over(root: Path, parted: Path) -> None:
    (root / "owl").symlink_to(parted / "train" / "cat")
    (root / "kitten").symlink_to(root / "cat")
    (root / "lost").symlink_to("nowhere")
    (root / "0.png").symlink_to(root / "cat" / "0.png")
    originals = opened(root)
    assert originals.classes == ("cat", "dog")
    assert tuple(map(str, originals.left_out)) == (
        "0.png: not in the folder of a class",
        "kitten: a link to a folder; only links to images are followed",
        "lost: a link to nowhere",
        "owl: a link that leads out of the folder",
    )


def test_a_linked_part_is_refused_not_silently_left_out(parted: Path) -> None:
    (parted / "test").rename(parted.parent / "elsewhere")
    (parted / "test").symlink_to(parted.parent / "elsewhere")
    assert "expected a folder, got a link" in refused(parted)


def test_a_folder_that_cannot_be_read_is_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(folder: Path) -> object:  # the tests may run as root, whom no mode stops
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(ReadError, match=re.escape(f"{root}: can't be read (Permission denied)")):
        opened(root)


def test_an_image_that_cannot_be_read_now_is_named_and_not_left_out(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.open

    def refuse(path: Path, flags: int, mode: int = 0o777) -> int:
        if root in path.parents:
            raise OSError(errno.EIO, "Input/output error", str(path))
        return real(path, flags, mode)

    monkeypatch.setattr("paribus.io.reading.PAUSES", ())
    monkeypatch.setattr("paribus.io.reading.os.open", refuse)
    with pytest.raises(ReadError, match=r"cat/.*png: can't be read \(Input/output error\)"):
        opened(root)


# ---- fingerprint ----------------------------------------------------------------------------


def test_the_fingerprint_is_of_names_and_contents_of_the_images_alone(
    root: Path, tmp_path: Path
) -> None:
    before = opened(root).fingerprint
    (root / "cat" / "notes.txt").write_text("meow")
    assert opened(root).fingerprint == before
    shutil.copytree(root, tmp_path / "copy")
    assert opened(tmp_path / "copy").fingerprint == before
    (root / "cat" / "0.png").rename(root / "cat" / "00.png")
    renamed = opened(root).fingerprint
    Image.new("RGB", (3, 3)).save(root / "dog" / "1.png")
    assert len({before, renamed, opened(root).fingerprint}) == 3
