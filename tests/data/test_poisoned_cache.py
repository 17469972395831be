"""A cache that somebody else has written: it is refused, or made again, and never believed."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from effort import telling
from paribus.data.build import ARRAYS, IMAGES, LABELS, PART
from paribus.data.cache import FACTS, Ledger, seal
from paribus.data.dataset import Dataset, prepare
from paribus.errors import DataError
from paribus.study.data import Folder

DEEP = "[" * 200_000


@pytest.fixture
def mine(tmp_path: Path, own_cache: Path, images_in: Callable[..., None]) -> Folder:
    """A small folder of two classes."""
    for name in ("cat", "dog"):
        images_in(tmp_path / "mine" / name, 8)
    return Folder(source="folder", path=str(tmp_path / "mine"), size=8)


@pytest.fixture
def cached(mine: Folder) -> Path:
    """The folder in the cache."""
    return prepare(mine)[0].folder


@pytest.fixture
def loose() -> Iterator[None]:
    """A umask that lets everybody write."""
    before = os.umask(0)
    yield
    os.umask(before)


def shuffle_images(folder: Path) -> None:
    images = np.load(folder / IMAGES)
    np.save(folder / IMAGES, np.roll(images, 7, axis=0))


def swap_classes(folder: Path) -> None:
    np.save(folder / LABELS, 1 - np.load(folder / LABELS))


def train_on_test_images(folder: Path) -> None:
    part = np.load(folder / PART)
    np.save(folder / PART, np.where(part == 2, 0, part).astype(np.uint8))


def other_shape(folder: Path) -> None:
    np.save(folder / IMAGES, np.load(folder / IMAGES)[:, :1])


def more_labels(folder: Path) -> None:
    np.save(folder / LABELS, np.append(np.load(folder / LABELS), 1))


def no_array(folder: Path) -> None:
    (folder / LABELS).write_bytes(b"")


def other_facts(**changed: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        sealed = json.loads((folder / FACTS).read_text())
        sealed["facts"] |= changed
        (folder / FACTS).write_text(json.dumps(sealed))

    return change


@pytest.mark.parametrize(
    "poison",
    [
        shuffle_images,
        swap_classes,
        train_on_test_images,
        other_shape,
        no_array,
        more_labels,
        other_facts(classes=["dog", "cat"]),
        other_facts(mean=[0, 0, 0]),
        other_facts(std=[1, "x", None]),
        other_facts(mean=None),
    ],
)
def test_a_cache_sealed_over_other_images_is_made_again(
    poison: Callable[[Path], None], mine: Folder, cached: Path
) -> None:
    whole = {name: (cached / name).read_bytes() for name in (FACTS, *ARRAYS)}
    poison(cached)
    seal(cached, json.loads((cached / FACTS).read_text())["facts"], ARRAYS)
    for path in cached.iterdir():
        path.chmod(0o600)
    prepare(mine)
    assert {name: (cached / name).read_bytes() for name in whole} == whole


@pytest.mark.parametrize("name", [FACTS, *ARRAYS])
def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(
    name: str, mine: Folder, cached: Path
) -> None:
    (cached / name).unlink()
    os.mkfifo(cached / name, 0o600)
    assert isinstance(prepare(mine)[0], Dataset)
    assert (cached / name).is_file()


def test_json_nested_too_deeply_counts_as_damage(mine: Folder, cached: Path) -> None:
    (cached / FACTS).write_text(DEEP)
    (notes,) = (cached.parent.parent / "looked-at").iterdir()
    notes.write_text(f"x\n{DEEP}")
    prepare(mine)
    assert json.loads((cached / FACTS).read_text())["facts"]["source"] == "folder"


def test_a_pipe_in_the_place_of_notes_is_not_waited_for(cached: Path, mine: Folder) -> None:
    (notes,) = (cached.parent.parent / "looked-at").iterdir()
    notes.unlink()
    os.mkfifo(notes, 0o600)
    prepare(mine)


@pytest.mark.usefixtures("loose")
def test_nobody_else_can_write_to_a_cache_whatever_the_umask(mine: Folder, own_cache: Path) -> None:
    prepare(mine)
    made = [own_cache, *own_cache.rglob("*")]
    assert len(made) >= 8
    assert {path.stat().st_mode & 0o777 for path in made} == {0o700, 0o600}
    assert os.umask(0) == 0  # what the caller makes is the caller's


PLACES = (".", "datasets", "datasets/*", f"datasets/*/{IMAGES}")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("mode", telling([0o777, 0o720, 0o702], 0o720))
def test_what_others_can_write_to_is_refused_with_its_path(
    place: str, mode: int, mine: Folder, cached: Path, own_cache: Path
) -> None:
    (path,) = own_cache.glob(place) if place != "." else [own_cache]
    path.chmod(mode | (0o111 if path.is_dir() else 0))
    with pytest.raises(DataError, match=r"others can write to \(mode .*PARIBUS_CACHE") as got:
        prepare(mine)
    assert str(got.value).startswith(f"{path}: expected a cache that only you can write to")


@pytest.mark.parametrize("place", telling(PLACES, *PLACES[2:]))
def test_what_another_user_owns_is_refused_with_its_path(
    place: str, mine: Folder, cached: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path,) = own_cache.glob(place) if place != "." else [own_cache]
    if os.getuid():
        path = own_cache  # nobody can give a file away: all of them become another user's
        monkeypatch.setattr("os.geteuid", lambda: os.getuid() + 1)
    else:
        os.chown(path, 12345, -1)
    with pytest.raises(DataError) as got:
        prepare(mine)
    assert str(got.value).startswith(f"{path}: expected a cache that only you can write to, got ")
    assert "of user" in str(got.value)


def test_notes_that_others_can_write_to_are_not_believed(cached: Path, mine: Folder) -> None:
    root, (notes,) = Path(mine.path), (cached.parent.parent / "looked-at").iterdir()
    file = root / "cat" / "0.png"
    assert Ledger(root).ask(file, lambda _: {"looked": "again"}).keys() == {"sha256", "bits"}
    notes.chmod(0o666)
    assert Ledger(root).ask(file, lambda _: {"looked": "again"}) == {"looked": "again"}
