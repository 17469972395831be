"""What the subfolders of a user's images are taken for, and what is said of those that aren't."""

from collections.abc import Callable
from pathlib import Path

import pytest

from paribus.data.folder import open_folder, require_apart
from paribus.data.layout import part_of
from paribus.errors import DataError
from paribus.study.data import Folder

Write = Callable[..., None]


@pytest.fixture
def root(tmp_path: Path, own_cache: Path) -> Path:
    return tmp_path / "mine"


@pytest.fixture
def tree(root: Path, images_in: Write) -> Callable[..., None]:
    """Write two images into each of the folders."""

    def write(*folders: str) -> None:
        for folder in folders:
            images_in(root / folder, 2)

    return write


def parts(root: Path) -> dict[str, int]:
    part = open_folder(Folder(source="folder", path=str(root))).part.tolist()
    return {name: part.count(name) for name in part}


def refused(root: Path) -> str:
    with pytest.raises(DataError) as error:
        open_folder(Folder(source="folder", path=str(root)))
    return str(error.value).removeprefix(f"{root}: ")


# ---- parts of a split -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "part"),
    [
        *((name, "train") for name in ("train", "Training", "TRAIN_SET", "trainset", "train2017")),
        *((name, "train") for name in ("seg_train", "train-images", "training data")),
        *(
            (name, "validation")
            for name in ("val", "valid", "Validation", "val2017", "dev", "devset")
        ),
        *((name, "test") for name in ("test", "Testing", "test_set", "seg_test", "testset")),
        *(
            (name, None)
            for name in ("cat", "train cars", "contest", "trainer", "test_train", "", "7")
        ),
    ],
)
def test_a_name_means_a_part_in_every_common_spelling(name: str, part: str | None) -> None:
    assert part_of(name) == part


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("Training", "Testing"),
        ("seg_train/seg_train", "seg_test/seg_test"),
        ("train2017", "test2017"),
        ("training_set/training_set", "test_set/test_set"),
    ],
)
def test_parts_as_people_call_them_are_parts(
    train: str, test: str, root: Path, tree: Callable[..., None]
) -> None:
    tree(*(f"{part}/{name}" for part in (train, test) for name in ("cat", "dog")))
    assert parts(root) == {"train": 4, "test": 4}


def test_dev_is_for_validation(root: Path, tree: Callable[..., None]) -> None:
    tree("train/cat", "train/dog", "dev/cat", "dev/dog")
    assert parts(root) == {"train": 4, "validation": 4}


def test_parts_that_hold_images_named_by_class_are_no_classes(root: Path, images_in: Write) -> None:
    for part in ("train", "test"):
        images_in(root / part, 4)
        for number, name in enumerate(("cat.0", "cat.1", "dog.0", "dog.1")):
            (root / part / f"{number}.png").rename(root / part / f"{name}.png")
    assert refused(root) == (
        "train and test look like parts of a split; expected one subfolder per class in each, and "
        "train holds files called cat... and dog... and no folders. Move each image into a folder "
        "named after its class (docs/study-file.md has a script)."
    )


def test_labels_in_a_table_are_said_not_to_be_read(root: Path, tree: Callable[..., None]) -> None:
    tree("train2017", "val2017")
    (root / "labels.csv").write_text("file,label\n0.png,cat\n")
    assert "labels in labels.csv are not read. Move each image into" in refused(root)


def test_parts_without_a_train_are_refused(root: Path, tree: Callable[..., None]) -> None:
    tree("val/cat", "val/dog", "test/cat", "test/dog")
    assert "got val and test, which are named like parts of a split; there is no train" in refused(
        root
    )


# ---- neither parts nor classes --------------------------------------------------------------


def test_loose_images_alone_are_refused_with_what_they_are_called(
    root: Path, images_in: Write
) -> None:
    images_in(root, 4)
    for number, name in enumerate(("cat_0", "cat_1", "dog_0", "dog_1")):
        (root / f"{number}.png").rename(root / f"{name}.png")
    assert "got files called cat... and dog... and no folders. Move each image" in refused(root)


def test_images_and_their_masks_are_no_classes(root: Path, tree: Callable[..., None]) -> None:
    tree("images", "masks")
    assert "got images and masks, which sort the files of a data set" in refused(root)


def test_a_layer_of_folders_too_many_is_refused_with_the_path_to_write(
    root: Path, tree: Callable[..., None]
) -> None:
    tree("site A/cat", "site A/dog", "site B/cat", "site B/dog")
    message = refused(root)
    assert message.startswith("site A and site B all hold cat and dog. If these are the classes")
    assert f"`path: {root}/site A`" in message


def test_a_folder_around_all_is_named_with_the_path_to_write(
    root: Path, tree: Callable[..., None]
) -> None:
    tree("archive/cat", "archive/dog")
    message = refused(root)
    assert "got archive alone, which holds cat and dog. If those are meant, write" in message
    assert message.endswith(f"`path: {root}/archive`.")


def test_parts_below_the_classes_are_refused(root: Path, tree: Callable[..., None]) -> None:
    tree("cat/test", "cat/train", "dog/test", "dog/train")
    assert "each class has its parts below it (cat/test); expected the part first" in refused(root)


def test_a_class_of_several_folders_is_one_class(root: Path, tree: Callable[..., None]) -> None:
    tree("animal/cat", "animal/dog", "vehicle/car")
    assert open_folder(Folder(source="folder", path=str(root))).classes == ("animal", "vehicle")


def test_what_macos_packs_beside_the_images_is_passed_over(
    root: Path, tree: Callable[..., None]
) -> None:
    tree("cat", "dog", "__MACOSX/cat")
    images = open_folder(Folder(source="folder", path=str(root)))
    assert (images.classes, images.left_out) == (("cat", "dog"), ())


# ---- results of Paribus ---------------------------------------------------------------------


@pytest.mark.parametrize("out", ["out/study", "out", "deep/er/study", "cat/out"])
@pytest.mark.parametrize("mark", ["study.json", "log.jsonl", ".lock"])
def test_results_are_never_images(
    out: str, mark: str, root: Path, tree: Callable[..., None], images_in: Write
) -> None:
    tree("cat", "dog")
    before = open_folder(Folder(source="folder", path=str(root)))
    images_in(root / out / "images", 3)
    (root / out / mark).write_text("{}")
    after = open_folder(Folder(source="folder", path=str(root)))
    assert (after.classes, after.fingerprint) == (before.classes, before.fingerprint)
    assert [one.reason for one in after.left_out] == ["results of Paribus"]


def test_images_in_a_folder_of_results_are_refused(root: Path, tree: Callable[..., None]) -> None:
    tree("cat", "dog")
    (root / "study.json").write_text("{}")
    assert refused(root) == "expected a folder of images, got results of Paribus"


@pytest.mark.parametrize("out", [".", "mine", "mine/.."])
def test_results_that_would_go_around_the_images_are_refused(
    out: str, root: Path, tree: Callable[..., None]
) -> None:
    tree("cat", "dog")
    data = Folder(source="folder", path=str(root))
    with pytest.raises(DataError, match=r"lie in .* where the results are to go"):
        require_apart(data, root.parent / out)
    require_apart(data, root / "out")
