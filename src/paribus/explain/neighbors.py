"""The training images that a network finds most like a test image."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import normalize
from torch.nn.utils.parametrize import is_parametrized

from paribus.data.batches import Batches
from paribus.records.types import Integers
from paribus.training.predict import BATCH

#: So many are kept of each run, for those that most runs share to be among them.
COUNT = 20
#: Similarities are compared to so many decimals: equal images get equal ones, although
#: sums in another order differ in their last bits.
DECIMALS = 6


def last_hidden(network: nn.Module, images: Tensor) -> Tensor:
    """What the last layer with parameters is given, in evaluation mode: (n, d).

    That is the layer that runs last, whatever comes first in the module. For LeNet-5 these are
    the 84 activations before its classes.

    Args:
        images: (n, channels, height, width), normalized.
    """
    was_training = network.training
    network.eval()
    try:
        with torch.inference_mode():
            return torch.cat([_hidden(network, part) for part in torch.split(images, BATCH)])
    finally:
        network.train(was_training)


def nearest(
    network: nn.Module, batches: Batches, index: Integers, training: Integers, count: int = COUNT
) -> tuple[Integers, Integers]:
    """The training images most like each image, by the angle between their `last_hidden`.

    Similarity is the cosine; it is 0 with an image that no unit of the layer answers to.

    Args:
        images: (m,) numbers of the images to explain.
        training: (n,) numbers of the training images.

    Returns:
        Their numbers and their classes, both (m, count) or (m, n) if n is less. The nearest
        come first; of equally near ones the lowest number.
    """
    ours = _directions(network, batches, torch.from_numpy(index))
    similarity = torch.empty(len(index), 0)
    numbers = torch.empty(len(index), 0, dtype=torch.int64)
    # Ascending, so that a stable sort leaves equals in the order of their numbers.
    for part in torch.split(torch.from_numpy(np.sort(training)), BATCH):
        new = (ours @ _directions(network, batches, part).T).round(decimals=DECIMALS)
        similarity = torch.cat([similarity, new], dim=1)
        numbers = torch.cat([numbers, part.expand(len(index), -1)], dim=1)
        similarity, order = similarity.sort(dim=1, descending=True, stable=True)
        similarity, order = similarity[:, :count], order[:, :count]
        numbers = numbers.gather(1, order)
    return numbers.numpy(), batches.labels(numbers).numpy()


def _directions(network: nn.Module, batches: Batches, index: Tensor) -> Tensor:
    """Hidden activations (n, d) of length one, or zero where all of them are."""
    parts = [last_hidden(network, batches.images(part)) for part in torch.split(index, BATCH)]
    return normalize(torch.cat(parts))


def _hidden(network: nn.Module, images: Tensor) -> Tensor:
    """One batch's; the images themselves if no layer with parameters runs on them."""
    hidden = images

    def keep(_: nn.Module, given: tuple[Any, ...], named: dict[str, Any]) -> None:
        nonlocal hidden
        first = next(iter((*given, *named.values())), None)
        # A layer inside may be given something else than one row an image.
        if isinstance(first, Tensor) and first.shape[:1] == images.shape[:1]:
            hidden = first

    hooks = [
        layer.register_forward_pre_hook(keep, with_kwargs=True)
        for layer in _with_parameters(network)
    ]
    try:
        network(images.clone())
    finally:
        for hook in hooks:
            hook.remove()
    return hidden.flatten(1).float()


def _with_parameters(network: nn.Module) -> list[nn.Module]:
    """The layers that own parameters, not those that only hold such layers."""
    return [
        layer
        for layer in network.modules()
        if is_parametrized(layer) or any(True for _ in layer.parameters(recurse=False))
    ]
