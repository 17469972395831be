"""ViT-Tiny and ConvNeXt-Atto, part by part against PyTorch's own, and whole against timm's."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, gelu, layer_norm

from network.timm_oracle import timm_library
from paribus.errors import NetworkError
from paribus.network.build import build, build_and_describe
from paribus.network.convnext import ConvNextBlock
from paribus.network.vit import TransformerBlock
from paribus.study.networks import ConvNeXtAtto, ViTTiny

VIT = ViTTiny(kind="vit_tiny")
CONVNEXT = ConvNeXtAtto(kind="convnext_atto")


@pytest.fixture(autouse=True)
def _same_numbers() -> None:
    torch.manual_seed(0)


def test_a_transformer_block_is_the_one_that_pytorch_has() -> None:
    ours = TransformerBlock().eval()
    for parameter in ours.parameters():
        nn.init.normal_(parameter, std=0.1)
    theirs = nn.TransformerEncoderLayer(
        192, 3, 768, 0.0, "gelu", layer_norm_eps=1e-6, batch_first=True, norm_first=True
    )
    names = {
        "self_attn.in_proj_": "attention.qkv.",
        "self_attn.out_proj.": "attention.project.",
        "linear1.": "fc1.",
        "linear2.": "fc2.",
        "norm1.": "norm1.",
        "norm2.": "norm2.",
    }
    state = ours.state_dict()
    theirs.load_state_dict(
        {
            their + end: state[our + end]
            for their, our in names.items()
            for end in ("weight", "bias")
        }
    )
    tokens = torch.randn(2, 17, 192)
    torch.testing.assert_close(ours(tokens), theirs.train()(tokens))


def test_a_convnext_block_is_its_formula() -> None:
    block = ConvNextBlock(5)
    weights = {name: torch.randn_like(p) for name, p in block.named_parameters()}
    block.load_state_dict(weights)
    images = torch.randn(2, 5, 9, 8)
    hidden = conv2d(images, weights["conv.weight"], weights["conv.bias"], padding=3, groups=5)
    for n, y, x in [(0, 0, 0), (1, 8, 7), (1, 4, 2)]:
        pixel = layer_norm(hidden[n, :, y, x], (5,), weights["norm.weight"], weights["norm.bias"])
        wide = gelu(weights["fc1.weight"] @ pixel + weights["fc1.bias"])
        branch = weights["fc2.weight"] @ wide + weights["fc2.bias"]
        expected = images[n, :, y, x] + weights["scale.weight"] * branch
        torch.testing.assert_close(block(images)[n, :, y, x], expected, rtol=1e-4, atol=1e-4)


def test_they_have_the_published_numbers_of_parameters() -> None:
    # DeiT-Tiny has 5,717,416 with patches of 16x16 and 1,000 classes (timm), ConvNeXt-Atto "3.7M".
    large = (3, 224, 224)
    vit = build_and_describe(ViTTiny(kind="vit_tiny", patch=16), large, 1000, seed=0)[1]
    assert vit.parameters == 5_717_416
    convnext = build_and_describe(CONVNEXT.model_copy(update={"patch": 4}), large, 1000, seed=0)[1]
    assert convnext.parameters == 3_695_520


def test_blocks_are_a_line_for_each_stage() -> None:
    assert build_and_describe(VIT, (3, 32, 32), 10, seed=0)[1].layers == (
        "Conv-Tokens",
        "12 x transformer block 192",
        "LayerNorm-class token",
        "FC",
    )
    layers = build_and_describe(CONVNEXT, (3, 32, 32), 10, seed=0)[1].layers
    assert [layer for layer in layers if "block" in layer] == [
        "2 x ConvNeXt block 40",
        "2 x ConvNeXt block 80",
        "6 x ConvNeXt block 160",
        "2 x ConvNeXt block 320",
    ]


@pytest.mark.parametrize(("size", "patch"), [((32, 30), 4), ((33, 32), 16)])
def test_images_that_patches_dont_cover_are_refused(size: tuple[int, int], patch: int) -> None:
    message = f"multiples of patch, {patch}, got {size[0]}x{size[1]}. Set network.patch or"
    with pytest.raises(NetworkError, match=message):
        build(ViTTiny(kind="vit_tiny", patch=patch), (3, *size), 10, seed=0)


def test_a_larger_patch_needs_larger_images() -> None:
    with pytest.raises(NetworkError, match="at least 32x32 pixels, got 31x40"):
        build(CONVNEXT.model_copy(update={"patch": 4}), (3, 31, 40), 10, seed=0)


def test_dense_layers_start_as_transformers_do() -> None:
    module = build(VIT, (3, 32, 32), 10, seed=0)
    weight = module.get_parameter("blocks.3.fc1.weight").detach()
    assert float(weight.std()) == pytest.approx(0.02, rel=0.01)
    assert not module.get_parameter("blocks.3.fc1.bias").any()
    positions = module.get_parameter("tokens.positions").detach()
    assert float(positions.std()) == pytest.approx(0.02, rel=0.03)
    scale = build(CONVNEXT, (3, 32, 32), 10, seed=0).get_parameter("stage3.0.scale.weight")
    assert torch.equal(scale.detach(), torch.full((160,), 1e-6))


# ---- whole networks --------------------------------------------------------------------------


def randomized(module: nn.Module) -> nn.Module:
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.1)
    return module.eval()


def in_order(ours: nn.Module, theirs: nn.Module) -> nn.Module:
    """Theirs with our values: both register the same parameters in the same order."""
    values = [*ours.parameters()]
    shapes = [p.shape for p in theirs.parameters()]
    assert [value.numel() for value in values] == [shape.numel() for shape in shapes]
    with torch.no_grad():
        for parameter, value in zip(theirs.parameters(), values, strict=True):
            parameter.copy_(value.reshape(parameter.shape))
    return theirs.eval()


def test_vit_tiny_answers_as_timms_does() -> None:
    timm = timm_library()
    ours = randomized(build(VIT, (3, 32, 24), 7, seed=0))
    theirs = timm.create_model(
        "deit_tiny_patch16_224", img_size=(32, 24), patch_size=4, num_classes=7
    )
    first = ["tokens.class_token", "tokens.positions", "conv.weight", "conv.bias"]
    state = dict(ours.named_parameters())
    ordered = [state.pop(name) for name in first] + [*state.values()]
    answers_alike(ours, in_order(nn.ParameterList(ordered), theirs), torch.randn(3, 3, 32, 24))


def test_convnext_atto_answers_as_timms_does() -> None:
    timm = timm_library()
    ours = randomized(build(CONVNEXT.model_copy(update={"patch": 4}), (3, 64, 32), 7, seed=0))
    theirs = timm.create_model("convnext_atto", num_classes=7)
    ordered: list[nn.Parameter] = []
    for name, value in ours.named_parameters():
        # Theirs registers the scale of a block, "gamma", before all else.
        ordered.insert(len(ordered) - 8 if name.endswith("scale.weight") else len(ordered), value)
    answers_alike(ours, in_order(nn.ParameterList(ordered), theirs), torch.randn(3, 3, 64, 32))


def answers_alike(ours: nn.Module, theirs: nn.Module, images: Tensor) -> None:
    with torch.no_grad():
        torch.testing.assert_close(ours(images), theirs(images), rtol=1e-3, atol=1e-3)
