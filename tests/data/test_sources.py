"""The sources of images: what is ready, what is damaged, and the digits themselves."""

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from paribus.data import sources, stl10
from paribus.data.published import SETS
from paribus.data.sources import CONTENTS, SourceState, open_digits, states
from paribus.data.sources import verify as problems
from paribus.errors import DataError
from paribus.study.data import OWN_DATA


def by_name(data_dir: Path | None = None) -> dict[str, SourceState]:
    return {state.name: state for state in states(data_dir)}


def test_every_source_of_a_study_is_listed(own_cache: Path) -> None:
    result = by_name()
    assert list(result) == ["digits", "stl10", *SETS, "folder", "csv", "npz", OWN_DATA]
    assert (result["digits"].state, result["digits"].images, result["digits"].classes) == (
        "ready",
        1797,
        10,
    )
    assert result["folder"].state == "ready"


def test_stl10_would_lie_in_the_cache_or_where_the_user_says(
    own_cache: Path, tmp_path: Path
) -> None:
    stl10 = by_name()["stl10"]
    assert (stl10.state, stl10.where) == ("not downloaded", own_cache / "stl10_binary")
    assert by_name(tmp_path)["stl10"].where == tmp_path / "stl10_binary"


def test_damaged_files_of_stl10_are_named_in_its_state(own_cache: Path, tmp_path: Path) -> None:
    for file in stl10.STL10:
        (tmp_path / file.name).write_bytes(b"other bytes")
    state = by_name(tmp_path)["stl10"].state
    assert state.startswith("damaged: train_X.bin: expected 138,240,000 bytes, got 11; ")
    assert len(problems("stl10", tmp_path)) == 4


def test_the_digits_are_compared_with_what_they_should_be(monkeypatch: pytest.MonkeyPatch) -> None:
    assert problems("digits") == []
    monkeypatch.setattr(sources, "CONTENTS", "0" * 64)
    (problem,) = problems("digits")
    assert problem.startswith(f"digits: expected SHA-256 {'0' * 64}, got 0b7e9c32")


def test_a_good_folder_has_no_problem(
    tmp_path: Path, own_cache: Path, images_in: Callable[..., None]
) -> None:
    for name in ("cat", "dog"):
        images_in(tmp_path / "mine" / name, 2)
    assert problems(str(tmp_path / "mine")) == []
    (tmp_path / "mine" / "cat" / "list.txt").write_text("0.png")
    assert problems(str(tmp_path / "mine")) == [
        "cat/list.txt: not a PNG, JPEG, WebP, BMP, GIF, TIFF or PPM"
    ]


def test_a_folder_is_read_again_whatever_its_files_times_say(
    tmp_path: Path, own_cache: Path, images_in: Callable[..., None]
) -> None:
    for name in ("cat", "dog"):
        images_in(tmp_path / "mine" / name, 2)
    assert problems(str(tmp_path / "mine")) == []
    file = tmp_path / "mine" / "cat" / "0.png"
    facts = file.stat()
    file.write_bytes(bytes(facts.st_size))
    os.utime(file, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert problems(str(tmp_path / "mine")) == [
        "cat/0.png: not a PNG, JPEG, WebP, BMP, GIF, TIFF or PPM"
    ]


def test_a_folder_that_cannot_be_used_is_one_problem(tmp_path: Path) -> None:
    (problem,) = problems(str(tmp_path / "nowhere"))
    assert "expected a folder of images" in problem


# ---- the digits are scikit-learn's own, in shades from 0 to 255


def test_they_are_scikit_learns_digits_with_their_shades_spread_to_255() -> None:
    originals, bundled = open_digits(), load_digits()
    assert np.array_equal(originals.labels, bundled.target)
    assert originals.classes == tuple("0123456789")
    assert (originals.part == "").all()
    for i in (0, 1, 1796):
        pixels = originals.read(i)
        assert pixels.shape == (8, 8, 1)
        assert pixels.dtype == np.uint8
        assert np.abs(pixels[..., 0] - bundled.images[i] * 255 / 16).max() <= 0.5
    # Their 17 shades reach from one end to the other.
    assert {int(originals.read(i).max()) for i in range(100)} >= {255}


def test_their_contents_are_the_expected_ones() -> None:
    assert open_digits().fingerprint == CONTENTS


def test_without_scikit_learn_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    message = "the digits data need scikit-learn: pip install 'paribus[digits]'"
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        open_digits()
