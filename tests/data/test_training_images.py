"""Subsets, imbalance and label noise: what is declared, from streams of their own."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from effort import examples
from paribus.data.dataset import Dataset, as_declared, draw_parts, open_dataset, prepare
from paribus.data.training_images import chosen, class_shares, kept_of_each, noisy
from paribus.errors import DataError
from paribus.study.data import Digits, Imbalance

CLASSES = 10
LABELS = np.random.default_rng(0).permutation(np.repeat(np.arange(CLASSES), 60))
TRAINING = np.flatnonzero(np.random.default_rng(1).random(len(LABELS)) < 0.8)


def digits(**keys: object) -> Digits:
    return Digits.model_validate({"source": "digits", "size": 8, **keys})


def kept(seed: int = 0, **keys: object) -> set[int]:
    return {*chosen(digits(**keys), LABELS, TRAINING, CLASSES, seed).tolist()}


def noise(seed: int = 0, training: np.ndarray = TRAINING, **keys: object) -> np.ndarray:
    return noisy(digits(**keys), LABELS, training, CLASSES, seed)


def counts(images: set[int]) -> list[int]:
    return [*map(int, np.bincount(LABELS[sorted(images)], minlength=CLASSES))]


# ---- which images are left ------------------------------------------------------------------


def test_without_a_word_all_images_are_left_with_their_labels() -> None:
    assert kept() == {*TRAINING.tolist()}
    assert noise() is LABELS


def test_a_subset_is_a_share_or_a_number_of_each_class() -> None:
    every = counts({*TRAINING.tolist()})
    assert counts(kept(subset=0.25)) == [max(1, round(n / 4)) for n in every]
    assert counts(kept(subset=7)) == [7] * CLASSES
    assert counts(kept(subset=0.0001)) == [1] * CLASSES


def test_a_subset_larger_than_a_class_is_refused() -> None:
    with pytest.raises(DataError, match=r"data\.subset: expected at most \d+, .*, got 61"):
        kept(subset=61)


@examples(40)
@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.integers(0, 3))
def test_a_smaller_subset_lies_in_a_larger_one_whatever_else_differs(
    one: float, other: float, rate: float, seed: int
) -> None:
    small, large = sorted((one, other))
    assert kept(seed, subset=small) <= kept(seed, subset=large) <= {*TRAINING.tolist()}
    assert kept(seed, subset=small, label_noise=rate) == kept(seed, subset=small)
    assert kept(seed, subset=large, imbalance=rate) <= kept(seed, subset=large)


def test_another_seed_of_the_split_gives_another_subset() -> None:
    assert kept(0, subset=0.5) != kept(1, subset=0.5)


def test_exponential_imbalance_is_that_of_long_tailed_cifar() -> None:
    # Cao et al. 2019, `get_img_num_per_cls`: int(img_max * (imb_factor ** (i / (cls_num - 1)))).
    got = kept_of_each(digits(imbalance=0.01), np.full(10, 5000))
    assert got.tolist() == [5000, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50]
    assert sum(kept_of_each(digits(imbalance=0.01), np.full(100, 500))) == 10_847


def test_a_step_leaves_the_first_half_of_the_classes_as_it_is() -> None:
    step = digits(imbalance={"ratio": 0.1, "kind": "step"})
    assert kept_of_each(step, np.full(10, 5000)).tolist() == [5000] * 5 + [500] * 5
    assert class_shares(Imbalance(ratio=0.5, kind="step"), 5).tolist() == [1, 1, 1, 0.5, 0.5]


def test_imbalance_applies_to_what_a_subset_leaves_and_keeps_one_image_at_least() -> None:
    assert counts(kept(subset=10, imbalance=0.1))[::9] == [10, 1]
    assert counts(kept(subset=2, imbalance=0.01))[9] == 1


# ---- labels ---------------------------------------------------------------------------------


def test_the_declared_share_of_training_labels_changes_and_no_other() -> None:
    changed = np.flatnonzero(noise(label_noise=0.3) != LABELS)
    assert len(changed) == round(0.3 * len(TRAINING))
    assert {*changed.tolist()} <= {*TRAINING.tolist()}


@examples(40)
@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.integers(0, 3))
def test_a_higher_rate_changes_all_that_a_lower_one_changes_in_the_same_way(
    one: float, other: float, seed: int
) -> None:
    few, many = (noise(seed, label_noise=rate) for rate in sorted((one, other)))
    changed = few != LABELS
    assert (many[changed] == few[changed]).all()


def test_symmetric_noise_puts_every_other_class_alike() -> None:
    labels = np.zeros(90_000, np.int64)
    changed = noisy(digits(label_noise=0.9999), labels, np.arange(90_000), CLASSES, 0)
    share = np.bincount(changed, minlength=CLASSES)[1:] / 90_000
    assert share == pytest.approx(1 / 9, abs=0.006)  # five standard errors


def test_pairs_put_the_next_class() -> None:
    changed = noise(label_noise={"rate": 0.4, "kind": "pairs"})
    wrong = changed != LABELS
    assert (changed[wrong] == (LABELS[wrong] + 1) % CLASSES).all()
    assert wrong.sum() == round(0.4 * len(TRAINING))


# ---- in a data set --------------------------------------------------------------------------


def declared(**keys: object) -> Dataset:
    whole, originals = prepare(digits())
    return as_declared(digits(**keys), whole, originals)


def test_the_images_are_not_copied_and_test_images_stay(own_cache: Path) -> None:
    whole, _ = prepare(digits())
    some, _ = prepare(digits(subset=0.5, label_noise=0.2))
    assert some.folder == whole.folder
    assert [*(own_cache / "datasets").iterdir()] == [whole.folder]
    for part in (some.splits.validation, some.splits.test):
        assert np.array_equal(some.labels[part], whole.labels[part])
    assert np.array_equal(some.splits.test, whole.splits.test)
    assert np.array_equal(some.splits.validation, whole.splits.validation)


def test_the_facts_say_what_was_changed(own_cache: Path) -> None:
    whole, some = declared().facts, declared(subset=0.5, label_noise=0.2).facts
    assert (whole.unused, whole.changed_labels) == (0, 0)
    assert whole.training is not None and some.training is not None
    assert some.unused == whole.training - some.training
    assert some.changed_labels == round(0.2 * some.training)


def test_mean_and_deviation_are_those_of_the_images_that_are_left(own_cache: Path) -> None:
    some = declared(subset=3)
    left = some.images[some.splits.training] / 255
    assert some.mean == pytest.approx(left.mean(axis=(0, 2, 3)))
    assert some.std == pytest.approx(left.std(axis=(0, 2, 3)))


def test_each_choice_has_a_fingerprint_of_its_own_and_none_keeps_the_old_one(
    own_cache: Path,
) -> None:
    choices: list[dict[str, object]] = [
        {},
        {"subset": 0.5},
        {"subset": 50},
        {"imbalance": 0.5},
        {"imbalance": {"ratio": 0.5, "kind": "step"}},
        {"label_noise": 0.5},
        {"label_noise": {"rate": 0.5, "kind": "pairs"}},
    ]
    prints = [declared(**keys).fingerprint for keys in choices]
    assert len({*prints}) == len(choices)
    assert prints[0] == prepare(digits())[0].fingerprint
    assert digits().model_dump() == {
        "source": "digits", "size": 8, "validation": 0.2, "test": 0.2
    }  # fmt: skip


def test_a_seed_of_the_split_draws_all_of_it_anew(own_cache: Path) -> None:
    data = digits(subset=0.5, label_noise=0.2)
    whole, originals = prepare(digits())
    first = as_declared(data, whole, originals)
    other = draw_parts(data, first, originals, 1).of(open_dataset(whole.folder))
    assert other.fingerprint != first.fingerprint
    assert not np.array_equal(other.splits.test, first.splits.test)
    wrong = np.flatnonzero(other.labels != originals.labels)
    assert {*wrong.tolist()} <= {*other.splits.training.tolist()}
    assert len(wrong) == round(0.2 * len(other.splits.training))
