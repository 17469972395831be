"""A disk that changes bytes: caches are built anew, data is named and refused, nothing is believed.

The time of a damaged file stays as it was, as when a disk is at fault and nobody wrote.
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from effort import tries
from hostile.mutations import mutate
from hostile.test_images import SMALL
from paribus.data import stl10
from paribus.data.dataset import Dataset, prepare
from paribus.data.stl10 import OfficialFile, faults
from paribus.errors import DataError
from paribus.study.data import Folder, Stl10

Prepare = Callable[[], Dataset]
IMAGE = 3 * 96 * 96


@pytest.fixture
def mine(tmp_path: Path, own_cache: Path) -> Prepare:
    """Preparing a folder of ten images of two classes."""
    draw = np.random.default_rng(2)
    for name in ("cat", "dog"):
        (tmp_path / "mine" / name).mkdir(parents=True)
        for number in range(5):
            # Bytes after the end change the file, and no pixel.
            content = SMALL["PNG"] + draw.bytes(4)
            (tmp_path / "mine" / name / f"{number}.png").write_bytes(content)
    data = Folder(source="folder", path=str(tmp_path / "mine"), size=8)
    return lambda: prepare(data)[0]


@pytest.fixture
def official(tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Prepare:
    """Preparing a small STL-10 of forty images."""
    draw = np.random.default_rng(4)
    place = tmp_path / "data" / "stl10_binary"
    place.mkdir(parents=True)
    for part in ("train", "test"):
        (place / f"{part}_X.bin").write_bytes(draw.bytes(20 * IMAGE))
        (place / f"{part}_y.bin").write_bytes(bytes(1 + n % 10 for n in range(20)))
    files = tuple(
        OfficialFile(f.name, f.stat().st_size, hashlib.md5(f.read_bytes()).hexdigest())
        for f in place.iterdir()
    )
    monkeypatch.setattr(stl10, "faults", partial(faults, files=files))
    data = Stl10(source="stl10", size=8, validation=1)
    return lambda: prepare(data, tmp_path / "data")[0]


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PARIBUS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def kept(dataset: Dataset) -> Dataset:
    """The data set apart from the file that its images are mapped from."""
    return replace(dataset, images=dataset.images.copy())


def same(one: Dataset, other: Dataset) -> bool:
    return (
        one.fingerprint == other.fingerprint
        and np.array_equal(one.images, other.images)
        and np.array_equal(one.labels, other.labels)
        and all(np.array_equal(a, vars(other.splits)[k]) for k, a in vars(one.splits).items())
        and (one.classes, one.mean, one.std) == (other.classes, other.mean, other.std)
    )


def damages(folder: Path, count: int, seed: int) -> Iterator[Path]:
    """Damage one file of a folder after another, its time unchanged; each is whole again after."""
    draw = random.Random(seed)
    for _ in range(tries(count)):
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        path, other = draw.choice(files), draw.choice(files)
        facts, content = path.stat(), path.read_bytes()
        if draw.random() < 0.1 and other.read_bytes() != content:
            shutil.copyfile(other, path)
        elif draw.random() < 0.1:
            path.unlink()
        else:
            _flip_or_mutate(path, content, draw)
        if path.exists():
            os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
        yield path
        path.write_bytes(content)
        os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def _flip_or_mutate(path: Path, content: bytes, draw: random.Random) -> None:
    if draw.random() < 0.5:
        path.write_bytes(mutate(content, draw))
        return
    # As a disk does it: the size stays.
    place = draw.randrange(len(content))
    flipped = bytes([content[place] ^ 1 << draw.randrange(8)])
    path.write_bytes(content[:place] + flipped + content[place + 1 :])


def test_a_damaged_cache_is_built_anew(mine: Prepare, own_cache: Path) -> None:
    whole = kept(mine())
    for _ in damages(own_cache, 40, seed=1):
        assert same(mine(), whole)


def test_a_damaged_cache_of_official_files_is_built_anew(
    official: Prepare, own_cache: Path
) -> None:
    whole = kept(official())
    for _ in damages(own_cache, 20, seed=2):
        assert same(official(), whole)


def test_a_damaged_image_is_never_built_in_silently(
    mine: Prepare, own_cache: Path, tmp_path: Path
) -> None:
    whole = mine()
    shutil.rmtree(own_cache / "datasets")
    notes = shutil.copytree(own_cache, tmp_path / "notes")
    for damaged in damages(tmp_path / "mine", 30, seed=3):
        # The notes of before: what was noted of an earlier damage isn't true of the whole file.
        shutil.rmtree(own_cache)
        shutil.copytree(notes, own_cache)
        try:
            result = mine()
        except DataError as error:
            assert damaged.name in str(error)
        else:
            # Of another size, or gone: another data set, which has another name.
            assert result.fingerprint != whole.fingerprint


def test_a_damaged_official_file_is_never_built_in_silently(
    official: Prepare, own_cache: Path, tmp_path: Path
) -> None:
    official()
    for damaged in damages(tmp_path / "data", 20, seed=4):
        shutil.rmtree(own_cache / "datasets", ignore_errors=True)
        with pytest.raises(DataError, match=damaged.name):
            official()
