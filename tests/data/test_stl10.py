"""STL-10's official binaries, read as their publishers laid them down."""

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from paribus.data import download
from paribus.data.dataset import prepare
from paribus.data.images import Originals
from paribus.data.stl10 import CLASSES, open_stl10
from paribus.data.verify import states, verify
from paribus.errors import DataError
from paribus.study.config import Stl10


def state(data_dir: Path | None) -> str:
    (found,) = (source.state for source in states(data_dir) if source.name == "stl10")
    return found


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
