"""The nearest training images are those that scikit-learn and a plain sort find."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from paribus.data.batches import Batches
from paribus.data.dataset import Dataset
from paribus.data.splits import Splits
from paribus.explain import neighbors as neighbors
from paribus.explain.neighbors import last_hidden, nearest
from paribus.network.lenet import lenet5
from paribus.records.types import DataFindings, Integers

NONE = np.array([], np.int64)


def batches_of(
    images: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], mean: float = 0.5
) -> Batches:
    """Of images whose labels are their numbers modulo 7."""
    dataset = Dataset(
        images=images,
        labels=np.arange(len(images)) % 7,
        splits=Splits(NONE, NONE, NONE),
        classes=tuple("abcdefg"),
        mean=(mean,) * images.shape[1],
        std=(0.25,) * images.shape[1],
        source="made here",
        fingerprint="",
        findings=DataFindings(),
        folder=Path(),
    )
    return Batches(dataset)


@pytest.fixture
def noise() -> Batches:
    random = np.random.default_rng(0)
    return batches_of(random.integers(0, 256, (300, 3, 16, 16), np.uint8))


@pytest.fixture
def network() -> nn.Sequential:
    torch.manual_seed(0)
    return lenet5(3, 16, 16, 7, batch_norm=False, dropout=0.5)


def hidden_of(network: nn.Module, batches: Batches, index: Integers) -> Tensor:
    return last_hidden(network, batches.images(torch.from_numpy(index)))


# ---- the last hidden layer ------------------------------------------------------------------


@pytest.mark.parametrize("batch_norm", [False, True])
def test_lenets_are_the_84_activations_before_its_classes(batch_norm: bool) -> None:
    network = lenet5(3, 32, 32, 10, batch_norm=batch_norm, dropout=0.5)
    images = torch.randn(5, 3, 32, 32)
    hidden = last_hidden(network, images)
    assert hidden.shape == (5, 84)
    before_fc3 = network.eval()[: list(network._modules).index("fc3")]
    torch.testing.assert_close(hidden, before_fc3(images).detach())


class Backwards(nn.Module):
    """Registers its last layer first, ends in a convolution, and calls it by keyword."""

    def __init__(self) -> None:
        super().__init__()
        self.classes = nn.Conv2d(4, 3, 1)
        self.first = nn.Conv2d(1, 4, 1)
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, images: Tensor) -> Tensor:
        output: Tensor = self.classes(input=self.first(images) * self.scale)
        return output.mean(dim=(2, 3))


def test_the_layer_that_runs_last_counts_whatever_was_registered_last() -> None:
    network, images = Backwards(), torch.randn(2, 1, 8, 8)
    expected = network.first(images).flatten(1)
    torch.testing.assert_close(last_hidden(network, images), expected.detach())


def test_a_layer_whose_weights_are_parametrised_counts_as_well() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 5), weight_norm(nn.Linear(5, 2, bias=False)))
    images = torch.randn(3, 1, 2, 2)
    torch.testing.assert_close(last_hidden(network, images), network[:2](images).detach())


class WithAPrompt(nn.Module):
    """Its last layer is given something that has no row for each image."""

    def __init__(self) -> None:
        super().__init__()
        self.classes, self.prompt = nn.Linear(4, 2), nn.Linear(6, 2)

    def forward(self, images: Tensor) -> Tensor:
        output: Tensor = self.classes(images.flatten(1)) + self.prompt(torch.ones(1, 6))
        return output


def test_a_layer_that_is_given_no_row_for_each_image_does_not_count() -> None:
    images = torch.randn(3, 1, 2, 2)
    torch.testing.assert_close(last_hidden(WithAPrompt(), images), images.flatten(1))


def test_a_network_of_one_layer_sees_the_images_themselves() -> None:
    network, images = nn.Sequential(nn.Flatten(), nn.Linear(12, 2)), torch.randn(3, 3, 2, 2)
    torch.testing.assert_close(last_hidden(network, images), images.flatten(1))


@pytest.mark.parametrize("training", [True, False])
def test_the_network_is_left_as_it_was(network: nn.Sequential, training: bool) -> None:
    network.train(training)
    images = torch.randn(4, 3, 16, 16)
    assert torch.equal(last_hidden(network, images), last_hidden(network, images))  # no dropout
    assert network.training is training
    assert not any(layer._forward_pre_hooks for layer in network.modules())


# ---- the nearest ----------------------------------------------------------------------------


def test_they_are_scikit_learns_by_cosine_with_their_classes(
    network: nn.Sequential, noise: Batches
) -> None:
    images, training = np.arange(250, 300), np.arange(20, 250)
    numbers, labels = nearest(network, noise, images, training, count=8)
    oracle = NearestNeighbors(n_neighbors=8, metric="cosine", algorithm="brute")
    oracle.fit(hidden_of(network, noise, training).double().numpy())
    theirs = oracle.kneighbors(hidden_of(network, noise, images).double().numpy())
    ours = cosine_distances(network, noise, images, numbers)
    # Two that are equally near to the last decimals may change places.
    np.testing.assert_allclose(ours, theirs[0], atol=2e-6)
    assert (numbers == training[theirs[1]]).mean() > 0.95
    np.testing.assert_array_equal(labels, numbers % 7)


def cosine_distances(
    network: nn.Module, batches: Batches, images: Integers, numbers: Integers
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    ours = hidden_of(network, batches, images).double()[:, None]
    theirs = hidden_of(network, batches, numbers.ravel()).double().view(*numbers.shape, -1)
    return 1 - torch.cosine_similarity(ours, theirs, dim=2).numpy()


def test_a_training_image_is_nearest_to_itself(network: nn.Sequential, noise: Batches) -> None:
    images = np.array([7, 3, 150])
    numbers, _ = nearest(network, noise, images, np.arange(300), count=1)
    assert numbers[:, 0].tolist() == [7, 3, 150]


@pytest.mark.parametrize("batch", [1, 7, 64])
def test_going_through_the_training_images_in_parts_finds_the_same(
    network: nn.Sequential, noise: Batches, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    images, training = np.arange(200, 220), np.arange(200)
    expected, _ = nearest(network, noise, images, training, count=5)
    monkeypatch.setattr(neighbors, "BATCH", batch)
    result, _ = nearest(network, noise, images, training, count=5)
    np.testing.assert_array_equal(result, expected)


def test_of_equal_images_those_of_the_lowest_numbers_come_first(
    network: nn.Sequential, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(0)
    same = np.repeat(random.integers(0, 256, (1, 3, 16, 16), np.uint8), 30, axis=0)
    monkeypatch.setattr(neighbors, "BATCH", 8)
    shuffled = random.permutation(np.arange(1, 30))
    numbers, _ = nearest(network, batches_of(same), np.array([0]), shuffled, count=12)
    assert numbers.tolist() == [list(range(1, 13))]


def test_images_of_one_direction_are_equally_near_whatever_the_last_bits_say() -> None:
    pattern = np.random.default_rng(0).integers(0, 5, (3, 8, 8))
    brighter = np.stack([n * pattern for n in range(1, 41)]).astype(np.uint8)
    batches = batches_of(brighter, mean=0.0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(3 * 8 * 8, 2))
    numbers, _ = nearest(network, batches, np.array([0]), np.arange(1, 40), count=39)
    assert numbers.tolist() == [list(range(1, 40))]


def test_fewer_training_images_than_asked_for_are_all_given(
    network: nn.Sequential, noise: Batches
) -> None:
    numbers, labels = nearest(network, noise, np.array([0, 1]), np.array([9, 8, 7]))
    assert numbers.shape == labels.shape == (2, 3)
    assert [sorted(row) for row in numbers.tolist()] == [[7, 8, 9]] * 2


def test_a_layer_that_answers_to_nothing_is_near_to_nothing_and_gives_no_nan(
    network: nn.Sequential, noise: Batches
) -> None:
    with torch.no_grad():
        network.get_parameter("fc2.weight").zero_()
        network.get_parameter("fc2.bias").fill_(-1)
    assert not hidden_of(network, noise, np.arange(5)).any()
    numbers, _ = nearest(network, noise, np.array([299]), np.arange(50), count=4)
    assert numbers.tolist() == [[0, 1, 2, 3]]
