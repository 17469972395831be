"""Images by a table: what counts, what is left out with the reason, what is refused by its line."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from effort import examples
from paribus.data.dataset import prepare
from paribus.data.folder import require_apart
from paribus.data.images import Originals
from paribus.data.manifest import open_manifest
from paribus.data.sources import verify
from paribus.errors import DataError
from paribus.study.data import Csv

ROWS = [f"{name}/{i}.png,{name}" for name in ("cat", "dog") for i in range(4)]


@pytest.fixture
def root(tmp_path: Path, own_cache: Path, images_in: Callable[..., None]) -> Path:
    for name in ("cat", "dog"):
        images_in(tmp_path / "mine" / name, 4)
    return tmp_path / "mine"


def table(root: Path, *rows: str, header: str = "path,label") -> Csv:
    (root / "labels.csv").write_text("\n".join((header, *rows)) + "\n")
    return Csv(source="csv", path=str(root / "labels.csv"), size=8)


def opened(root: Path, *rows: str, header: str = "path,label") -> Originals:
    return open_manifest(table(root, *rows, header=header))


def refused(root: Path, *rows: str, header: str = "path,label") -> str:
    with pytest.raises(DataError) as error:
        opened(root, *rows, header=header)
    return str(error.value).removeprefix(f"{root}/labels.csv")


# ---- what counts ----------------------------------------------------------------------------


def test_each_row_is_an_image_with_its_label_in_the_order_of_the_table(root: Path) -> None:
    originals = opened(root, *ROWS[::-1])
    assert originals.source == "csv"
    assert originals.classes == ("cat", "dog")
    assert originals.labels.tolist() == [1] * 4 + [0] * 4
    assert originals.files == tuple(row.split(",")[0] for row in ROWS[::-1])
    assert originals.part.tolist() == [""] * 8
    assert (originals.group, originals.left_out) == (None, ())


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_other_separators_and_a_byte_order_mark_are_understood(
    sign: str, mark: str, root: Path
) -> None:
    rows = [row.replace(",", sign) for row in ROWS]
    originals = opened(root, *rows, header=f"{mark}Path{sign}LABEL")
    assert originals.labels.tolist() == [0] * 4 + [1] * 4


def test_labels_come_in_natural_order_and_may_be_numbers(root: Path) -> None:
    rows = [row.replace(",cat", ",10").replace(",dog", ",9") for row in ROWS]
    assert opened(root, *rows).classes == ("9", "10")


def test_paths_may_be_written_as_on_windows_or_in_full(root: Path) -> None:
    rows = [r".\cat\0.png,cat", f"{root}/cat/1.png,cat", "./dog/../dog/0.png,dog"]
    assert opened(root, *rows).files == ("cat/0.png", "cat/1.png", "dog/0.png")


def test_splits_and_groups_are_those_of_the_table(root: Path) -> None:
    splits = ["train", "Training", "val", "test"] * 2
    rows = [f"{row},{part},patient {i % 2}" for i, (row, part) in enumerate(zip(ROWS, splits))]  # noqa: B905
    originals = opened(root, *rows, header="path,label,split,group")
    assert originals.part.tolist() == ["train", "train", "validation", "test"] * 2
    assert originals.group is not None
    assert originals.group.tolist() == [0, 1] * 4
    dataset, _ = prepare(Csv(source="csv", path=str(root / "labels.csv"), size=8))
    assert [len(part) for part in vars(dataset.splits).values()] == [4, 2, 2]


def test_the_same_images_in_a_folder_have_the_same_pixels(root: Path) -> None:
    dataset, originals = prepare(table(root, *ROWS))
    assert dataset.shape == (3, 8, 8)
    assert all((dataset.images[i] == originals.read(i).transpose(2, 0, 1)).all() for i in range(8))


def test_labels_and_splits_are_part_of_the_fingerprint(root: Path) -> None:
    swapped = [row.replace(",dog", ",x").replace(",cat", ",dog") for row in ROWS]
    parted = [f"{row},train" for row in ROWS]
    prints = {
        opened(root, *ROWS).fingerprint,
        opened(root, *swapped).fingerprint,
        opened(root, *parted, header="path,label,split").fingerprint,
        opened(root, *ROWS[:-1]).fingerprint,
    }
    assert len(prints) == 4
    moved = shutil.copytree(root, root.parent / "moved")
    assert opened(moved, *ROWS).fingerprint in prints


# ---- what is left out -----------------------------------------------------------------------


def test_files_that_are_missing_damaged_or_links_out_are_named(root: Path) -> None:
    (root / "dog" / "away.png").symlink_to("/etc/hostname")
    (root / "up").symlink_to("..")
    (root / "dog" / "3.png").write_text("woof")
    rows = [*ROWS, "dog/9.png,dog", "dog/away.png,dog", "up/mine/cat/0.png,cat", "dog,dog"]
    originals = opened(root, *rows)
    expected = [
        "dog: no file is there",
        "dog/3.png: not a PNG, JPEG, WebP, BMP, GIF, TIFF or PPM",
        "dog/9.png: no file is there",
        "dog/away.png: a link that leads out of the folder",
        "up/mine/cat/0.png: a link that leads out of the folder",
    ]
    assert [str(one) for one in originals.left_out if one.place != "up/mine/cat/0.png"] == [
        line for line in expected if not line.startswith("up")
    ]
    assert len(originals.labels) in (7, 8)
    assert verify(str(root / "labels.csv"))[:1] == ["dog: no file is there"]


# ---- what is refused ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("../other.png,cat", "expected a path in the folder of the table, got ../other.png"),
        ("/etc/hostname,cat", "expected a path in the folder of the table, got /etc/hostname"),
        (".,cat", "expected a path in the folder of the table, got ."),
        (",cat", "expected the path of an image, got none"),
        ("cat/9.png, ", "expected a label for cat/9.png, got none"),
        ("cat/./0.png,cat", "expected an image once, got cat/./0.png on line 2 too"),
        ("cat/9.png,cat,train", "expected 2 cells as in the header, got 3"),
        (f"cat/9.png,{'x' * 300}", "expected a label of at most 255 signs, got 300"),
    ],
)
def test_a_row_that_cannot_be_meant_is_refused_by_its_line(row: str, why: str, root: Path) -> None:
    assert refused(root, *ROWS, row).startswith(f":10: {why}")


def test_splits_are_known_words_in_all_rows_or_none(root: Path) -> None:
    rows = [f"{row},train" for row in ROWS]
    header = "path,label,split"
    assert refused(root, *rows[:-1], f"{ROWS[-1]},fold 3", header=header) == (
        ":9: expected train, val or test as split, got fold 3."
    )
    assert "in every row or in none" in refused(root, *rows[:-1], f"{ROWS[-1]},", header=header)
    tests = [f"{row},test" for row in ROWS]
    assert "expected rows of the split train, got test" in refused(root, *tests, header=header)
    assert "images of class 'dog' in test, got no usable one" in refused(
        root, f"{ROWS[0]},test", *rows[1:], header=header
    )


def test_a_group_is_given_for_every_image(root: Path) -> None:
    rows = [f"{row},a" for row in ROWS[:-1]]
    why = ":9: expected a group for every image, got none for dog/3.png."
    assert refused(root, *rows, f"{ROWS[-1]},", header="path,label,group") == why


def test_a_table_of_something_else_is_refused(root: Path) -> None:
    assert refused(root, "cat/0.png,cat", header="file,class") == (
        ":1: expected the columns path and label, got file, class"
    )
    assert refused(root, *ROWS[:4]) == ": expected 2 to 1,000 different labels, got 1: cat"
    assert refused(root) == ": expected 2 to 1,000 different labels, got 0"
    (root / "labels.csv").unlink()
    with pytest.raises(DataError, match=re.escape(f"{root}/labels.csv: No such file")):
        open_manifest(Csv(source="csv", path=str(root / "labels.csv")))


def test_results_do_not_go_around_the_images(root: Path) -> None:
    with pytest.raises(DataError, match="these images lie in"):
        require_apart(table(root, *ROWS), root.parent)


@examples(200)
@given(content=st.binary(max_size=200) | st.text(alphabet="path,label\n\"'\t;\0/.é0", max_size=80))
def test_no_table_does_more_than_be_refused(content: bytes | str, root: Path) -> None:
    raw = content.encode() if isinstance(content, str) else content
    (root / "labels.csv").write_bytes(raw)
    with pytest.raises(DataError):
        open_manifest(Csv(source="csv", path=str(root / "labels.csv")))
