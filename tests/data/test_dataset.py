"""Prepared images: resized once, checked, repaired, and safe between processes."""

import errno
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from paribus.data.dataset import Dataset, open_dataset, prepare
from paribus.data.pixels import Target, resized
from paribus.errors import DataError, ReadError
from paribus.study.data import Digits, Folder

DIGITS = Digits(source="digits", size=16)


class Told:
    """Hears what is under way and keeps it."""

    def __init__(self) -> None:
        self.what: list[str] = []

    def __call__(self, what: str, done: int, total: int | None) -> None:
        self.what.append(what)


@pytest.fixture
def small(tmp_path: Path, own_cache: Path, images_in: Callable[..., None]) -> Folder:
    """Two classes of five images, and an empty cache."""
    for name in ("cat", "dog"):
        images_in(tmp_path / "mine" / name, 5)
    return Folder(source="folder", path=str(tmp_path / "mine"), size=8)


def test_an_image_that_cannot_be_read_while_it_is_resized_is_named_and_nothing_is_cached(
    small: Folder, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(small.path, "cat", "0.png")

    def refuse(*_: object) -> None:
        raise ReadError(errno.EIO, "Input/output error", str(path))

    monkeypatch.setattr("paribus.data.taking.resized", refuse)
    with pytest.raises(ReadError, match=re.escape(f"{path}: can't be read (Input/output error)")):
        prepare(small)
    assert not list((own_cache / "datasets").glob("*"))


def contents(dataset: Dataset) -> dict[str, str]:
    files = sorted(dataset.folder.iterdir())
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def test_every_image_is_the_resized_one_of_its_source(own_cache: Path) -> None:
    dataset, images = prepare(DIGITS)
    assert dataset.shape == (1, 16, 16)
    assert dataset.images.dtype == np.uint8
    assert len(dataset.images) == 1797
    assert np.array_equal(dataset.labels, images.labels)
    for i in (0, 1000, 1796):
        assert np.array_equal(dataset.images[i], resized(images.read(i), Target(16, 16)))


def test_blurred_originals_are_another_data_set_and_none_is_the_same_as_no_word_of_it(
    own_cache: Path,
) -> None:
    blurred, images = prepare(DIGITS.model_copy(update={"blur": 0.1}))
    assert np.array_equal(blurred.images[7], resized(images.read(7), Target(16, 16, blur=0.1)))
    assert blurred.fingerprint != prepare(DIGITS)[0].fingerprint
    assert "blur" not in DIGITS.model_dump()


def test_mean_and_deviation_are_those_of_the_training_images_alone(small: Folder) -> None:
    dataset, _ = prepare(small)
    training = dataset.images[dataset.splits.training] / 255
    assert dataset.mean == pytest.approx(training.mean(axis=(0, 2, 3)), rel=1e-12)
    assert dataset.std == pytest.approx(training.std(axis=(0, 2, 3)), rel=1e-12)


def test_a_worker_opens_what_was_prepared(small: Folder) -> None:
    prepared, _ = prepare(small)
    opened = open_dataset(prepared.folder)
    assert np.array_equal(opened.images, prepared.images)
    assert np.array_equal(opened.labels, prepared.labels)
    for name in ("training", "validation", "test"):
        assert np.array_equal(getattr(opened.splits, name), getattr(prepared.splits, name))
    for name in ("classes", "mean", "std", "source", "fingerprint", "shape", "folder"):
        assert getattr(opened, name) == getattr(prepared, name)


def test_images_are_mapped_and_a_change_in_memory_stays_there(small: Folder) -> None:
    dataset, _ = prepare(small)
    assert isinstance(dataset.images, np.memmap)
    before = contents(dataset)
    torch.from_numpy(dataset.images)[:] = 0  # torch warns of arrays that can't be written
    assert contents(dataset) == before


def test_images_are_resized_once(small: Folder) -> None:
    first, again = Told(), Told()
    assert contents(prepare(small, progress=first)[0]) == contents(
        prepare(small, progress=again)[0]
    )
    assert "resizing images" in first.what
    assert "resizing images" not in again.what


def test_unreadable_files_are_told_whether_the_cache_was_there_or_not(small: Folder) -> None:
    (Path(small.path) / "cat" / "notes.txt").write_text("meow")
    expected = ("cat/notes.txt: not a PNG, JPEG, WebP, BMP, GIF, TIFF or PPM",)
    assert tuple(map(str, prepare(small)[0].left_out)) == expected
    assert tuple(map(str, prepare(small)[0].left_out)) == expected


# ---- fingerprints ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change", [{"size": 9}, {"validation": 2}, {"test": 0.4}, {"color": "gray"}]
)
def test_whatever_changes_the_images_changes_the_fingerprint(
    change: dict[str, object], small: Folder
) -> None:
    other = Folder.model_validate(small.model_dump() | change)
    first, second = prepare(small)[0], prepare(other)[0]
    assert first.fingerprint != second.fingerprint
    assert first.folder != second.folder


def test_the_same_images_elsewhere_have_the_same_fingerprint(small: Folder, tmp_path: Path) -> None:
    before = prepare(small)[0].fingerprint
    Path(small.path).rename(tmp_path / "moved")
    moved = small.model_copy(update={"path": str(tmp_path / "moved")})
    assert prepare(moved)[0].fingerprint == before


def test_a_changed_image_changes_the_fingerprint(
    small: Folder, tmp_path: Path, images_in: Callable[..., None]
) -> None:
    before = prepare(small)[0].fingerprint
    images_in(tmp_path / "mine" / "dog", 1, side=9)
    assert prepare(small)[0].fingerprint != before


# ---- damage ---------------------------------------------------------------------------------


def flip_a_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def cut_short(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


@pytest.mark.parametrize("name", ["images.npy", "labels.npy", "part.npy", "facts.json"])
@pytest.mark.parametrize("damage", [flip_a_bit, cut_short, Path.unlink])
def test_a_damaged_cache_is_built_again(
    damage: Callable[[Path], None], name: str, small: Folder
) -> None:
    dataset, _ = prepare(small)
    good = contents(dataset)
    damage(dataset.folder / name)
    assert contents(prepare(small)[0]) == good


def test_facts_that_are_false_but_whole_json_are_damage_too(small: Folder) -> None:
    dataset, _ = prepare(small)
    good = contents(dataset)
    facts = json.loads((dataset.folder / "facts.json").read_text())
    facts["facts"]["mean"][0] += 0.25
    (dataset.folder / "facts.json").write_text(json.dumps(facts))
    assert contents(prepare(small)[0]) == good


def test_a_worker_says_that_a_data_set_is_missing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere: not a prepared dataset"):
        open_dataset(tmp_path / "nowhere")


def test_a_cache_that_cannot_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("PARIBUS_CACHE", str(tmp_path / "file"))
    with pytest.raises(DataError, match="set PARIBUS_CACHE to another folder"):
        prepare(DIGITS)


def test_an_interrupted_build_leaves_nothing_behind(small: Folder, own_cache: Path) -> None:
    def interrupt(what: str, done: int, total: int | None) -> None:
        if what == "resizing images":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(small, progress=interrupt)
    assert not list((own_cache / "datasets").glob("*"))


# ---- two processes --------------------------------------------------------------------------

#: Prepares a folder, but waits with finished images until the other process has them too.
PREPARE = """
import sys, time
from pathlib import Path
from paribus.data.dataset import prepare
from paribus.study.data import Folder

folder, mine, other = sys.argv[1:]

def wait(what, done, total):
    if what == "resizing images":
        Path(mine).touch()
        until = time.monotonic() + 60
        while not Path(other).exists() and time.monotonic() < until:
            time.sleep(0.01)

dataset, _ = prepare(Folder(source="folder", path=folder, size=8), progress=wait)
print(dataset.fingerprint, dataset.images.sum(), dataset.labels.sum(), dataset.folder)
"""


@pytest.mark.parametrize("before", ["nothing", "a damaged data set"])
def test_two_processes_may_prepare_the_same_images_at_once(
    before: str, small: Folder, tmp_path: Path, own_cache: Path
) -> None:
    if before == "a damaged data set":
        flip_a_bit(prepare(small)[0].folder / "images.npy")
    signs = [str(tmp_path / "first"), str(tmp_path / "second")]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PREPARE, small.path, *order], stdout=subprocess.PIPE, text=True
        )
        for order in (signs, signs[::-1])
    ]
    message = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert message[0] == message[1]
    assert all(Path(sign).exists() for sign in signs)  # both did build
    again = Told()
    dataset, _ = prepare(small, progress=again)
    assert "resizing images" not in again.what  # and what they left is whole
    assert list((own_cache / "datasets").iterdir()) == [dataset.folder]
