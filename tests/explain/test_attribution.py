"""Maps are those of captum, and they add up; `test_shortcut` shows what they find."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from captum.attr import IntegratedGradients, Occlusion
from torch import Tensor, nn

from paribus.data.batches import Batches
from paribus.data.dataset import prepare
from paribus.explain import attribution
from paribus.explain.attribution import (
    integrated_gradients,
    occlusion,
    outside,
    pooled,
)
from paribus.network.build import build
from paribus.network.lenet import lenet5
from paribus.study.plan import runs
from paribus.study.spec import Study
from paribus.training.loop import train
from paribus.training.optimizers import build_optimizer
from paribus.training.progress import begin
from paribus.training.steps import TorchSteps

Method = Callable[[nn.Module, Tensor, Tensor], Tensor]

each_method = pytest.mark.parametrize("method", [integrated_gradients, occlusion])


def small_network() -> nn.Sequential:
    """It ends in log probabilities, which is what captum is to explain."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 5, 3, padding=1),
        nn.ReLU(),
        nn.AdaptiveMaxPool2d(4),
        nn.Flatten(),
        nn.Linear(80, 4),
        nn.LogSoftmax(dim=1),
    ).eval()


def noise(count: int, side: int) -> tuple[Tensor, Tensor]:
    torch.manual_seed(1)
    return torch.randn(count, 3, side, side), torch.arange(count) % 4


def log_probability(network: nn.Module, images: Tensor, targets: Tensor) -> Tensor:
    with torch.no_grad():
        output = torch.log_softmax(network(images), dim=1)
    return output.gather(1, targets[:, None]).squeeze(1)


# ---- the oracle -----------------------------------------------------------------------------


@pytest.mark.parametrize("side", [8, 15, 32])
def test_integrated_gradients_are_captums(side: int) -> None:
    network, (images, targets) = small_network(), noise(6, side)
    theirs = IntegratedGradients(network).attribute(
        images, target=targets, method="gausslegendre", n_steps=20
    )
    ours = integrated_gradients(network, images, targets, steps=20)
    torch.testing.assert_close(ours, theirs.sum(dim=1), atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize(
    ("side", "patch", "stride"), [(4, 1, 1), (8, 2, 1), (15, 3, 1), (30, 7, 3), (32, 8, 4)]
)
def test_occlusion_is_captums(side: int, patch: int, stride: int) -> None:
    network, (images, targets) = small_network(), noise(4, side)
    theirs = Occlusion(network).attribute(
        images,
        target=targets,
        sliding_window_shapes=(3, patch, patch),
        strides=(3, stride, stride),
        baselines=0,
    )
    ours = occlusion(network, images, targets)
    torch.testing.assert_close(ours, theirs[:, 0], atol=1e-6, rtol=1e-4)


# ---- what the maps say ----------------------------------------------------------------------


def test_integrated_gradients_add_up_to_what_the_image_does_to_the_target() -> None:
    network, (images, targets) = small_network(), noise(8, 16)
    maps = integrated_gradients(network, images, targets, steps=500)
    at_the_mean = log_probability(network, torch.zeros_like(images), targets)
    expected = log_probability(network, images, targets) - at_the_mean
    torch.testing.assert_close(maps.sum(dim=(1, 2)), expected, atol=5e-3, rtol=0)


def test_they_add_up_for_a_trained_lenet_with_the_usual_steps(
    small_study: Callable[..., Study],
) -> None:
    run = runs(small_study(epochs=5))[0]
    dataset = prepare(run.setting.config.data)[0]
    network = build(run.setting.config.network, dataset.shape, len(dataset.classes), 0)
    batches = Batches(dataset)
    steps = TorchSteps(network, build_optimizer(run.setting.config.optimizer, network))
    train(steps, batches, dataset.splits, run, begin(network), lambda epoch: None)
    index = torch.from_numpy(dataset.splits.test[:100])
    images, targets = batches.images(index), batches.labels(index)
    network.eval()
    at_the_mean = log_probability(network, torch.zeros_like(images), targets)
    expected = log_probability(network, images, targets) - at_the_mean
    error = (integrated_gradients(network, images, targets).sum(dim=(1, 2)) - expected).abs()
    assert error.mean() < 0.02 * expected.abs().mean()


def test_where_one_pixel_decides_both_maps_point_at_it() -> None:
    dense = nn.Linear(3 * 16 * 16, 2)
    with torch.no_grad():
        dense.weight.zero_()
        dense.weight[1].view(3, 16, 16)[0, 5, 9] = 4
    network = nn.Sequential(nn.Flatten(), dense)
    images, targets = torch.ones(1, 3, 16, 16), torch.tensor([1])
    gradients = integrated_gradients(network, images, targets)[0]
    assert gradients[5, 9] > 0
    assert gradients.count_nonzero() == 1
    covered = occlusion(network, images, targets)[0]
    reach = covered.nonzero()
    assert covered[5, 9] == covered.max() > 0
    assert (reach.min(dim=0).values >= torch.tensor([2, 6])).all()  # patches of 4 x 4 pixels
    assert (reach.max(dim=0).values <= torch.tensor([8, 12])).all()


@each_method
def test_logits_and_log_probabilities_give_the_same_maps(method: Method) -> None:
    network, (images, targets) = small_network(), noise(3, 16)
    maps = method(network, images, targets)
    torch.testing.assert_close(method(network[:-1], images, targets), maps)


# ---- what they leave alone ------------------------------------------------------------------


@each_method
@pytest.mark.parametrize("training", [True, False])
def test_the_network_is_left_as_it_was(method: Method, training: bool) -> None:
    network = lenet5(3, 16, 16, 4, batch_norm=True, dropout=0.5).train(training)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    images, targets = noise(3, 16)
    kept = images.clone()
    first, second = (method(network, images, targets) for _ in range(2))
    assert torch.equal(first, second)  # no dropout
    assert network.training is training
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.parameters())
    assert torch.equal(images, kept)
    assert not first.requires_grad


@each_method
def test_the_mode_is_restored_even_if_the_network_fails(method: Method) -> None:
    network = small_network().train()
    with pytest.raises(RuntimeError):
        method(network, torch.randn(1, 7, 16, 16), torch.tensor([0]))
    assert network.training


@each_method
def test_a_network_may_change_its_input_in_place(method: Method) -> None:
    plain = small_network()
    rude = nn.Sequential(nn.ReLU(inplace=True), *plain)
    polite = nn.Sequential(nn.ReLU(), *plain)
    images, targets = noise(2, 16)
    kept = images.clone()
    torch.testing.assert_close(method(rude, images, targets), method(polite, kept, targets))
    assert torch.equal(images, kept)


@each_method
def test_maps_are_made_in_inference_mode_too(method: Method) -> None:
    network = small_network()
    images, targets = noise(2, 16)
    expected = method(network, images, targets)
    with torch.inference_mode():
        torch.testing.assert_close(method(network, images.clone(), targets.clone()), expected)


@each_method
def test_no_more_images_than_a_batch_are_in_the_network_at_once(
    method: Method, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, (images, targets) = small_network(), noise(11, 16)
    expected = method(network, images, targets)
    sizes = []
    network.register_forward_pre_hook(lambda _, given: sizes.append(len(given[0])))
    monkeypatch.setattr(attribution, "BATCH", 4)
    torch.testing.assert_close(method(network, images, targets), expected)
    assert max(sizes) == 4


# ---- sizes and shares -----------------------------------------------------------------------


def test_large_maps_are_averaged_down_and_small_ones_stay() -> None:
    maps = torch.randn(2, 128, 192)
    theirs = maps.view(2, 64, 2, 64, 3).mean(dim=(2, 4))
    torch.testing.assert_close(pooled(maps), theirs)
    assert pooled(torch.randn(1, 224, 224)).shape == (1, 64, 64)
    assert pooled(torch.randn(1, 100, 8)).shape == (1, 64, 8)
    small = torch.randn(2, 64, 64)
    assert torch.equal(pooled(small), small)


def test_the_share_outside_counts_absolute_values_beyond_the_central_half() -> None:
    maps = torch.zeros(3, 32, 32)
    maps[0, 16, 16] = -5
    maps[1, 0, 0] = -5
    maps[2, 0, 0], maps[2, 16, 16] = -1, 3
    assert outside(maps).tolist() == [0, 1, 0.25]


def test_the_center_ends_where_the_blanked_one_does() -> None:
    maps = torch.zeros(4, 32, 32)
    for map_, (y, x) in zip(maps, [(4, 4), (26, 26), (3, 16), (16, 27)], strict=True):
        map_[y, x] = 1
    assert outside(maps).tolist() == [0, 0, 1, 1]


def test_an_empty_map_has_as_much_outside_as_an_even_one() -> None:
    maps = torch.stack([torch.zeros(32, 32), torch.full((32, 32), 1e-3)])
    share = 1 - 23 * 23 / 32**2
    assert outside(maps).tolist() == pytest.approx([share, share], abs=1e-6)
