"""`paribus new`: a study of one's own images, or an example's files, and how to go on."""

import os
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from faults.here import in_this_process
from paribus.cli import main
from paribus.cli.new import EXAMPLES, _names
from paribus.study.data import Csv, Folder, Npz
from paribus.study.plan import settings
from paribus.study.read import read_study
from paribus.study.spec import Study


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def new(*words: str) -> Result:
    return CliRunner().invoke(main, ["new", *words])


def test_every_example_can_be_asked_for() -> None:
    assert {"pytorch", "lightning", "huggingface", "keras", "sklearn", "shell"} <= {*_names()}
    for name in _names():
        assert new("--from", name).exit_code == 0
        assert len(settings(read_study(Path(name, "study.yaml")))) > 1


def test_the_files_are_written_and_the_next_command_is_said() -> None:
    done = new("--from", "shell", "my study")
    assert done.stdout.splitlines() == [
        "my study/iris.csv", "my study/study.yaml", "my study/train.sh",
        "Next: cd 'my study' && paribus run study.yaml --allow-code",
    ]  # fmt: skip
    same = EXAMPLES / "shell" / "train.sh"
    assert Path("my study/train.sh").read_bytes() == same.read_bytes()


def test_nothing_is_written_over() -> None:
    Path("shell").mkdir()
    Path("shell/train.sh").write_text("mine")
    done = new("--from", "shell")
    assert done.exit_code == 2
    assert "shell: train.sh would be replaced" in done.stderr
    assert [path.name for path in Path("shell").iterdir()] == ["train.sh"]


def test_an_example_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    done = new("--from", "lightnin")
    assert done.exit_code == 2
    assert "'lightning'" in done.stderr


# ---- a study of one's own images ----------------------------------------------------------------

RANDOM = np.random.default_rng(0)


def put_images(folder: str, number: int = 8, size: tuple[int, int] = (28, 28)) -> None:
    """Some gray images, no two alike."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    for i in range(number):
        pixels = RANDOM.integers(0, 256, size, np.uint8)
        Image.fromarray(pixels).save(Path(folder, f"{i}.png"))


def put_color_images(folder: str, sizes: list[tuple[int, int]]) -> None:
    Path(folder).mkdir(parents=True, exist_ok=True)
    for i, (height, width) in enumerate(sizes):
        pixels = RANDOM.integers(0, 256, (height, width, 3), np.uint8)
        Image.fromarray(pixels).save(Path(folder, f"{i}.png"))


def written(*words: str) -> tuple[str, Study]:
    """The study that `paribus new mine` writes, as text and as `paribus run` reads it there."""
    done = new("mine", *words)
    assert done.exit_code == 0, done.stderr
    assert done.stdout.splitlines() == [
        "mine/study.yaml", "Next: cd mine && paribus run study.yaml",
    ]  # fmt: skip
    study = read_study(Path("mine/study.yaml"))
    assert isinstance(study, Study)
    return Path("mine/study.yaml").read_text(), study


def test_folders_of_classes_become_a_study_that_can_be_planned_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, number in (("cat", 12), ("dog", 9)):
        put_images(f"photos/{name}", number)
    text, study = written("--data", "photos")
    assert "# 2 classes: cat (12), dog (9)\n# 13 train, 4 validation, 4 test images\n" in text
    assert "# height x width of 21 images: 28x28\n" in text
    expected = Folder(source="folder", path="../photos", size=28, color="gray")
    assert study.data == expected
    assert (study.most_seeds, study.margin, list(study.variations)) == (
        10, 0.5, ["batch-norm", "l2"],
    )  # fmt: skip
    monkeypatch.chdir("mine")
    with in_this_process():
        planned = CliRunner().invoke(main, ["plan", "study.yaml"])
    assert planned.exit_code == 0, planned.stderr
    assert "folder: 13 training, 4 validation, 4 test images" in planned.stdout


def test_parts_that_are_folders_stay_as_they_are() -> None:
    for part in ("Training", "val", "testing"):
        for name in "ab":
            put_images(f"sorted/{part}/{name}", 4)
    text, _ = written("--data", "sorted")
    assert "; you have sorted train, validation and test images already, and they stay so" in text
    assert "\n  validation:" not in text and "\n  test:" not in text


def test_a_part_that_there_is_not_is_drawn() -> None:
    for part in ("train", "test"):
        for name in "ab":
            put_images(f"sorted/{part}/{name}", 6)
    text, _ = written("--data", "sorted")
    assert "\n  validation: 0.2\n" in text and "\n  test:" not in text


def test_large_images_of_several_sizes_become_squares() -> None:
    for name in "ab":
        put_color_images(f"photos/{name}", [(120, 160)] * 5 + [(20, 30), (200, 100)])
    text, study = written("--data", "photos")
    assert "# height x width of 14 images: 20x30 to 200x100, most often 120x160\n" in text
    assert (study.data.size, getattr(study.data, "color", "")) == (64, "rgb")


def test_files_that_are_no_images_are_said_and_left_out() -> None:
    for name in "ab":
        put_images(f"photos/{name}", 6)
    Path("photos/a/broken.png").write_bytes(b"\x89PNG")
    done = new("mine", "--data", "photos")
    assert done.exit_code == 0
    assert "Left out:" in done.stderr and "a/broken.png: not a PNG" in done.stderr


@pytest.mark.parametrize(
    ("images", "files", "says"),
    [
        ("one", {"a": 1, "b": 1}, "class 'a': expected at least 3 train images"),
        ("flat", {"": 3}, "expected subfolders of images for two or more classes, got files"),
        ("none", {}, "expected a folder of images, got no folder"),
        ("layers", {"images": 3, "masks": 3}, "got images and masks, which sort the files"),
    ],
)
def test_folders_that_are_no_classes_are_refused_as_plan_refuses_them(
    images: str, files: dict[str, int], says: str
) -> None:
    for name, number in files.items():
        put_images(f"{images}/{name}", number)
    done = new("mine", "--data", images)
    assert done.exit_code == 1
    assert says in done.stderr
    assert not Path("mine").exists()


AWKWARD = [
    "with: a colon", "# no comment", "- minus", "~", "~nobody", "it's", 'a "quote"', "ünï çödé",
    "e\u0301 apart", "日本", "\u05e9\u05dc\u05d5\u05dd", "null", "1e3", "{a}", "&a *b",
    "back\\slash", "emoji \U0001f600", "\u2028", "x\u00a0y", "--data",
]  # fmt: skip


@pytest.mark.parametrize("name", AWKWARD)
def test_any_path_is_read_back_as_it_was(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for label in ("a", "b: #"):
        put_images(f"{name}/{label}", 5)
    _, study = written("--data", f"./{name}")
    assert isinstance(study.data, Folder)
    monkeypatch.chdir("mine")
    assert Path(study.data.path).resolve() == Path("..", name).resolve()
    monkeypatch.chdir("..")
    in_place = new(".", "--data", f"./{name}")  # the study beside the folder
    assert in_place.stdout.splitlines() == ["study.yaml", "Next: paribus run study.yaml"]
    again = read_study("study.yaml")
    assert isinstance(again, Study) and isinstance(again.data, Folder)
    assert os.path.expanduser(again.data.path) == again.data.path  # noqa: PTH111 - as it is
    assert Path(again.data.path).resolve() == Path(name).resolve()


def test_a_path_behind_a_link_keeps_meaning_the_same_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "ab":
        put_images(f"deep/photos/{name}", 5)
    Path("elsewhere/far").mkdir(parents=True)
    Path("link").symlink_to("elsewhere/far")
    assert new("link/mine", "--data", "deep/photos").exit_code == 0
    study = read_study("link/mine/study.yaml")
    assert isinstance(study, Study) and isinstance(study.data, Folder)
    monkeypatch.chdir("link/mine")
    assert Path(study.data.path).resolve() == folder.resolve() / "deep/photos"


def test_a_path_back_out_of_a_link_is_the_folder_that_the_system_finds(folder: Path) -> None:
    for name in "ab":
        put_images(f"elsewhere/photos/{name}", 5)
    Path("elsewhere/far").mkdir()
    Path("link").symlink_to("elsewhere/far")
    _, study = written("--data", "link/../photos")
    assert isinstance(study.data, Folder)
    assert study.data.path == str(folder.resolve() / "elsewhere/photos")


def test_a_path_from_the_root_or_from_home_stays(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "ab":
        put_images(f"photos/{name}", 5)
    monkeypatch.setenv("HOME", str(folder))
    for number, path in enumerate((str(folder / "photos"), "~/photos")):
        assert new(f"study-{number}", "--data", path).exit_code == 0
        study = read_study(f"study-{number}/study.yaml")
        assert isinstance(study, Study) and isinstance(study.data, Folder)
        assert study.data.path == path


def test_a_table_or_a_file_of_arrays_may_be_given_too() -> None:
    put_images("all", 12)
    rows = [f"{i}.png,{'ab'[i % 2]}" for i in range(12)]
    Path("all/labels.csv").write_text("\n".join(["path,label", *rows]))
    _, study = written("--data", "all/labels.csv")
    assert study.data == Csv(source="csv", path="../all/labels.csv", size=28, color="gray")
    images = RANDOM.integers(0, 256, (12, 20, 24), np.uint8)
    np.savez("arrays.npz", x=images, y=np.arange(12) % 2)
    assert new("other", "--data", "arrays.npz").exit_code == 0
    other = read_study("other/study.yaml")
    assert isinstance(other, Study)
    assert other.data == Npz(source="npz", path="../arrays.npz", size=(20, 24))


@pytest.mark.parametrize("name", [b"caf\xe9", b"line\nbreak"])
def test_a_path_that_no_study_could_say_is_refused(name: bytes) -> None:
    for label in "ab":
        put_images(f"{os.fsdecode(name)}/{label}", 5)
    done = new("mine", "--data", os.fsdecode(name))
    assert done.exit_code == 1
    assert "expected a path in UTF-8 without line breaks" in done.stderr
    assert not Path("mine").exists()


def test_classes_of_any_name_are_listed_in_one_line() -> None:
    for label in (b"a\nb: c", b"\xff", b"# d"):
        put_images(f"photos/{os.fsdecode(label)}", 5)
    text, _ = written("--data", "photos")
    assert r"# 3 classes: # d (5), \udcff (5), a\nb: c (5)" in text.splitlines()


def test_a_study_among_the_images_would_be_a_class_so_it_is_refused() -> None:
    for name in "ab":
        put_images(f"photos/{name}", 5)
    done = new("photos/study", "--data", "photos")
    assert done.exit_code == 2
    assert "where every folder is a class" in done.stderr
    assert sorted(path.name for path in Path("photos").iterdir()) == ["a", "b"]


def test_a_study_that_is_there_is_not_written_over() -> None:
    Path("mine").mkdir()
    Path("mine/study.yaml").write_text("mine")
    for words in ((), ("--data", "photos")):
        done = new("mine", *words)
        assert done.exit_code == 2
        assert "mine: study.yaml would be replaced" in done.stderr
    assert Path("mine/study.yaml").read_text() == "mine"


def test_without_images_it_is_a_study_of_the_digits() -> None:
    text, study = written()
    assert study.data.source == "digits"
    assert "paribus new NAME --data FOLDER" in text


def test_a_name_is_asked_for_and_one_kind_of_study_at_a_time() -> None:
    assert "`paribus new my-study`" in new().stderr
    assert "give one of them" in new("mine", "--data", ".", "--from", "shell").stderr
