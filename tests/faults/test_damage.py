"""Damage to records and checkpoints: what is loaded is what was written, or it is refused."""

import random
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from effort import tries
from faults.here import run_here
from faults.small import content, differing, small_study, train_until, training
from paribus.errors import RecordError
from paribus.events import Event, RecordSetAside, RunBegins
from paribus.execution.checkpoint import read_latest
from paribus.records.store import (
    WEIGHTS,
    checkpoint_folder,
    checkpoints,
    epoch_of,
    read_record,
    read_weights,
    run_folder,
)

MUTATIONS = tries(200)


def mutate(content: bytes, draw: random.Random) -> bytes:
    """Damage as disks do it: a bit, a cut, a piece of zeros, two pieces swapped, a piece twice."""
    here, size = draw.randrange(len(content)), draw.choice([1, 16, 512])
    there = draw.randrange(len(content))
    first, last = sorted((here, there))
    piece = content[here : here + size]
    match draw.choice(["flip", "cut", "zeros", "swap", "double", "empty"]):
        case "flip":
            flipped = bytes([content[here] ^ (1 << draw.randrange(8))])
            return content[:here] + flipped + content[here + 1 :]
        case "cut":
            return content[:here]
        case "zeros":
            return content[:here] + bytes(len(piece)) + content[here + len(piece) :]
        case "swap":
            middle = (first + last) // 2
            swapped = content[middle:last] + content[first:middle]
            return content[:first] + swapped + content[last:]
        case "double":
            return content[:here] + piece + content[here:]
        case _:
            return b""


def damaged(folder: Path, place: Path, seed: int) -> Iterator[tuple[Path, str]]:
    """Copies of a folder, each with one file damaged, and that file's name."""
    draw = random.Random(seed)
    files = sorted(folder.iterdir())
    for number in range(MUTATIONS):
        copy = place / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(folder, copy)
        # The sums are small and decide most: each file in its turn, not each byte.
        file = copy / files[number % len(files)].name
        before = file.read_bytes()
        after = mutate(before, draw)
        file.write_bytes(after)
        if after != before:
            yield copy, file.name


@pytest.fixture(scope="module")
def results(images: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished study, whose report was not made."""
    out = tmp_path_factory.mktemp("damage") / "out"
    run_here(small_study(images, epochs=2), out, {"report.html": b""})
    return out


def test_no_damaged_record_is_loaded_changed(results: Path, tmp_path: Path) -> None:
    folder = run_folder(results, "baseline", 0)
    good = read_record(folder)
    weights = {when: read_weights(folder, when) for when in WEIGHTS}
    refused: Counter[str] = Counter()
    for copy, name in damaged(folder, tmp_path, seed=1):
        try:
            loaded = read_record(copy)
        except RecordError:
            refused[name] += 1
        else:
            assert repr(loaded) == repr(good)
            assert loaded.facts == good.facts
        for when, expected in weights.items():
            try:
                result = read_weights(copy, when)
            except RecordError:
                refused[name] += 1
            else:
                assert result.keys() == expected.keys()
                assert all((result[key] == expected[key]).all() for key in expected)
    assert len(refused) == 6  # of every file of a record some damage was refused


def test_no_damaged_checkpoint_is_gone_on_from(images: Path, tmp_path: Path) -> None:
    task = training(small_study(images), tmp_path / "out")
    train_until(task, 3)
    folder = checkpoint_folder(tmp_path / "out", "baseline", 0)
    last, before = checkpoints(folder)
    noticed = 0
    for copy, name in damaged(folder, tmp_path, seed=2):
        passed_over: list[Path] = []
        result = read_latest(copy, passed_over.append)
        assert result is not None
        if name == last.name:
            assert [path.name for path in passed_over] == [name]
            noticed += 1
        assert result.epoch == epoch_of(before if name == last.name else last)
    assert noticed > MUTATIONS / 3


def test_checkpoints_that_changed_names_count_as_damaged(images: Path, tmp_path: Path) -> None:
    train_until(training(small_study(images), tmp_path), 3)
    folder = checkpoint_folder(tmp_path, "baseline", 0)
    last, before = checkpoints(folder)
    last.rename(folder / "held")
    before.rename(last)
    (folder / "held").rename(before)
    passed_over: list[Path] = []
    assert read_latest(folder, passed_over.append) is None
    assert passed_over == [last, before]


def test_a_damaged_record_is_set_aside_and_trained_again(
    results: Path, images: Path, tmp_path: Path
) -> None:
    out = Path(shutil.copytree(results, tmp_path / "out"))
    folder = run_folder(out, "l2", 0)
    for time in (1, 2):
        file = folder / "curves.safetensors"
        file.write_bytes(half := file.read_bytes()[:-1])
        heard: list[Event] = []
        run_here(small_study(images, epochs=2), out, {"report.html": b""}, heard.append)
        (aside,) = [event for event in heard if isinstance(event, RecordSetAside)]
        assert aside.where == str(out / "set-aside" / "l2" / f"seed-0-{time}")
        assert "its SHA-256 differs" in aside.message
        assert (Path(aside.where) / "curves.safetensors").read_bytes() == half
        assert [(e.setting, e.epoch) for e in heard if isinstance(e, RunBegins)] == [("l2", 0)]
        assert differing(content(out), content(results)) == set()
