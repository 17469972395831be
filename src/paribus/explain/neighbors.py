"""The training images that a network finds most similar to a test image."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import normalize
from torch.nn.utils.parametrize import is_parametrized

from paribus.data.batches import Batches
from paribus.errors import NetworkError
from paribus.records.types import Integers
from paribus.training.predict import BATCH, answers, evaluating

#: Kept per run: enough that those shared by most runs are among them.
COUNT = 20
#: Decimals of a similarity, so that equal images tie although sums differ in their last bits.
DECIMALS = 6


def last_hidden(network: nn.Module, images: Tensor) -> Tensor:
    """The input (n, d) of the last layer with parameters, in evaluation mode.

    "Last" is the order of execution. For LeNet-5 these are the 84 activations before the classes.
    Images are normalized, (n, channels, height, width).

    Raises:
        NetworkError: if the network, or a part of it, is scripted.
    """
    if any(isinstance(layer, torch.jit.ScriptModule) for layer in network.modules()):
        raise NetworkError(
            "torch.jit.script hides what the layers of this network get, so its nearest training "
            "images and maps are missing. Return the network without scripting it."
        )
    with evaluating(network), torch.no_grad():
        return torch.cat([_hidden(network, part) for part in torch.split(images, BATCH)])


def nearest(
    network: nn.Module, batches: Batches, index: Integers, training: Integers, count: int = COUNT
) -> tuple[Integers, Integers]:
    """The training images most similar to each image, by the cosine of their `last_hidden`.

    An image whose activations are all zero has similarity 0 to all others.

    Args:
        index: (m,) numbers of the images to explain.
        training: (n,) numbers of the training images.

    Returns:
        Their numbers and classes, both (m, min(count, n)), the nearest first; ties by number.
    """
    ours = _directions(network, batches, torch.from_numpy(index))
    similarity = torch.empty(len(index), 0)
    numbers = torch.empty(len(index), 0, dtype=torch.int64)
    # Ascending, so that a stable sort leaves ties in the order of their numbers.
    for part in torch.split(torch.from_numpy(np.sort(training)), BATCH):
        new = (ours @ _directions(network, batches, part).T).round(decimals=DECIMALS)
        similarity = torch.cat([similarity, new], dim=1)
        numbers = torch.cat([numbers, part.expand(len(index), -1)], dim=1)
        similarity, order = similarity.sort(dim=1, descending=True, stable=True)
        similarity, order = similarity[:, :count], order[:, :count]
        numbers = numbers.gather(1, order)
    return numbers.numpy(), batches.labels(numbers).cpu().numpy()


def _directions(network: nn.Module, batches: Batches, index: Tensor) -> Tensor:
    """Hidden activations (n, d) of length 1, or 0 where all are zero, on the processor."""
    parts = [last_hidden(network, batches.images(part)) for part in torch.split(index, BATCH)]
    return normalize(torch.cat(parts).cpu())


def _hidden(network: nn.Module, images: Tensor) -> Tensor:
    """One batch's activations; the images themselves if no layer has parameters."""
    hidden = images

    def keep(_: nn.Module, given: tuple[Any, ...], named: dict[str, Any]) -> None:
        nonlocal hidden
        first = next(iter((*given, *named.values())), None)
        # An inner layer may get something else than one row per image.
        if isinstance(first, Tensor) and first.shape[:1] == images.shape[:1]:
            hidden = first

    # Layers with parameters of their own, not containers of such layers.
    layers = [
        layer
        for layer in network.modules()
        if is_parametrized(layer) or any(True for _ in layer.parameters(recurse=False))
    ]
    hooks = [layer.register_forward_pre_hook(keep, with_kwargs=True) for layer in layers]
    try:
        answers(network, images)
    finally:
        for hook in hooks:
            hook.remove()
    return hidden.flatten(1).float()
