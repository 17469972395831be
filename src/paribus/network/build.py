"""From a setting and a seed to a module with its initial values."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import sys
from pathlib import Path
from typing import Any

import torch
from torch import nn

from paribus.errors import NetworkError
from paribus.network.lenet import lenet5
from paribus.streams import torch_seed
from paribus.study.config import LeNet5, OwnNetwork

Shape = tuple[int, int, int]


def build(network: LeNet5 | OwnNetwork, shape: Shape, classes: int, seed: int) -> nn.Module:
    """Build a network for images of `shape` (channels, height, width), initialized by `seed`.

    LeNet-5's layers draw from a stream each, named after the layer: layers of the same name
    and shape start equal in every setting. A user's own module draws from one stream in the
    order in which it is built, since only it knows how it wants to be initialized.

    Raises:
        NetworkError: if it can't be built or doesn't give (n, classes).
    """
    if isinstance(network, LeNet5):
        module: nn.Module = lenet5(
            *shape, classes, batch_norm=network.batch_norm, dropout=network.dropout
        )
        _initialize_by_name(module, seed)
        return module
    return _own(network, shape, classes, seed)


def _initialize_by_name(module: nn.Module, seed: int) -> None:
    """Draw every layer's PyTorch-default initial values from the layer's own stream."""
    for name, layer in module.named_modules():
        if hasattr(layer, "reset_parameters"):
            torch.manual_seed(torch_seed(seed, "initial values", name))
            layer.reset_parameters()


def _own(network: OwnNetwork, shape: Shape, classes: int, seed: int) -> nn.Module:
    function = _import(network.kind)
    channels, height, width = shape
    torch.manual_seed(torch_seed(seed, "initial values"))
    try:
        module = function(
            channels=channels, height=height, width=width, classes=classes, **network.arguments
        )
    except Exception as error:  # a stranger's code may raise anything
        raise NetworkError(f"{network.kind} failed: {type(error).__name__}: {error}") from error
    if not isinstance(module, nn.Module):
        came = type(module).__name__
        raise NetworkError(f"{network.kind} should return a torch.nn.Module; {came} came")
    _check_output(network.kind, module, shape, classes)
    return module


def source_digest(network: LeNet5 | OwnNetwork) -> str | None:
    """SHA-256 of the file that a user's own network is written in; None for Paribus's own."""
    if isinstance(network, LeNet5):
        return None
    source = inspect.getsourcefile(inspect.unwrap(_import(network.kind)))
    return hashlib.sha256(Path(source).read_bytes()).hexdigest() if source else None


def _import(kind: str) -> Any:
    module, _, name = kind.partition(":")
    # As `python -m` does: a module beside the user's working directory can be named.
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise NetworkError(
            f"network.kind {kind}: {error}. It is looked for in the current folder and among "
            "the installed packages."
        ) from error


def _check_output(kind: str, module: nn.Module, shape: Shape, classes: int) -> None:
    module.eval()
    try:
        with torch.inference_mode():
            output = module(torch.zeros(2, *shape))
    except Exception as error:  # a stranger's code may raise anything
        raise NetworkError(
            f"{kind}: its module can't take images of shape {shape}: {error}"
        ) from error
    came = tuple(output.shape) if isinstance(output, torch.Tensor) else type(output).__name__
    if came != (2, classes):
        raise NetworkError(
            f"{kind}: for two images an output of shape {(2, classes)} is expected; {came} came"
        )
    module.train()
