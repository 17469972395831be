"""Groups of images: a table beside the folders of classes, read strictly and used as a whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from paribus.data.dataset import prepare
from paribus.data.folder import open_folder
from paribus.data.images import Originals
from paribus.errors import DataError
from paribus.narrative.images import on_images
from paribus.study.data import Folder

Write = Callable[..., None]


@pytest.fixture
def root(tmp_path: Path, own_cache: Path, images_in: Write) -> Path:
    """Two classes of twelve images each; every four images are of one patient."""
    for name in ("cat", "dog"):
        images_in(tmp_path / "mine" / name, 12)
    return tmp_path / "mine"


PLACES = [f"{name}/{i}.png" for name in ("cat", "dog") for i in range(12)]


def write_table(root: Path, *more: str, header: str = "file,group", lack: int = 0) -> None:
    rows = [f"{place},p{i // 4}" for i, place in enumerate(PLACES)]
    (root / "groups.csv").write_text("\n".join([header, *rows[lack:], *more]) + "\n")


def opened(root: Path) -> Originals:
    return open_folder(Folder(source="folder", path=str(root), size=8))


def refused(root: Path) -> str:
    with pytest.raises(DataError) as error:
        opened(root)
    return str(error.value).removeprefix(f"{root / 'groups.csv'}: ")


def test_each_image_has_the_group_that_the_table_gives_it(root: Path) -> None:
    assert opened(root).group is None
    without = opened(root).fingerprint
    write_table(root)
    originals = opened(root)
    assert originals.group is not None
    assert originals.group.tolist() == [i // 4 for i in range(24)]
    assert originals.left_out == ()
    assert originals.fingerprint != without


def test_groups_are_kept_with_the_images_and_never_torn(root: Path) -> None:
    write_table(root)
    data = Folder(source="folder", path=str(root), size=8, validation=0.3, test=0.3)
    dataset, _ = prepare(data)
    assert dataset.group is not None
    parts = (dataset.splits.training, dataset.splits.validation, dataset.splits.test)
    assert [len(np.unique(dataset.group[part])) for part in parts] == [2, 2, 2]
    assert dataset.facts.test_groups == 2
    again, _ = prepare(data)  # from the cache
    assert again.group is not None
    assert again.group.tolist() == dataset.group.tolist()
    (line,) = on_images(dataset.facts)
    assert "2\xa0groups" in line


def test_a_change_of_the_table_is_noticed(root: Path) -> None:
    write_table(root)
    data = Folder(source="folder", path=str(root), size=8)
    before = prepare(data)[0].fingerprint
    text = (root / "groups.csv").read_text()
    (root / "groups.csv").write_text(text.replace(",p5\n", ",p4\n", 1))
    assert prepare(data)[0].fingerprint != before


def test_groups_that_training_and_test_share_are_counted(
    tmp_path: Path, own_cache: Path, images_in: Write
) -> None:
    root = tmp_path / "parted"
    for part, count in (("train", 4), ("test", 2)):
        for name in ("cat", "dog"):
            images_in(root / part / name, count)
    rows = [f"{path.relative_to(root).as_posix()},{path.stem}" for path in root.rglob("*.png")]
    (root / "groups.csv").write_text("\n".join(["file,group", *rows]))
    dataset, _ = prepare(Folder(source="folder", path=str(root), size=8))
    assert 1 <= dataset.findings.shared_groups <= 2
    assert "among the training images too" in " ".join(on_images(dataset.facts))


def test_files_are_named_as_spreadsheets_write_them(root: Path) -> None:
    write_table(root, "cat\\not-there.png,p9")
    text = (root / "groups.csv").read_text().replace("cat/", "cat\\").replace(",", ", ", 5)
    (root / "groups.csv").write_text("\ufeff" + text.replace("file, group", "file,group"))
    group = opened(root).group
    assert group is not None
    assert group.tolist() == [i // 4 for i in range(24)]


WRONG = {
    "another header": (
        lambda root: write_table(root, header="image,patient"),
        "expected the columns file, group, got image, patient.",
    ),
    "no header": (
        lambda root: (root / "groups.csv").write_text(""),
        "expected the columns file, group, got an empty file.",
    ),
    "images without a group": (
        lambda root: write_table(root, lack=3),
        "expected a group for every image, got none for cat/0.png and 2 more.",
    ),
    "an empty group": (
        lambda root: write_table(root, "cat/x.png,"),
        "expected one group for cat/x.png, got none.",
    ),
    "two groups": (
        lambda root: write_table(root, "cat/0.png,p7"),
        "expected one group for cat/0.png, got p0 and p7.",
    ),
    "not text": (
        lambda root: (root / "groups.csv").write_bytes(b"file,group\n\xff"),
        "byte 11 is not UTF-8; save it as UTF-8.",
    ),
    "a link out of the folder": (
        lambda root: (root / "groups.csv").symlink_to("/etc/hostname"),
        "a link",
    ),
}


@pytest.mark.parametrize(("damage", "why"), WRONG.values(), ids=WRONG)
def test_a_table_that_is_none_is_refused(
    root: Path, damage: Callable[[Path], None], why: str
) -> None:
    damage(root)
    assert refused(root).startswith(why)
