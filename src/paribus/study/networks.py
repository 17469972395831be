"""The networks of a study file: those that Paribus has, and the user's own."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Discriminator, Field, StringConstraints, Tag

from paribus.io.strict_json import require_finite
from paribus.study.data import TypedPath
from paribus.study.sections import Section, Share, short_for

#: A name of parameters, in which * stands for anything.
Pattern = Annotated[str, StringConstraints(min_length=1, max_length=300)]


Pretrained = Annotated[
    TypedPath | None,
    Field(
        description="What the network begins with: a safetensors file, or the folder of a run's "
        "record.",
        exclude_if=lambda path: path is None,
    ),
]
Freeze = Annotated[
    tuple[Pattern, ...],
    Field(
        description="Patterns of the names of parameters that aren't trained.",
        strict=False,
        exclude_if=lambda names: not names,
    ),
]
Dropout = Annotated[
    Share, Field(description="How often a unit is left out in training, for an image.")
]


class LeNet5(Section):
    """LeNet-5 with ReLU and max pooling, as in the reference study.

    Attributes:
        batch_norm: whether batch normalization comes before each ReLU.
    """

    kind: Literal["lenet5"] = "lenet5"
    batch_norm: bool = False
    dropout: Dropout = 0.0
    pretrained: Pretrained = None
    freeze: Freeze = ()


#: Units of a hidden layer.
Width = Annotated[int, Field(ge=1, le=65_536)]


class Mlp(Section):
    """Dense layers alone, `hidden` units in each but the last, with ReLU (`network.mlp`).

    Attributes:
        hidden: units of each hidden layer; none for logistic regression.
    """

    kind: Literal["mlp"]
    hidden: Annotated[tuple[Width, ...], Field(strict=False, max_length=64)] = (800,)
    dropout: Dropout = 0.0
    pretrained: Pretrained = None
    freeze: Freeze = ()


class ConvNet(Section):
    """A small convolutional network that learns fast (`network.convnet`)."""

    kind: Literal["convnet"]
    pretrained: Pretrained = None
    freeze: Freeze = ()


StochasticDepth = Annotated[
    Share,
    Field(
        description="How often the last residual branch is left out in training, for an image; "
        "earlier ones less often.",
        exclude_if=lambda rate: rate == 0,
    ),
]


class CifarResNet(Section):
    """The residual networks of He et al. for small images (`network.cifar_resnet`)."""

    kind: Literal["resnet20", "resnet32", "resnet56"]
    stochastic_depth: StochasticDepth = 0.0
    pretrained: Pretrained = None
    freeze: Freeze = ()


class ResNet(Section):
    """The residual networks of He et al. with a stem for small images (`network.resnet`)."""

    kind: Literal["resnet18", "resnet34"]
    stochastic_depth: StochasticDepth = 0.0
    pretrained: Pretrained = None
    freeze: Freeze = ()


def _six_n_and_four(depth: int) -> int:
    if depth % 6 != 4:
        raise ValueError("10, 16, 22, 28 or another 6n + 4")
    return depth


class WideResNet(Section):
    """Wide residual networks (`network.wide_resnet`), by default WRN-16-4.

    Attributes:
        depth: 6n + 4 layers.
        widen: how many times as many channels as a narrow one has.
    """

    kind: Literal["wide_resnet"]
    depth: Annotated[int, Field(ge=10, le=100), AfterValidator(_six_n_and_four)] = 16
    widen: Annotated[int, Field(ge=1, le=20)] = 4
    dropout: Dropout = 0.0
    stochastic_depth: StochasticDepth = 0.0
    pretrained: Pretrained = None
    freeze: Freeze = ()


Patch = Annotated[
    int,
    Field(
        ge=1,
        le=64,
        description="Pixels of a side of the squares that the first layer takes.",
    ),
]


class ViTTiny(Section):
    """A vision transformer with the layers of DeiT-Tiny (`network.vit`)."""

    kind: Literal["vit_tiny"]
    patch: Patch = 4
    stochastic_depth: StochasticDepth = 0.0
    pretrained: Pretrained = None
    freeze: Freeze = ()


class ConvNeXtAtto(Section):
    """The smallest ConvNeXt, with a stem for small images (`network.convnext`)."""

    kind: Literal["convnext_atto"]
    patch: Patch = 2
    stochastic_depth: StochasticDepth = 0.0
    pretrained: Pretrained = None
    freeze: Freeze = ()


def _finite(arguments: dict[str, Any]) -> dict[str, Any]:
    # NaN would make a configuration differ from itself, and JSON has neither.
    try:
        require_finite(arguments)
    except ValueError as error:
        number = str(error).rpartition(" ")[2]
        raise ValueError(f"finite numbers throughout, without {number}") from None
    return arguments


#: How a user's network is named.
OWN = "package.module:callable"


class OwnNetwork(Section):
    """A network of your own: a function or class that gives a module.

    It is called with `channels`, `height`, `width`, `classes` and `arguments`.

    Attributes:
        arguments: what else it is called with.
    """

    kind: Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_][\w.]*$")]
    arguments: Annotated[dict[str, Any], AfterValidator(_finite)] = Field(default_factory=dict)
    pretrained: Pretrained = None
    freeze: Freeze = ()


#: How a network of timm is named.
TIMM = "timm:NAME"
#: What Paribus gives timm's networks itself, and what would read weights from elsewhere.
_NOT_ARGUMENTS = {"num_classes", "in_chans", "img_size", "pretrained", "pretrained_cfg"}
_NOT_ARGUMENTS |= {"pretrained_cfg_overlay", "checkpoint_path", "cache_dir", "features_only"}


def _timm_name(kind: str) -> str:
    if not re.fullmatch(r"timm:[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)?", kind):
        raise ValueError("timm: and a name of its list, as timm:resnet18 or timm:resnet18.a1_in1k")
    return kind


def _timm_arguments(arguments: dict[str, Any]) -> dict[str, Any]:
    if refused := sorted(_NOT_ARGUMENTS & arguments.keys()):
        raise ValueError(f"arguments without {', '.join(refused)}, which Paribus sets")
    return arguments


class TimmNetwork(Section):
    """A network of timm (pytorch-image-models), which may have arguments of its own.

    Attributes:
        arguments: what timm's own function is called with.
    """

    kind: Annotated[str, AfterValidator(_timm_name)]
    arguments: Annotated[
        dict[str, Any], AfterValidator(_finite), AfterValidator(_timm_arguments)
    ] = Field(default_factory=dict)
    pretrained: Pretrained = None
    freeze: Freeze = ()

    @property
    def name(self) -> str:
        """As timm has it."""
        return self.kind.removeprefix("timm:")


#: What Paribus builds itself; those that add up branches, and all.
Residual = CifarResNet | ResNet | WideResNet | ViTTiny | ConvNeXtAtto
BuiltIn = LeNet5 | Mlp | ConvNet | Residual
AnyNetwork = BuiltIn | TimmNetwork | OwnNetwork

#: The section of every network, by how a study names it.
NETWORKS: dict[str, type[Section]] = {
    "lenet5": LeNet5,
    "mlp": Mlp,
    "convnet": ConvNet,
    **dict.fromkeys(("resnet20", "resnet32", "resnet56"), CifarResNet),
    **dict.fromkeys(("resnet18", "resnet34"), ResNet),
    "wide_resnet": WideResNet,
    "vit_tiny": ViTTiny,
    "convnext_atto": ConvNeXtAtto,
    TIMM: TimmNetwork,
    OWN: OwnNetwork,
}


def _tag(value: Any) -> str:
    kind = value.get("kind", "lenet5") if isinstance(value, dict) else getattr(value, "kind", "")
    if isinstance(kind, str) and ":" in kind:
        return TIMM if kind.startswith("timm:") else OWN
    return str(kind)


Network = Annotated[
    Annotated[LeNet5, Tag("lenet5")]
    | Annotated[Mlp, Tag("mlp")]
    | Annotated[ConvNet, Tag("convnet")]
    | Annotated[CifarResNet, Tag("resnet20")]
    | Annotated[CifarResNet, Tag("resnet32")]
    | Annotated[CifarResNet, Tag("resnet56")]
    | Annotated[ResNet, Tag("resnet18")]
    | Annotated[ResNet, Tag("resnet34")]
    | Annotated[WideResNet, Tag("wide_resnet")]
    | Annotated[ViTTiny, Tag("vit_tiny")]
    | Annotated[ConvNeXtAtto, Tag("convnext_atto")]
    | Annotated[TimmNetwork, Tag(TIMM)]
    | Annotated[OwnNetwork, Tag(OWN)],
    Discriminator(_tag),
    short_for("lenet5"),
]
