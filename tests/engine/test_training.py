"""Trainings by the engine run as torch's do, and as themselves to the last bit.

Rounding is all that tells the two apart. It grows as soon as a ReLU within rounding of its kink
falls to the other side, and so it does between torch and torch: with two threads, with another
memory format, without oneDNN. The engine may be no further from torch than twice what torch is
from itself.
"""

from __future__ import annotations

import contextlib
import copy
import itertools
import math
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from effort import EFFORT
from paribus.data.batches import Batches
from paribus.data.dataset import Dataset, prepare
from paribus.engine.native import Trainer
from paribus.network.cifar_resnet import cifar_resnet
from paribus.network.lenet import lenet5
from paribus.study.data import Digits
from paribus.study.optimizers import Adam, Sgd
from paribus.training.optimizers import build_optimizer

pytestmark = pytest.mark.usefixtures("engine")

STEPS, BATCH = 100, 33
LENETS = {
    "plain": partial(lenet5, batch_norm=False, dropout=0.0),
    "batch norm": partial(lenet5, batch_norm=True, dropout=0.0),
    "dropout": partial(lenet5, batch_norm=False, dropout=0.5),
}
NETWORKS = LENETS | {
    "residual": lambda channels, height, width, classes: cifar_resnet(channels, classes, 8)
}


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return prepare(Digits(source="digits", size=16))[0]


def batches(digits: Dataset, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(seed)
    training, data = torch.from_numpy(digits.splits.training), Batches(digits)
    for _ in range(STEPS):
        index = training[torch.randint(0, len(training), (BATCH,), generator=generator)]
        yield data.images(index), data.labels(index)


def start(digits: Dataset, which: str, seed: int) -> nn.Sequential:
    """A network as it begins, with torch's generator ready for dropout."""
    torch.manual_seed(seed)
    return NETWORKS[which](*digits.shape, 10).train()


def by_engine(digits: Dataset, which: str, seed: int) -> tuple[Tensor, nn.Sequential]:
    """The loss before each step, and the trained network."""
    module = start(digits, which, seed)
    # A rate so high that rounding has grown large after a hundred steps.
    trainer = Trainer(module, digits.shape, build_optimizer(Adam(lr=0.02), module), BATCH)
    losses = [trainer.step(images, labels) for images, labels in batches(digits, seed)]
    return torch.tensor(losses, dtype=torch.float64), module


def by_torch(digits: Dataset, which: str, seed: int, way: str = "usual") -> Tensor:
    module = start(digits, which, seed)
    if way == "channels last":
        module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's gap
    optimizer = build_optimizer(Adam(lr=0.02), module)
    losses = []
    with WAYS[way]():
        for images, labels in batches(digits, seed):
            loss = cross_entropy(module(images), labels)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
            optimizer.step()
            losses.append(loss.item())
    return torch.tensor(losses, dtype=torch.float64)


@contextlib.contextmanager
def two_threads() -> Iterator[None]:
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(1)


@contextlib.contextmanager
def without_onednn() -> Iterator[None]:
    torch._C._set_mkldnn_enabled(False)  # the public switch warns of Intel's graphics cards
    yield
    torch._C._set_mkldnn_enabled(True)


WAYS: dict[str, Callable[[], AbstractContextManager[None]]] = {
    "usual": contextlib.nullcontext,
    "two threads": two_threads,
    "channels last": contextlib.nullcontext,
    "without oneDNN": without_onednn,
}


@pytest.mark.skipif("SANITIZED" in os.environ, reason="the next test takes the same steps")
def test_a_hundred_steps_stay_within_torchs_own_spread(digits: Dataset) -> None:
    engine, spread = [], []
    for which, seed in itertools.product(LENETS, range(2)):
        usual = by_torch(digits, which, seed)
        state = torch.get_rng_state()
        ours, _ = by_engine(digits, which, seed)
        assert torch.equal(state, torch.get_rng_state())
        # Ten steps are too few for rounding to grow.
        torch.testing.assert_close(ours[:10], usual[:10], rtol=1e-5, atol=1e-6)
        engine.append((ours - usual).abs().max())
        ways = ["channels last", "without oneDNN"]
        # Two threads wait for each other at full speed, which takes long on a busy machine.
        ways += ["two threads"] if EFFORT and (which, seed) == ("plain", 0) else []
        spread += [(by_torch(digits, which, seed, way) - usual).abs().max() for way in ways]
    # Whether a ReLU falls to the other side is chance, so all trainings are taken together.
    assert max(engine) <= 2 * max(spread)


@pytest.mark.parametrize("which", NETWORKS)
def test_two_trainings_of_one_seed_are_equal_to_the_last_bit(digits: Dataset, which: str) -> None:
    (one, first), (two, second) = (by_engine(digits, which, 0) for _ in range(2))
    assert torch.equal(one, two)
    for name, value in first.state_dict().items():
        assert torch.equal(value, second.state_dict()[name]), name


@pytest.mark.parametrize("which", ["batch norm", "residual"])
def test_what_a_batch_leaves_behind_is_nothing_to_the_next(digits: Dataset, which: str) -> None:
    """Batches of many sizes before it, and a network for larger ones."""
    module = start(digits, which, 0)
    images, labels = next(batches(digits, 0))
    losses = []
    for before in ([], [31], [16, 2, 33], [3]):
        again = copy.deepcopy(module)
        trainer = Trainer(
            again, digits.shape, build_optimizer(Sgd(kind="sgd", lr=1e-30), again), 100
        )
        for n in before:
            trainer.step(images[:n], labels[:n])
        losses.append(trainer.step(images[:20], labels[:20]))
    assert len(set(losses)) == 1


@pytest.mark.parametrize("where", ["conv1.weight", "conv2.bias", "fc1.weight", "fc3.bias"])
@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("which", ["plain", "batch norm"])
def test_a_weight_that_left_the_numbers_is_seen_in_the_loss(
    digits: Dataset, which: str, value: float, where: str
) -> None:
    """Where torch's loss is finite ours is, and where it isn't ours isn't: no ReLU hides a NaN."""
    module = start(digits, which, 0)
    with torch.no_grad():
        module.get_parameter(where).view(-1)[0] = value
    images, labels = next(batches(digits, 0))
    theirs = cross_entropy(copy.deepcopy(module)(images), labels).item()
    trainer = Trainer(module, digits.shape, build_optimizer(Adam(lr=0.01), module), BATCH)
    assert math.isfinite(trainer.step(images, labels)) == math.isfinite(theirs)


def test_what_does_not_fit_is_refused_in_words(digits: Dataset) -> None:
    module = start(digits, "batch norm", 0)
    trainer = Trainer(module, digits.shape, build_optimizer(Adam(lr=0.01), module), 4)
    images, labels = next(batches(digits, 0))
    with pytest.raises(ValueError, match=r"4 images .* 5"):
        trainer.step(images[:5], labels[:5])
    with pytest.raises(ValueError, match=r"4 .* 3"):
        trainer.step(images[:4], labels[:3])
    with pytest.raises(ValueError, match="0 to 9"):
        trainer.step(images[:4], labels[:4] + 10)
    with pytest.raises(ValueError, match="0 to 9"):
        trainer.step(images[:4], labels[:4] - 10)
    with pytest.raises(ValueError, match="2 or more values"):
        trainer.step(images[:1], labels[:1])
    with pytest.raises(ValueError, match=r"\(1, 16, 16\).*\(1, 8, 16\)"):
        trainer.step(images[:4, :, :8], labels[:4])
    with pytest.raises(ValueError, match="float32"):
        trainer.step(images[:4].double(), labels[:4])
    with pytest.raises(ValueError, match="int64"):
        trainer.step(images[:4], labels[:4].int())
