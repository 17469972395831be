"""Stochastic depth: which branches are left out, how often, and that nothing else changes."""

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from torch import Tensor, nn

from augmentation.torchvision_oracle import torchvision_transforms
from effort import examples
from paribus.engine.vocabulary import UnsupportedLayer, translate
from paribus.network.build import build, build_and_describe
from paribus.network.residual import Block, StochasticDepth
from paribus.study.networks import Network

KINDS = [
    {"kind": "resnet20"},
    {"kind": "resnet18"},
    {"kind": "wide_resnet", "depth": 10, "widen": 1},
    {"kind": "vit_tiny", "patch": 8},
    {"kind": "convnext_atto"},
]
SHAPE = (3, 16, 16)


def network(**keys: Any) -> Any:
    return TypeAdapter(Network).validate_python(keys)


def rates(module: nn.Module) -> list[float]:
    kept = [block.kept for block in module.modules() if isinstance(block, Block)]
    return [layer.rate if isinstance(layer, StochasticDepth) else 0.0 for layer in kept]


@examples(100)
@given(st.floats(0.01, 0.95), st.integers(1, 200), st.integers(0, 99))
def test_a_branch_is_left_out_or_made_up_for_image_by_image(
    rate: float, images: int, seed: int
) -> None:
    branch = torch.full((images, 2, 3, 1), 5.0)
    torch.manual_seed(seed)
    left = StochasticDepth(rate)(branch)
    torch.manual_seed(seed)
    stays = torch.empty(images, 1, 1, 1).bernoulli_(1 - rate).flatten() > 0
    assert torch.equal(left[~stays], torch.zeros_like(branch[~stays]))
    torch.testing.assert_close(left[stays], branch[stays] / (1 - rate))


def test_it_leaves_out_as_many_as_it_should_and_keeps_the_mean() -> None:
    torch.manual_seed(0)
    left = StochasticDepth(0.3)(torch.ones(100_000, 1))
    assert float((left == 0).double().mean()) == pytest.approx(0.3, abs=0.01)
    assert float(left.mean()) == pytest.approx(1, abs=0.01)


def test_it_draws_what_torchvision_does() -> None:
    torchvision_transforms()  # imports it beside any build of PyTorch
    stochastic_depth = pytest.importorskip("torchvision.ops").stochastic_depth
    branch = torch.randn(64, 3, 4, 4)
    torch.manual_seed(1)
    theirs = stochastic_depth(branch, 0.4, "row", training=True)
    torch.manual_seed(1)
    torch.testing.assert_close(StochasticDepth(0.4)(branch), theirs, rtol=0, atol=0)


@pytest.mark.parametrize("keys", KINDS, ids=lambda keys: str(keys["kind"]))
def test_rates_rise_evenly_to_that_of_the_last_block(keys: dict[str, Any]) -> None:
    found = rates(build(network(**keys, stochastic_depth=0.6), SHAPE, 4, seed=0))
    blocks = len(found)
    assert found == pytest.approx([0.6 * number / blocks for number in range(1, blocks + 1)])


@pytest.mark.parametrize("keys", KINDS, ids=lambda keys: str(keys["kind"]))
def test_all_else_is_as_without_it(keys: dict[str, Any]) -> None:
    with_it, without = (
        build_and_describe(network(**keys, **more), SHAPE, 4, seed=0)
        for more in ({"stochastic_depth": 0.5}, {})
    )
    assert with_it[1] == without[1]
    states = with_it[0].state_dict(), without[0].state_dict()
    assert states[0].keys() == states[1].keys()
    images = torch.randn(4, *SHAPE)
    answers = [module.eval()(images) for module, _ in (with_it, without)]
    torch.testing.assert_close(*answers, rtol=0, atol=0)


@pytest.mark.parametrize("keys", KINDS, ids=lambda keys: str(keys["kind"]))
def test_in_training_it_follows_torchs_generator(keys: dict[str, Any]) -> None:
    module = build(network(**keys, stochastic_depth=0.9), SHAPE, 4, seed=0)
    if keys["kind"] == "convnext_atto":  # whose branches begin with a factor of 1e-6
        for name, parameter in module.named_parameters():
            if "scale" in name:
                nn.init.ones_(parameter)
    images = torch.randn(8, *SHAPE)

    def answer(seed: int) -> Tensor:
        torch.manual_seed(seed)
        return module(images)  # type: ignore[no-any-return]  # a Tensor

    first = answer(1)
    assert torch.equal(first, answer(1))
    assert not torch.allclose(first, answer(2))


def test_where_it_is_off_records_dont_say_so() -> None:
    assert network(kind="resnet20").model_dump() == {"kind": "resnet20"}
    said = network(kind="resnet20", stochastic_depth=0.1).model_dump()
    assert said == {"kind": "resnet20", "stochastic_depth": 0.1}


def test_the_native_engine_doesnt_train_it() -> None:
    module = build(network(kind="resnet20", stochastic_depth=0.1), SHAPE, 4, seed=0)
    with pytest.raises(UnsupportedLayer):
        translate(module, SHAPE)
