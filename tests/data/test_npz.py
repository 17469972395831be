"""Images as arrays in .npz files: three layouts, two scales, and what is refused with why."""

import pickle  # noqa: TID251 (to see that none is opened)
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from paribus.data import npz
from paribus.data.dataset import prepare
from paribus.data.images import Originals
from paribus.data.npz import open_npz
from paribus.data.sources import verify
from paribus.errors import DataError
from paribus.sources.arrays import Limits
from paribus.study.data import Npz

Array = npt.NDArray[Any]
Saved = Callable[..., Npz]


def images(count: int, *shape: int, seed: int = 0) -> Array:
    pixels = np.random.default_rng(seed).integers(0, 256, (count, *(shape or (6, 6))), np.uint8)
    pixels.flat[0] = 255
    return pixels


def labels(count: int, classes: int = 2) -> Array:
    return np.arange(count) % classes


@pytest.fixture
def saved(tmp_path: Path, own_cache: Path) -> Saved:
    """A study's `data` that names a file of these arrays."""

    def save(*, packed: bool = False, name: str = "mine.npz", **arrays: Array) -> Npz:
        write: Callable[..., None] = np.savez_compressed if packed else np.savez
        write(tmp_path / name, **arrays)
        return Npz(source="npz", path=str(tmp_path / name), size=6)

    return save


def pixels(originals: Originals) -> Array:
    return np.stack([originals.read(i) for i in range(len(originals.labels))])


def refused(data: Npz) -> str:
    with pytest.raises(DataError) as error:
        open_npz(data)
    return str(error.value).removeprefix(f"{data.path}: ")


# ---- layouts --------------------------------------------------------------------------------


def test_medmnists_layout_has_three_parts_and_labels_in_a_column(saved: Saved) -> None:
    arrays = {}
    for seed, (part, count) in enumerate({"train": 8, "val": 4, "test": 6}.items()):
        arrays[f"{part}_images"] = images(count, 7, 6, 3, seed=seed)
        arrays[f"{part}_labels"] = labels(count).astype(np.uint8)[:, None]
    originals = open_npz(saved(packed=True, **arrays))
    assert originals.part.tolist() == ["train"] * 8 + ["validation"] * 4 + ["test"] * 6
    assert originals.labels.tolist() == [0, 1] * 9
    assert (originals.classes, originals.channels) == (("0", "1"), 3)
    expected = np.concatenate([arrays[f"{part}_images"] for part in ("train", "val", "test")])
    assert np.array_equal(pixels(originals), expected)


def test_kerass_layout_has_no_validation_part_which_is_drawn(saved: Saved) -> None:
    data = saved(x_train=images(20), y_train=labels(20), x_test=images(8, seed=1), y_test=labels(8))
    dataset, originals = prepare(data)
    splits = dataset.splits
    assert (len(splits.training), len(splits.validation), len(splits.test)) == (16, 4, 8)
    assert (originals.part[splits.test] == "test").all()
    assert (originals.part[splits.validation] == "train").all()
    assert (dataset.source, dataset.shape) == ("npz", (1, 6, 6))


@pytest.mark.parametrize("names", [("x", "y"), ("X", "y"), ("images", "labels")])
def test_arrays_without_parts_are_divided(names: tuple[str, str], saved: Saved) -> None:
    dataset, _ = prepare(saved(**dict(zip(names, (images(20), labels(20)), strict=True))))
    assert dataset.counts().tolist() == [[6, 2, 2]] * 2


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"data": images(4)}, "expected arrays train_images and train_labels "),
        ({}, "expected arrays train_images and train_labels .*, got none"),
        ({"x_test": images(4), "y_test": labels(4)}, "expected arrays .*, got x_test, y_test"),
        (
            {"x": images(4), "y": labels(4), "x_train": images(4), "y_train": labels(4)},
            "expected arrays .*, got x, y, x_train, y_train",
        ),
        ({"x": images(4)}, "expected labels beside the array 'x', got none"),
        ({"x": images(4), "X": images(4), "y": labels(4)}, "one array of images .*'x' and 'X'"),
        (
            {"x": images(4), "y": labels(5)},
            "expected as many labels as images, got 4 in 'x' and 5 in 'y'",
        ),
    ],
)
def test_another_layout_is_refused_with_the_names_that_are_expected(
    arrays: dict[str, Array], message: str, saved: Saved
) -> None:
    assert re.match(f".*{message}", refused(saved(**arrays)))


# ---- pixels ---------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(6, 6), (6, 6, 1), (6, 6, 3), (1, 6, 6), (3, 6, 6)])
def test_channels_may_be_first_or_last_or_none(shape: tuple[int, ...], saved: Saved) -> None:
    x = images(4, *shape)
    expected = x[..., None] if x.ndim == 3 else x if shape[-1] < 6 else x.transpose(0, 2, 3, 1)
    assert np.array_equal(pixels(open_npz(saved(x=x, y=labels(4)))), expected)


@pytest.mark.parametrize("kind", [np.uint8, np.int64, np.float32, np.float64])
def test_whole_numbers_of_any_type_are_bytes(kind: type, saved: Saved) -> None:
    x = images(4)
    assert np.array_equal(pixels(open_npz(saved(x=x.astype(kind), y=labels(4))))[..., 0], x)


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_real_numbers_up_to_1_are_scaled_to_bytes(kind: type, saved: Saved) -> None:
    x = images(4)
    data = saved(x=(x / 255).astype(kind), y=labels(4))
    assert np.array_equal(pixels(open_npz(data))[..., 0], x)


def test_real_numbers_are_rounded_to_the_nearest_byte(saved: Saved) -> None:
    x = np.full((4, 6, 6), 99.6 / 255)
    assert open_npz(saved(x=x, y=labels(4))).read(0).max() == 100


def test_one_scale_holds_for_all_parts(saved: Saved) -> None:
    dark, light = np.ones((4, 6, 6)), np.full((4, 6, 6), 200.0)
    y = labels(4)
    originals = open_npz(saved(x_train=light, y_train=y, x_test=dark, y_test=y))
    assert originals.read(4).max() == 1


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.linspace(-1, 1, 144).reshape(4, 6, 6), "got float64 from -1 to 1. Save the images as "),
        (np.linspace(0, 254.5, 144).reshape(4, 6, 6), "got float64 from 0 to 254.5"),
        (np.full((4, 6, 6), np.nan), "got float64 from nan to nan"),
        (images(4).astype(np.uint16) * 257, "got uint16 from "),
        (images(4) // 128, "(more than 0 and 1), or of real ones from 0 to 1, got uint8 from 0 to"),
        (images(4, 6, 6, 4), "with 1 or 3 channels last or first, got (4, 6, 6, 4)"),
        (images(4, 3, 6, 3), "with 1 or 3 channels last or first, got (4, 3, 6, 3)"),
        (images(4, 36), "with 1 or 3 channels last or first, got (4, 36)"),
        (images(4)[:0], "with 1 or 3 channels last or first, got (0, 6, 6)"),
        (np.array(["a", "b", "c", "d"]), "expected numbers as images, got <U1"),
    ],
)
def test_what_are_no_pixels_is_refused(x: Array, message: str, saved: Saved) -> None:
    assert message in refused(saved(x=x, y=labels(len(x))))


def test_parts_of_several_shapes_or_types_are_refused(saved: Saved) -> None:
    y = labels(4)
    small, real = images(4, 5, 5), images(4) / 255
    for x_test in (small, real):
        data = saved(x_train=images(4), y_train=y, x_test=x_test, y_test=y)
        assert "expected images of one shape and type in all parts" in refused(data)


# ---- classes --------------------------------------------------------------------------------


def test_classes_are_named_by_an_array(saved: Saved) -> None:
    originals = open_npz(saved(x=images(4), y=labels(4), classes=np.array(["cat", "dog"])))
    assert (originals.classes, originals.labels.tolist()) == (("cat", "dog"), [0, 1, 0, 1])


def test_labels_need_not_count_from_0(saved: Saved) -> None:
    originals = open_npz(saved(x=images(4), y=np.array([10, 2, 2, 7])))
    assert (originals.classes, originals.labels.tolist()) == (("2", "7", "10"), [2, 0, 0, 1])


def test_labels_may_be_names_which_sort_as_people_sort_them(saved: Saved) -> None:
    originals = open_npz(saved(x=images(3), y=np.array(["b10", "b2", "a"])))
    assert (originals.classes, originals.labels.tolist()) == (("a", "b2", "b10"), [2, 1, 0])


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"y": np.eye(4, dtype=int)}, "got the shape (4, 4). If each row has a single 1, save"),
        ({"y": np.array([0.0, 1, 0, 1])}, "expected whole numbers or names as labels, got float64"),
        ({"y": np.zeros(4, int)}, "expected 2 to 1,000 different classes, got 1: 0"),
        (
            {"y": labels(4, 3), "classes": np.array(["a", "b"])},
            "'classes' names the labels 0 to 1, got labels 0 to 2",
        ),
        ({"y": labels(4), "classes": np.array(["a", "a"])}, "different classes, got 2: a, a"),
        ({"y": labels(4), "classes": np.array(["a", " "])}, "different classes, got 2"),
    ],
)
def test_what_are_no_classes_is_refused(
    arrays: dict[str, Array], message: str, saved: Saved
) -> None:
    assert message in refused(saved(x=images(4), **arrays))


def test_names_in_one_part_and_numbers_in_another_are_refused(saved: Saved) -> None:
    y = labels(4)
    data = saved(x_train=images(4), y_train=y, x_test=images(4), y_test=y.astype(str))
    assert refused(data) == "expected names as labels in all parts or in none"


# ---- fingerprints ---------------------------------------------------------------------------


def test_the_same_images_have_the_same_fingerprint_however_they_are_packed(saved: Saved) -> None:
    x, y = images(20), labels(20)
    first = prepare(saved(x=x, y=y))[0].fingerprint
    packed = saved(packed=True, name="other.npz", x=x.astype(int), y=y[:, None])
    assert prepare(packed)[0].fingerprint == first


@pytest.mark.parametrize("changed", ["pixel", "label", "part", "classes"])
def test_whatever_changes_the_images_changes_the_fingerprint(changed: str, saved: Saved) -> None:
    x, y = images(20), labels(20)
    first = open_npz(saved(x=x, y=y)).fingerprint
    arrays = {"x": x.copy(), "y": y.copy()}
    match changed:
        case "pixel":
            arrays["x"].flat[100] ^= 1
        case "label":
            arrays["y"][0] = 1
        case "part":
            arrays = {"x_train": x, "y_train": y}
        case "classes":
            arrays["classes"] = np.array(["a", "b"])
    assert open_npz(saved(**arrays)).fingerprint != first


# ---- strangers' files -----------------------------------------------------------------------


class Opened:
    """A program that a pickle would run."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str, str]]:
        return open, ("tripped", "w")


def test_a_pickle_is_never_read(
    tmp_path: Path, saved: Saved, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    trap = np.empty(4, object)
    trap[:] = [Opened()] * 4
    data = saved(x=images(4), y=trap)
    assert "holds Python objects (a pickle), which are never read" in refused(data)
    Path(data.path).write_bytes(pickle.dumps(Opened()))
    assert "not NumPy's that can be read" in refused(data)
    assert not (tmp_path / "tripped").exists()


def test_an_array_that_is_too_large_is_refused_before_it_is_unpacked(
    saved: Saved, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(npz, "LIMITS", Limits(size=100, elements=100, axes=4))
    data = saved(packed=True, x=images(4), y=labels(4))
    message = "array 'x' has 144 elements in 144 bytes; at most 100 elements and 100 bytes are read"
    assert refused(data) == message


def test_a_damaged_or_missing_file_is_named(tmp_path: Path, saved: Saved) -> None:
    data = saved(x=images(400), y=labels(400))
    path = Path(data.path)
    content = bytearray(path.read_bytes())
    content[5000] ^= 1
    path.write_bytes(content)
    assert "Bad CRC-32" in refused(data)
    assert verify(data.path) == [
        f"{data.path}: array 'x': not NumPy's that can be read: Bad CRC-32 for file 'x.npy'"
    ]
    path.unlink()
    assert refused(data) == "No such file or directory"


def test_a_good_file_has_no_problem(saved: Saved) -> None:
    assert verify(saved(x=images(20), y=labels(20)).path) == []
