"""The digits are scikit-learn's own, in shades from 0 to 255."""

import re
import sys

import numpy as np
import pytest
from sklearn.datasets import load_digits

from paribus.data.digits import CONTENTS, open_digits
from paribus.errors import DataError


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
