"""The networks of timm (pytorch-image-models), by name: an extra, and never a download."""

import importlib
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from torch import Tensor, nn

from paribus.errors import NetworkError, first_line
from paribus.network.own import located
from paribus.network.randomness import seed_generators
from paribus.network.users import Shape, answer
from paribus.study.faults import meant
from paribus.study.networks import TimmNetwork


def build_timm(network: TimmNetwork, shape: Shape, classes: int, seed: int) -> nn.Module:
    """A network of timm for images of `shape`, with timm's own initial values.

    They are drawn in one stream, in the order in which it is built.

    Raises:
        NetworkError: timm can't be imported, has no such network, or can't build it so.
    """
    seed_generators(seed, "initial values")
    module = create(network, shape, classes)
    answer(network.kind, module, shape, classes)
    return module


def create(network: TimmNetwork, shape: Shape, classes: int, **loading: Any) -> nn.Module:
    """A network of timm as it comes, of other generators' states; `loading` goes to it as well.

    Raises:
        NetworkError: as `build_timm`.
    """
    timm, name, (channels, *sides) = _timm(network.kind), network.name, shape
    if not timm.is_model(name):
        raise NetworkError(f"{network.kind}: timm has no {name!r}{meant(name, timm.list_models())}")
    try:
        fixed = timm.get_pretrained_cfg(name).fixed_input_size
        size = {"img_size": tuple(sides)} if fixed else {}
        module: nn.Module = timm.create_model(
            name, num_classes=classes, in_chans=channels, **size, **network.arguments, **loading
        )
    except Exception as error:  # each network refuses sizes and arguments in its own way
        why = f"timm can't build it for images of shape {shape}: {located(error)}"
        raise NetworkError(f"{network.kind}: {why}") from error
    return module


def classifiers(module: nn.Module) -> tuple[str, ...]:
    """The names of the layers of a network of timm that give the classes."""
    names: Any = getattr(module, "pretrained_cfg", {}).get("classifier") or ()
    return (names,) if isinstance(names, str) else tuple(names)


def adapted(
    network: TimmNetwork, shape: Shape, classes: int, state: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """A file's weights as timm changes them for other channels and sizes, but for the classes'.

    Raises:
        NetworkError: timm can't.
    """
    overlay = {"state_dict": dict(state), "num_classes": 0}
    module = create(network, shape, classes, pretrained=True, pretrained_cfg_overlay=overlay)
    return module.state_dict()


def timm_version() -> str:
    """The version of timm, which decides what its names mean; "" where it isn't installed."""
    try:
        return version("timm")
    except PackageNotFoundError:
        return ""


@cache
def _timm(kind: str) -> Any:
    try:
        return importlib.import_module("timm")
    except ModuleNotFoundError:
        raise NetworkError(f"{kind} needs timm: pip install 'paribus[timm]'") from None
    except Exception as error:  # a torchvision that was compiled for another torch
        why = f"timm can't be imported beside this torch ({first_line(error)})"
        raise NetworkError(
            f"{kind}: {why}: pip install torch torchvision 'paribus[timm]'"
        ) from None
