"""Paribus's own networks: published sizes, shapes, starts, and what they learn."""

from itertools import combinations, pairwise, product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import cross_entropy

from paribus.engine.vocabulary import UnsupportedLayer, translate
from paribus.errors import NetworkError
from paribus.explain.attribution import integrated_gradients, occlusion
from paribus.explain.interventions import intervened
from paribus.explain.neighbors import last_hidden
from paribus.metrics.interventions import interventions
from paribus.network.build import build, build_and_describe
from paribus.network.describe import multiply_adds
from paribus.study.networks import (
    BuiltIn,
    CifarResNet,
    ConvNet,
    ConvNeXtAtto,
    LeNet5,
    Mlp,
    ResNet,
    ViTTiny,
    WideResNet,
)

CIFAR = (3, 32, 32)
SMALL: list[BuiltIn] = [
    CifarResNet(kind="resnet20"),
    WideResNet(kind="wide_resnet", depth=10, widen=1),
]
DEEP: list[BuiltIn] = [*SMALL, ResNet(kind="resnet18")]
CONVNET = ConvNet(kind="convnet")
CONVNEXT, VIT = ConvNeXtAtto(kind="convnext_atto"), ViTTiny(kind="vit_tiny")
MLP = Mlp(kind="mlp", hidden=(32, 16), dropout=0.5)
ANY_SIZE: list[BuiltIn] = [*DEEP, CONVNET, CONVNEXT, MLP, LeNet5()]
EVERY: list[BuiltIn] = [*ANY_SIZE, VIT]

#: As published: He et al. 2016, table 6; Liu's pytorch-cifar; Zagoruyko and Komodakis 2016.
PUBLISHED: list[tuple[BuiltIn, str]] = [
    (CifarResNet(kind="resnet20"), "0.27"),
    (CifarResNet(kind="resnet32"), "0.46"),
    (CifarResNet(kind="resnet56"), "0.85"),
    (ResNet(kind="resnet18"), "11.173962"),
    (ResNet(kind="resnet34"), "21.282122"),
    (WideResNet(kind="wide_resnet", depth=40, widen=4), "8.9"),
    (WideResNet(kind="wide_resnet", depth=16, widen=8), "11.0"),
    (WideResNet(kind="wide_resnet", depth=28, widen=10), "36.5"),
]


@pytest.fixture(autouse=True)
def _same_images() -> None:
    torch.manual_seed(0)


def named(network: BuiltIn) -> str:
    return network.kind


@pytest.mark.parametrize(("network", "millions"), PUBLISHED)
def test_it_has_the_published_number_of_parameters(network: BuiltIn, millions: str) -> None:
    decimals = len(millions.partition(".")[2])
    parameters = build_and_describe(network, CIFAR, 10, seed=0)[1].parameters
    assert parameters is not None
    assert f"{parameters / 1e6:.{decimals}f}" == millions


def test_resnet20_has_as_many_parameters_as_its_layers_by_hand() -> None:
    def stage(inputs: int, outputs: int) -> int:
        first = 9 * inputs * outputs + 9 * outputs * outputs
        return first + 4 * 9 * outputs * outputs + 6 * 2 * outputs

    by_hand = 27 * 16 + 2 * 16 + stage(16, 16) + stage(16, 32) + stage(32, 64) + 65 * 10
    assert build_and_describe(SMALL[0], CIFAR, 10, seed=0)[1].parameters == by_hand


@pytest.mark.parametrize("hidden", [(), (7,), (32, 16, 8)])
def test_an_mlp_has_the_layers_that_are_asked_for(hidden: tuple[int, ...]) -> None:
    network = build(Mlp(kind="mlp", hidden=hidden), (2, 5, 3), 4, seed=0)
    sizes = (30, *hidden, 4)
    weights = [p.shape for name, p in network.named_parameters() if name.endswith("weight")]
    assert weights == [(after, before) for before, after in pairwise(sizes)]
    assert network(torch.randn(6, 2, 5, 3)).shape == (6, 4)


@settings(max_examples=12, deadline=None)
@given(
    st.sampled_from(ANY_SIZE),
    st.integers(1, 4),
    st.integers(16, 40),
    st.integers(16, 40),
    st.integers(2, 120),
)
def test_takes_any_channels_sizes_from_16_pixels_on_and_classes(
    network: BuiltIn, channels: int, height: int, width: int, classes: int
) -> None:
    shape = (channels, height, width)
    module, facts = build_and_describe(network, shape, classes, seed=1)
    assert module(torch.randn(2, *shape)).shape == (2, classes)
    assert facts.multiply_adds == counted(module, shape)


@pytest.mark.parametrize(("side", "patch"), [((32, 32), 4), ((20, 40), 4), ((32, 32), 8)])
def test_attention_counts_what_it_multiplies_for_each_pair_of_tokens(
    side: tuple[int, int], patch: int
) -> None:
    vit = ViTTiny(kind="vit_tiny", patch=patch)
    module, facts = build_and_describe(vit, (3, *side), 10, seed=0)
    tokens = 1 + side[0] * side[1] // patch**2
    assert facts.multiply_adds == counted(module, (3, *side)) + 12 * 2 * tokens**2 * 192


def counted(module: nn.Module, shape: tuple[int, int, int]) -> int:
    """What each layer multiplies in a forward pass of shapes alone."""
    total = 0

    def count(layer: nn.Module, _: object, output: Tensor) -> None:
        nonlocal total
        assert isinstance(layer.weight, Tensor)
        total += output.numel() * layer.weight[0].numel()

    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            layer.register_forward_hook(count)
    state = {name: tensor.to("meta") for name, tensor in module.state_dict().items()}
    functional_call(module.eval(), state, torch.empty(1, *shape, device="meta"))
    return total


@pytest.mark.parametrize(
    ("network", "millions"), [("resnet20", 41), ("resnet32", 69), ("resnet56", 125)]
)
def test_its_multiply_adds_are_those_that_its_docstring_has(network: str, millions: int) -> None:
    module = build(CifarResNet.model_validate({"kind": network}), CIFAR, 10, seed=0)
    assert round(multiply_adds(module, CIFAR) / 1e6) == millions


@pytest.mark.parametrize("network", [*DEEP, CONVNET, CONVNEXT], ids=named)
def test_smaller_images_are_refused_in_words(network: BuiltIn) -> None:
    message = rf"{network.kind}: expected images of at least 16x16 pixels, got 15x32\. Set data"
    with pytest.raises(NetworkError, match=message):
        build(network, (3, 15, 32), 10, seed=0)


def test_stages_are_a_line_each() -> None:
    assert build_and_describe(CifarResNet(kind="resnet56"), CIFAR, 10, seed=0)[1].layers == (
        "Conv-BatchNorm2d-ReLU",
        "9 x basic block 16",
        "9 x basic block 32",
        "9 x basic block 64",
        "AvgPool",
        "FC",
    )
    assert build_and_describe(SMALL[1], CIFAR, 10, seed=0)[1].layers == (
        "Conv",
        "1 x wide block 16",
        "1 x wide block 32",
        "1 x wide block 64",
        "BatchNorm2d-ReLU-AvgPool",
        "FC",
    )


# ---- initial values ------------------------------------------------------------------------


def initial(network: BuiltIn, seed: int = 0) -> dict[str, Tensor]:
    return {k: v.detach() for k, v in build(network, CIFAR, 10, seed).named_parameters()}


@pytest.mark.parametrize("network", EVERY, ids=named)
def test_one_seed_gives_the_same_values_and_another_others(network: BuiltIn) -> None:
    first, again, other = initial(network), initial(network), initial(network, seed=1)
    assert all(torch.equal(first[name], again[name]) for name in first)
    drawn = [name for name in first if first[name].ndim > 1]  # the scales of norms are all 1
    assert not any(torch.equal(first[name], other[name]) for name in drawn)


def test_what_networks_of_two_depths_share_starts_equal() -> None:
    shallow, deep = initial(CifarResNet(kind="resnet20")), initial(CifarResNet(kind="resnet32"))
    assert set(shallow) < set(deep)
    assert all(torch.equal(shallow[name], deep[name]) for name in shallow)


def test_layers_of_one_shape_start_otherwise() -> None:
    values = initial(CifarResNet(kind="resnet20"))
    alike = [value for value in values.values() if value.shape == (16, 16, 3, 3)]
    assert len(alike) == 6
    assert not any(torch.equal(one, other) for one, other in combinations(alike, 2))


def test_convolutions_start_as_he_et_al_draw_them() -> None:
    weight = initial(ResNet(kind="resnet18"))["stage4.1.conv2.weight"]
    assert float(weight.std()) == pytest.approx((2 / (9 * 512)) ** 0.5, rel=0.01)
    assert abs(float(weight.mean())) < 1e-4


# ---- training, evaluating and explaining -----------------------------------------------------


@pytest.mark.parametrize("network", [*EVERY, ResNet(kind="resnet34")], ids=named)
def test_a_gradient_reaches_every_parameter(network: BuiltIn) -> None:
    module = build(network, (3, 16, 16), 4, seed=0)
    loss = cross_entropy(module(torch.randn(8, 3, 16, 16)), torch.arange(8) % 4)
    loss.backward()  # type: ignore[no-untyped-call]
    assert [
        name for name, p in module.named_parameters() if p.grad is None or not p.grad.any()
    ] == []


@pytest.mark.parametrize("network", EVERY, ids=named)
def test_it_answers_the_same_images_alike_in_evaluation_mode(network: BuiltIn) -> None:
    module = build(network, (3, 16, 16), 4, seed=0).eval()
    images = torch.randn(4, 3, 16, 16)
    torch.testing.assert_close(module(images), module(images), rtol=0, atol=0)
    torch.testing.assert_close(module(images)[:2], module(images[:2]))  # alone or with others


@pytest.mark.parametrize("network", [*SMALL, CONVNET, Mlp(kind="mlp", hidden=(32,))], ids=named)
def test_a_short_training_lowers_the_loss(network: BuiltIn) -> None:
    module = build(network, (1, 16, 16), 3, seed=0)
    labels = torch.arange(24) % 3
    images = torch.randn(24, 1, 16, 16)
    for image, label in zip(images, labels.tolist(), strict=True):
        image[:, 5 * label : 5 * label + 5] += 2
    optimizer = torch.optim.SGD(module.parameters(), lr=0.05, momentum=0.9)
    losses = []
    for _ in range(15):
        loss = cross_entropy(module(images), labels)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 3


@pytest.mark.parametrize("network", [*DEEP, CONVNET, LeNet5()], ids=named)
def test_the_native_engine_trains_it(network: BuiltIn) -> None:
    assert translate(build(network, CIFAR, 10, seed=0), CIFAR).classes == 10


@pytest.mark.parametrize("network", [CONVNEXT, VIT], ids=named)
def test_the_native_engine_leaves_it_to_torch_by_the_name_of_a_layer(network: BuiltIn) -> None:
    with pytest.raises(UnsupportedLayer, match=r"^(norm|tokens) is a "):
        translate(build(network, CIFAR, 10, seed=0), CIFAR)


def test_the_native_engine_trains_an_mlp() -> None:
    module = build(Mlp(kind="mlp", hidden=(32,), dropout=0.1), CIFAR, 10, seed=0)
    assert translate(module, CIFAR).stages[0].kind == "convolution"


@pytest.mark.parametrize(("network", "hidden"), [*product(SMALL, [64]), (CONVNET, 256), (VIT, 192)])
def test_it_is_explained_as_lenet_is(network: BuiltIn, hidden: int) -> None:
    module = build(network, (3, 16, 16), 4, seed=0).eval()
    images, targets = torch.randn(3, 3, 16, 16), torch.tensor([0, 1, 2])
    pooled = last_hidden(module, images)
    assert pooled.shape == (3, hidden)  # over all pixels, before the classes
    fc = module.get_submodule("fc")
    torch.testing.assert_close(fc(pooled), module(images))

    maps = integrated_gradients(module, images, targets, steps=128)
    with torch.no_grad():
        each, mean = (torch.log_softmax(module(x), dim=1) for x in (images, images[:1] * 0))
    expected = each[torch.arange(3), targets] - mean[0, targets]
    torch.testing.assert_close(maps.sum(dim=(1, 2)), expected, rtol=0.05, atol=0.02)
    assert occlusion(module, images, targets).shape == (3, 16, 16)
    assert all(p.grad is None for p in module.parameters())

    changed = dict(intervened(images, torch.arange(3), (0.5,) * 3, (0.25,) * 3))
    assert changed.keys() == {change.name for change in interventions(3)}
    assert all(module(x).shape == (3, 4) for x in changed.values())
