"""The text of a study to begin with: valid whatever the images are called, with fitting numbers."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as some

from paribus.narrative.first_study import (
    digits_study,
    first_study,
    fitting_batch,
    fitting_epochs,
    fitting_margin,
)
from paribus.study.data import Digits, Folder
from paribus.study.read import parse_study
from paribus.study.spec import Study

COUNTS = some.integers(1, 1_000_000)


@given(path=some.text(some.characters(exclude_categories=["Cc", "Cs"]), min_size=1), count=COUNTS)
def test_it_is_valid_whatever_the_path_and_the_numbers(path: str, count: int) -> None:
    data = Folder(source="folder", path=path)
    study = parse_study(first_study(data, path, ["3 classes"], count, count))
    assert isinstance(study, Study)
    assert study.data == data


def test_the_numbers_of_the_digits_are_those_of_their_parts() -> None:
    pytest.importorskip("sklearn")
    from paribus.data.dataset import prepare

    dataset, _ = prepare(Digits(source="digits", size=32))
    parts = len(dataset.splits.training), len(dataset.splits.test)
    about = ["scikit-learn's 1,797 handwritten digits of 8x8 pixels. For images of your own:"]
    about.append("paribus new NAME --data FOLDER")
    text = first_study(Digits(source="digits"), "handwritten digits", about, *parts)
    assert digits_study() == text


@given(COUNTS)
def test_a_margin_is_a_few_test_images_in_whole_points(test: int) -> None:
    margin = fitting_margin(test)
    assert math.isclose(100 * margin, round(100 * margin))
    assert 0.01 <= margin <= 0.5
    assert margin == 0.5 or margin * test >= 3 - 1e-9
    assert margin == 0.01 or (margin - 0.01) * test < 3


@given(COUNTS)
def test_batches_and_epochs_make_some_hundreds_of_steps(training: int) -> None:
    batch = fitting_batch(training)
    steps = math.ceil(training / batch)
    epochs = fitting_epochs(training, batch)
    assert batch in (8, 16, 32, 64, 128)
    assert batch == 8 or steps >= 10
    assert 10 <= epochs <= 50
    assert epochs in (10, 50) or 400 <= steps * epochs <= 800
