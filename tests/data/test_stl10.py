"""STL-10's official binaries, read as their publishers laid them down."""

import hashlib
import io
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from paribus.data import download
from paribus.data.dataset import prepare
from paribus.data.images import Originals
from paribus.data.sources import states, verify
from paribus.data.stl10 import CLASSES, OfficialFile, faults, missing, official_folder, open_stl10
from paribus.errors import DataError
from paribus.study.data import Stl10


def state(data_dir: Path | None) -> str:
    (result,) = (source.state for source in states(data_dir) if source.name == "stl10")
    return result


# ---- the real files; in one process, for unpacking them takes half a minute ------------------


@pytest.fixture(scope="module")
def originals(real_stl10: Path) -> Originals:
    return open_stl10(real_stl10)


class TestTheRealFiles:
    def test_hold_the_published_number_of_each_class(self, originals: Originals) -> None:
        assert len(originals.labels) == 13_000
        assert (originals.part[:5000] == "train").all()
        assert (originals.part[5000:] == "test").all()
        assert np.bincount(originals.labels[:5000]).tolist() == [500] * 10
        assert np.bincount(originals.labels[5000:]).tolist() == [800] * 10

    @pytest.mark.parametrize(("part", "first"), [("train", 0), ("test", 5000)])
    def test_give_the_images_of_an_independent_decoding(
        self, part: str, first: int, originals: Originals, shared_stl10: Path
    ) -> None:
        with tarfile.open(shared_stl10 / f"{part}-00.tar") as archive:
            for number, member in enumerate(archive.getmembers()[:50]):
                content = archive.extractfile(member)
                assert content is not None
                expected = Image.open(io.BytesIO(content.read())).convert("RGB")
                assert np.array_equal(originals.read(first + number), np.asarray(expected))

    def test_give_the_labels_and_names_that_were_published(
        self, originals: Originals, shared_stl10: Path
    ) -> None:
        texts = [(shared_stl10 / f"{part}_labels.txt").read_text() for part in ("train", "test")]
        from_one = [int(line) for text in texts for line in text.split()]
        assert (originals.labels + 1).tolist() == from_one
        assert list(CLASSES) == (shared_stl10 / "class_names.txt").read_text().split()

    def test_are_found_by_their_own_folder_too(self, real_stl10: Path) -> None:
        assert (
            open_stl10(real_stl10 / "stl10_binary").fingerprint
            == open_stl10(real_stl10).fingerprint
        )

    def test_are_ready_and_verified(self, real_stl10: Path) -> None:
        assert state(real_stl10) == "ready"
        assert verify("stl10", real_stl10) == []

    def test_are_split_as_in_the_reference_study(self, real_stl10: Path) -> None:
        dataset, originals = prepare(Stl10(source="stl10"), real_stl10)
        assert dataset.shape == (3, 32, 32)
        assert dataset.splits.training.tolist() == list(range(5000))
        for part, count in ((dataset.splits.validation, 300), (dataset.splits.test, 500)):
            assert (originals.part[part] == "test").all()
            assert np.bincount(dataset.labels[part]).tolist() == [count] * 10
        whole = Image.fromarray(originals.read(7777)).resize((32, 32), Image.Resampling.BILINEAR)
        assert np.array_equal(dataset.images[7777], np.asarray(whole).transpose(2, 0, 1))


# ---- files that are missing or damaged -------------------------------------------------------


def test_damaged_files_are_each_named_with_what_to_do(tmp_path: Path, own_cache: Path) -> None:
    folder = tmp_path / "stl10_binary"
    folder.mkdir()
    (folder / "train_y.bin").write_bytes(bytes(5000))
    (folder / "test_y.bin").write_bytes(bytes(7999))
    with pytest.raises(DataError) as error:
        open_stl10(tmp_path)
    lines = str(error.value).splitlines()
    assert lines[0] == f"{folder / 'train_X.bin'}: it is missing"
    assert lines[1].startswith(f"{folder / 'train_y.bin'}: expected MD5 ")
    assert lines[3] == f"{folder / 'test_y.bin'}: expected 8,000 bytes, got 7,999"
    assert f"paribus data fetch stl10 --data-dir {tmp_path}" in lines[4]


def test_a_named_folder_without_the_files_is_refused_not_filled(
    tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "fetch_stl10", lambda *a, **k: pytest.fail("downloaded"))
    with pytest.raises(DataError, match=r"train_X\.bin: it is missing"):
        open_stl10(tmp_path)
    assert state(tmp_path) == "not downloaded"
    assert len(verify("stl10", tmp_path)) == 4


def test_without_a_named_folder_they_are_downloaded_into_the_cache(
    own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def fetch(destination: Path, progress: object = None) -> Path:
        asked.append(destination)
        raise DataError("far enough")

    monkeypatch.setattr(download, "fetch_stl10", fetch)
    with pytest.raises(DataError, match="far enough"):
        open_stl10(None)
    assert asked == [own_cache]


# ---- official files are found where users put them, and judged by size and MD5


CONTENT = {"a.bin": b"some bytes", "b.bin": b"others"}
FILES = tuple(
    OfficialFile(name, len(content), hashlib.md5(content).hexdigest())
    for name, content in CONTENT.items()
)


@pytest.fixture
def folder(tmp_path: Path, own_cache: Path) -> Path:
    place = tmp_path / "stl10_binary"
    place.mkdir()
    for name, content in CONTENT.items():
        (place / name).write_bytes(content)
    return place


def test_the_files_may_lie_in_the_named_folder_or_in_its_stl10_binary(folder: Path) -> None:
    assert official_folder(folder, FILES) == folder
    assert official_folder(folder.parent, FILES) == folder


def test_whole_files_have_no_fault(folder: Path) -> None:
    assert faults(folder, FILES) == {}
    assert missing(folder, FILES) == []


def test_each_fault_says_what_came_and_what_is_expected(folder: Path) -> None:
    (folder / "a.bin").write_bytes(b"some")
    (folder / "b.bin").write_bytes(b"OTHERS")
    got = hashlib.md5(b"OTHERS").hexdigest()
    assert faults(folder, FILES) == {
        "a.bin": "expected 10 bytes, got 4",
        "b.bin": f"expected MD5 {FILES[1].md5}, got {got}",
    }
    (folder / "a.bin").unlink()
    assert faults(folder, FILES)["a.bin"] == "it is missing"
    assert missing(folder, FILES) == ["a.bin"]


def test_a_folder_in_a_files_place_is_a_fault(folder: Path) -> None:
    (folder / "a.bin").unlink()
    (folder / "a.bin").mkdir()
    assert "a.bin" in faults(folder, FILES)


def test_a_repaired_file_is_seen_to_be_whole(folder: Path) -> None:
    (folder / "b.bin").write_bytes(b"OTHERS")
    assert faults(folder, FILES)
    (folder / "b.bin").write_bytes(CONTENT["b.bin"])
    assert faults(folder, FILES) == {}


def test_damage_that_keeps_size_and_time_is_found_by_a_full_check(folder: Path) -> None:
    faults(folder, FILES)
    file = folder / "a.bin"
    facts = file.stat()
    file.write_bytes(b"SOME bytes")
    os.utime(file, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert faults(folder, FILES) == {}
    assert list(faults(folder, FILES, trust_times=False)) == ["a.bin"]
    assert list(faults(folder, FILES)) == ["a.bin"]  # and is remembered
