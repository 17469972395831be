"""Splits: every image in one part, each class in its share, the same every time."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paribus.data.splits import Splits, split
from paribus.errors import DataError

CLASSES = ("cat", "dog", "owl")
shares = st.floats(0.01, 0.45)
numbers = st.integers(1, 9)
counts = st.lists(st.integers(20, 60), min_size=3, max_size=3)


def labels_of(sizes: list[int], seed: int = 0) -> np.ndarray:
    """Labels with so many of each class, in random order."""
    return np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))


def said_nothing(labels: np.ndarray) -> np.ndarray:
    return np.full(len(labels), "")


def of_class(splits: Splits, labels: np.ndarray, label: int) -> tuple[int, int, int]:
    parts = (splits.training, splits.validation, splits.test)
    training, validation, test = (int((labels[part] == label).sum()) for part in parts)
    return training, validation, test


@given(counts, shares | numbers, shares | numbers, st.integers(0, 99))
def test_every_image_is_in_exactly_one_part(
    sizes: list[int], validation: float, test: float, seed: int
) -> None:
    labels = labels_of(sizes, seed)
    splits = split(labels, said_nothing(labels), validation, test, classes=CLASSES)
    parts = [splits.training, splits.validation, splits.test]
    assert sorted(np.concatenate(parts)) == list(range(len(labels)))
    for part in parts:
        assert part.dtype == np.int64
        assert (np.diff(part) > 0).all()


@given(counts, shares | numbers, shares | numbers)
def test_each_class_has_the_number_or_the_share_that_was_asked_for(
    sizes: list[int], validation: float, test: float
) -> None:
    labels = labels_of(sizes)
    splits = split(labels, said_nothing(labels), validation, test, classes=CLASSES)
    for label, size in enumerate(sizes):
        _, validates, tests = of_class(splits, labels, label)
        for got, asked in ((validates, validation), (tests, test)):
            if isinstance(asked, int):
                assert got == asked
            else:
                assert got >= 1
                assert abs(got - asked * size) <= max(0.5, 1 - asked * size)


@given(counts, st.integers(0, 99))
def test_the_same_labels_are_always_split_alike(sizes: list[int], seed: int) -> None:
    labels = labels_of(sizes, seed)
    first, second = (
        split(labels, said_nothing(labels), 0.2, 0.2, classes=CLASSES) for _ in range(2)
    )
    assert np.array_equal(first.training, second.training)
    assert np.array_equal(first.validation, second.validation)


def test_the_split_stays_what_it_was_in_earlier_versions() -> None:
    labels = np.repeat([0, 1, 2], 5)
    splits = split(labels, said_nothing(labels), 1, 1, classes=CLASSES)
    assert (splits.validation.tolist(), splits.test.tolist()) == ([3, 7, 11], [1, 6, 12])


def test_images_are_drawn_at_random_not_from_the_front() -> None:
    labels = np.repeat([0, 1, 2], 300)
    splits = split(labels, said_nothing(labels), 0.2, 0.2, classes=CLASSES)
    place = splits.validation % 300  # within its class
    assert 130 < place.mean() < 170  # 150 +- 6.5 by chance
    assert (np.diff(place) != 1).any()


def test_a_share_of_few_images_is_one_image_at_least() -> None:
    labels = labels_of([3, 3, 3])
    splits = split(labels, said_nothing(labels), 0.1, 0.1, classes=CLASSES)
    assert [of_class(splits, labels, label) for label in range(3)] == [(1, 1, 1)] * 3


# ---- parts that the source gives ------------------------------------------------------------


def in_parts(**sizes: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels and parts, with so many images of each of three classes in each part."""
    part = np.concatenate([np.repeat(name, 3 * size) for name, size in sizes.items()])
    return np.arange(len(part)) % 3, part


def test_parts_that_the_source_gives_stay_as_they_are() -> None:
    labels, part = in_parts(train=5, validation=3, test=4)
    splits = split(labels, part, 0.5, 0.5, classes=CLASSES)
    assert np.array_equal(splits.training, np.flatnonzero(part == "train"))
    assert np.array_equal(splits.validation, np.flatnonzero(part == "validation"))
    assert np.array_equal(splits.test, np.flatnonzero(part == "test"))


def test_a_missing_validation_part_is_taken_out_of_the_training_images() -> None:
    labels, part = in_parts(train=10, test=4)
    splits = split(labels, part, 0.2, 0.9, classes=CLASSES)
    assert np.array_equal(splits.test, np.flatnonzero(part == "test"))
    assert [of_class(splits, labels, label) for label in range(3)] == [(8, 2, 4)] * 3


def test_as_in_stl10_it_can_be_taken_out_of_the_test_images() -> None:
    labels, part = in_parts(train=10, test=8)
    splits = split(labels, part, 3, None, classes=CLASSES, validation_from="test")
    assert np.array_equal(splits.training, np.flatnonzero(part == "train"))
    assert [of_class(splits, labels, label) for label in range(3)] == [(10, 3, 5)] * 3


def test_a_missing_test_part_is_taken_out_of_the_training_images() -> None:
    labels, part = in_parts(train=10, validation=4)
    splits = split(labels, part, 0.9, 0.3, classes=CLASSES)
    assert [of_class(splits, labels, label) for label in range(3)] == [(7, 4, 3)] * 3


# ---- too few --------------------------------------------------------------------------------


def test_too_few_images_of_a_class_are_named_and_counted() -> None:
    labels = labels_of([9, 4, 9])
    with pytest.raises(DataError) as error:
        split(labels, said_nothing(labels), 2, 2, classes=CLASSES)
    assert str(error.value) == (
        "class 'dog': expected at least 5 train images (2 for test, 2 for "
        "validation, 1 for train), got 4. Add images, or lower data.test and data.validation."
    )


def test_just_enough_images_are_enough() -> None:
    labels = labels_of([9, 5, 9])
    splits = split(labels, said_nothing(labels), 2, 2, classes=CLASSES)
    assert of_class(splits, labels, 1) == (1, 2, 2)


def test_a_class_without_a_test_image_is_refused() -> None:
    labels, part = in_parts(train=5, validation=3, test=4)
    keep = ~((part == "test") & (labels == 2))
    with pytest.raises(DataError, match="class 'owl': expected at least 1 test images, got 0"):
        split(labels[keep], part[keep], 0.2, 0.2, classes=CLASSES)


# ---- groups that stay together --------------------------------------------------------------


@given(st.integers(9, 30), st.integers(1, 12), st.floats(0.1, 0.3), st.integers(0, 99))
def test_no_group_is_torn_and_every_part_has_about_its_share(
    groups: int, largest: int, share: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(groups), rng.integers(1, largest + 1, groups))
    labels = group % 3
    splits = split(labels, said_nothing(labels), share, share, classes=CLASSES, group=group)
    parts = (splits.training, splits.validation, splits.test)
    assert sorted(np.concatenate(parts)) == list(range(len(labels)))
    for one, other in itertools.combinations(parts, 2):
        assert not np.intersect1d(group[one], group[other]).size
    for label in range(3):
        asked = share * (labels == label).sum()
        got = of_class(splits, labels, label)
        assert min(got) >= 1
        # The last group that a part gets may be the largest there is.
        assert max(abs(got[1] - asked), abs(got[2] - asked)) <= 2 * largest


def test_groups_of_several_classes_go_as_a_whole() -> None:
    group = np.repeat(np.arange(10), 6)
    labels = np.tile([0, 0, 0, 1, 1, 2], 10)
    splits = split(labels, said_nothing(labels), 0.2, 0.2, classes=CLASSES, group=group)
    assert [len(part) // 6 for part in (splits.training, splits.validation, splits.test)] == [
        6,
        2,
        2,
    ]


def test_a_class_of_too_few_groups_is_refused() -> None:
    labels = np.repeat([0, 1, 2], 20)
    group = np.where(labels == 1, 7, np.arange(60))
    with pytest.raises(DataError, match=r"class 'dog': expected images of enough groups .* none"):
        split(labels, said_nothing(labels), 0.2, 0.2, classes=CLASSES, group=group)


def test_parts_that_are_given_stay_as_they_are() -> None:
    labels, group = labels_of([20, 20, 20]), np.arange(60) // 2
    part = np.array(["train", "validation", "test"] * 20)
    splits = split(labels, part, 0.2, 0.2, classes=CLASSES, group=group)
    assert splits.test.tolist() == np.flatnonzero(part == "test").tolist()
