"""The training loop: it learns, it is exact, it pairs, and it stops when numbers end."""

import dataclasses
import itertools
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from paribus.data.batches import Batches
from paribus.data.dataset import Dataset, prepare
from paribus.errors import NonFiniteLossError
from paribus.network.build import build
from paribus.study.data import Digits
from paribus.study.plan import TrainedRun, runs
from paribus.study.spec import Study
from paribus.training.average import Average, Evaluated
from paribus.training.loop import _parts, train
from paribus.training.optimizers import build_optimizer
from paribus.training.predict import log_probabilities, loss_and_accuracy
from paribus.training.progress import Progress, begin
from paribus.training.steps import TorchSteps


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return prepare(Digits(source="digits", size=16))[0]


def steps_of(run: TrainedRun, network: nn.Module) -> TorchSteps:
    return TorchSteps(network, build_optimizer(run.setting.config.optimizer, network))


def course_of(run: TrainedRun, dataset: Dataset) -> tuple[nn.Module, Progress]:
    network = build(run.setting.config.network, dataset.shape, len(dataset.classes), run.seed)
    progress = begin(network)
    train(
        steps_of(run, network), Batches(dataset), dataset.splits, run, progress, lambda epoch: None
    )
    return network, progress


def test_a_short_training_learns_to_read_digits(
    digits: Dataset, small_study: Callable[..., Study]
) -> None:
    network, progress = course_of(runs(small_study(epochs=10))[0], digits)
    _, accuracy = loss_and_accuracy(network, Batches(digits), digits.splits.test)
    assert accuracy > 0.85  # ten classes: chance is 0.1
    assert progress.val_loss[-1] < progress.val_loss[0] / 2


def test_two_runs_of_one_seed_are_equal_to_the_last_bit(
    digits: Dataset, small_study: Callable[..., Study]
) -> None:
    run = runs(small_study(epochs=2, augmentation={"flip": True, "shift": 1}))[0]
    (first, one), (second, two) = course_of(run, digits), course_of(run, digits)
    assert one.step_loss == two.step_loss
    assert one.streams() == two.streams()
    for name, value in first.state_dict().items():
        assert torch.equal(value, second.state_dict()[name])


def test_settings_of_one_seed_share_their_streams_and_another_seed_shares_none(
    digits: Dataset, small_study: Callable[..., Study]
) -> None:
    study = small_study(seeds=2, variations={"bn": {"network.batch_norm": True}})
    hashes = [course_of(run, digits)[1].streams() for run in runs(study)]
    main, normalized, other_seed = hashes[:3]
    assert main.order == normalized.order != other_seed.order
    assert main.augmentation == normalized.augmentation
    assert main.dropout == normalized.dropout != other_seed.dropout
    shared = main.initial_values.items() & normalized.initial_values.items()
    assert dict(shared) == main.initial_values
    assert not main.initial_values.items() & other_seed.initial_values.items()


def test_a_network_with_dropout_uses_its_stream(
    digits: Dataset, small_study: Callable[..., Study]
) -> None:
    plain, dropped = (
        course_of(run, digits)[1].streams()
        for run in runs(small_study(variations={"drop": {"network.dropout": 0.5}}))
    )
    assert plain.dropout != dropped.dropout
    assert plain.order == dropped.order


def test_the_loop_is_the_textbook_loop(digits: Dataset, small_study: Callable[..., Study]) -> None:
    """Against the plainest loop there is, batch by batch, from the same start and order."""
    run = runs(small_study(optimizer={"kind": "sgd", "lr": 0.1}))[0]
    _, progress = course_of(run, digits)

    from paribus.stream import stream

    network = build(run.setting.config.network, digits.shape, 10, run.seed)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    order = stream(0, "order", 1).permutation(digits.splits.training)
    pixels = digits.images.astype(np.float64) / 255
    training = pixels[digits.splits.training]
    pixels = (pixels - training.mean((0, 2, 3), keepdims=True)) / training.std(
        (0, 2, 3), keepdims=True
    )
    losses = []
    for start in range(0, len(order), 64):
        part = order[start : start + 64]
        loss = cross_entropy(
            network(torch.tensor(pixels[part], dtype=torch.float32)),
            torch.tensor(digits.labels[part]),
        )
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        optimizer.step()
        losses.append((loss.item(), len(part)))
    np.testing.assert_allclose(progress.step_loss, [loss for loss, _ in losses], rtol=1e-4)
    mean = sum(loss * n for loss, n in losses) / len(order)
    assert progress.train_loss[0] == pytest.approx(mean, rel=1e-4)


def test_every_image_counts_once_in_the_validation_loss(
    digits: Dataset, small_study: Callable[..., Study]
) -> None:
    network, progress = course_of(runs(small_study())[0], digits)
    index = digits.splits.validation
    output = log_probabilities(network, Batches(digits), index)
    by_image = [-float(output[i, digits.labels[k]]) for i, k in enumerate(index)]
    assert progress.val_loss[-1] == pytest.approx(np.mean(by_image), rel=1e-6)


def test_the_best_epoch_is_the_first_of_lowest_validation_loss_and_its_weights_are_kept(
    digits: Dataset, small_study: Callable[..., Study]
) -> None:
    run = runs(small_study(epochs=6, optimizer={"kind": "adam", "lr": 0.03}))[0]
    network, progress = course_of(run, digits)
    assert progress.best_epoch == 1 + int(np.argmin(progress.val_loss))
    network.load_state_dict(progress.best_state)
    loss, _ = loss_and_accuracy(network, Batches(digits), digits.splits.validation)
    assert loss == min(progress.val_loss)


def test_a_loss_that_leaves_the_numbers_stops_the_run_and_says_where(
    digits: Dataset, small_study: Callable[..., Study]
) -> None:
    run = runs(small_study(epochs=3, optimizer={"kind": "sgd", "lr": 1e30}))[0]
    network = build(run.setting.config.network, digits.shape, 10, run.seed)
    progress = begin(network)
    with pytest.raises(NonFiniteLossError, match=r"baseline, seed 0: .* at epoch 1, step \d+") as e:
        train(
            steps_of(run, network),
            Batches(digits),
            digits.splits,
            run,
            progress,
            lambda epoch: None,
        )
    assert e.value.step == len(progress.step_loss)
    assert not np.isfinite(progress.step_loss[-1])
    assert np.isfinite(progress.step_loss[:-1]).all()


def test_batches_cover_every_image_and_none_is_a_single_one() -> None:
    for images, batch in itertools.product(range(2, 60), range(2, 20)):
        parts = _parts(images, batch)
        numbers = [i for part in parts for i in range(images)[part]]
        assert numbers == list(range(images))
        assert all(len(range(images)[part]) >= 2 for part in parts)
        assert all(len(range(images)[part]) == batch for part in parts[:-1])


def test_pixels_are_normalized_by_the_training_images(digits: Dataset) -> None:
    images = Batches(digits).images(torch.from_numpy(digits.splits.training))
    assert float(images.mean()) == pytest.approx(0, abs=1e-4)
    assert float(images.std()) == pytest.approx(1, abs=1e-3)
    assert dataclasses.is_dataclass(digits)


def test_training_stops_once_the_lowest_validation_loss_is_old_enough(
    digits: Dataset, small_study: Callable[..., Study]
) -> None:
    keys = {"epochs": 30, "optimizer": {"kind": "sgd", "lr": 0.5}, "stop_early": {"patience": 2}}
    run = runs(small_study(**keys))[0]
    _, progress = course_of(run, digits)
    losses = progress.val_loss
    assert progress.epoch < 30 and progress.best_epoch == progress.epoch - 2
    assert min(losses) == losses[progress.epoch - 3]
    for epoch in range(3, progress.epoch):
        assert min(losses[:epoch]) in losses[epoch - 2 : epoch], "it would have stopped before"
    whole = runs(small_study(**{**keys, "stop_early": None}))[0]
    _, longer = course_of(whole, digits)
    assert longer.val_loss[: progress.epoch] == losses


def test_an_average_is_validated_and_the_weights_beside_it(
    digits: Dataset, small_study: Callable[..., Study]
) -> None:
    run = runs(small_study(epochs=3, ema=0.9))[0]
    network = build(run.setting.config.network, digits.shape, len(digits.classes), run.seed)
    average, progress = Average(network, 0.9), begin(network)
    steps, batches = steps_of(run, network), Batches(digits)
    evaluated = Evaluated(average.network, average.network, average)
    train(steps, batches, digits.splits, run, progress, lambda epoch: None, evaluated)
    _, plain = course_of(runs(small_study(epochs=3))[0], digits)
    assert progress.step_loss == plain.step_loss, "an average changes no training"
    assert progress.unaveraged_val_loss == plain.val_loss
    assert progress.val_loss != plain.val_loss
    expected, _ = loss_and_accuracy(average.network, batches, digits.splits.validation)
    assert progress.val_loss[-1] == expected
    best = progress.best_state
    assert any(torch.equal(best[name], v) for name, v in average.network.state_dict().items())
    assert set(progress.curves().series) >= {"unaveraged_val_loss", "unaveraged_val_accuracy"}
    assert "unaveraged_val_loss" not in plain.curves().series
