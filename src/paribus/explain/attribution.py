"""Which pixels speak for a class: maps that explain a network's answers.

The networks may end in logits or in log probabilities; what is explained is always the log
probability of the target class. Maps are in nats.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d

from paribus.metrics.interventions import HALF, center
from paribus.training.predict import BATCH, Predict, evaluating

#: Points on the way from the mean image to the image. With so many, LeNet-5's maps
#: add up to what they explain but for a hundredth of it.
STEPS = 16
#: Sides of the patch that covers an image, and of its steps, as parts of the image's.
PATCH, STRIDE = 4, 8
#: A report shows maps no larger.
LARGEST_SIDE = 64


def integrated_gradients(
    network: nn.Module, images: Tensor, targets: Tensor, steps: int = STEPS
) -> Tensor:
    """What each pixel adds to the target's log probability, summed over its channels.

    The image times its gradient, averaged along the straight way from the mean image (all
    0) to the image (Sundararajan, Taly and Yan 2017, equation 1), by Gauss-Legendre
    quadrature. A map adds up to the target's log probability less that of the mean image.

    Args:
        images: (n, channels, height, width), normalized.
        targets: (n,) class numbers.
        steps: points of the quadrature.

    Returns:
        (n, height, width), in nats. Parameters and their gradients stay as they are.
    """
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    # From -1..1 to 0..1.
    way = list(zip(((nodes + 1) / 2).tolist(), (weights / 2).tolist(), strict=True))
    with evaluating(network), torch.inference_mode(False), torch.enable_grad():
        maps = [
            (its * sum(w * _gradient(network, a * its, target) for a, w in way)).sum(dim=1)
            for its, target in _batches(images, targets)
        ]
    return torch.cat(maps)


def occlusion(network: Predict, images: Tensor, targets: Tensor) -> Tensor:
    """What the target's log probability loses where a patch is covered by the mean color.

    The patch has a quarter of the image's sides and moves by an eighth (Zeiler and Fergus
    2014, section 4.2); the last ones are cut off at the edge. A pixel gets the mean over the
    patches that cover it.

    Args:
        images: (n, channels, height, width), normalized.
        targets: (n,) class numbers.

    Returns:
        (n, height, width), in nats; negative where covering helps.
    """
    with evaluating(network), torch.inference_mode():
        return torch.cat([_covered(network, *its) for its in _batches(images, targets)])


def pooled(maps: Tensor, side: int = LARGEST_SIDE) -> Tensor:
    """Maps (n, height, width) averaged down until neither side is longer than `side`."""
    height, width = maps.shape[1:]
    if max(height, width) <= side:
        return maps
    return adaptive_avg_pool2d(maps, (min(height, side), min(width, side)))


def outside(maps: Tensor) -> Tensor:
    """The share of each map's absolute values that lies outside the central half of the area.

    Args:
        maps: (n, height, width).

    Returns:
        (n,) from 0 to 1. A map of zeros points nowhere: its share is that of an even one.
    """
    top, left, height, width = center(maps.shape[1], maps.shape[2], HALF)
    weight = maps.abs()
    weight = torch.where(weight.sum(dim=(1, 2), keepdim=True) > 0, weight, 1.0)
    inside = weight[:, top : top + height, left : left + width].sum(dim=(1, 2))
    return 1 - inside / weight.sum(dim=(1, 2))


# ---- one batch ------------------------------------------------------------------------------


def _batches(images: Tensor, targets: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    return zip(torch.split(images, BATCH), torch.split(targets, BATCH), strict=True)


def _log_probability(network: Predict, images: Tensor, targets: Tensor) -> Tensor:
    """(n,), of each image's target class."""
    # A user's network may change its input in place.
    output = torch.log_softmax(network(images.clone()).float(), dim=1)
    return output.gather(1, targets[:, None]).squeeze(1)


def _gradient(network: nn.Module, images: Tensor, targets: Tensor) -> Tensor:
    """(n, channels, height, width), of the target's log probability; parameters get none."""
    images = images.detach().requires_grad_()
    # Cloned: a tensor that was made in inference mode can't take part.
    chosen = _log_probability(network, images, targets.clone())
    (gradient,) = torch.autograd.grad(chosen.sum(), images)
    return gradient


def _covered(network: Predict, images: Tensor, targets: Tensor) -> Tensor:
    """(n, height, width), the mean loss at each pixel."""
    whole = _log_probability(network, images, targets)
    losses, times = torch.zeros_like(images[:, 0]), torch.zeros(images.shape[2:])
    for rows in _windows(images.shape[2]):
        for columns in _windows(images.shape[3]):
            covered = images.clone()
            covered[:, :, rows, columns] = 0
            loss = whole - _log_probability(network, covered, targets)
            losses[:, rows, columns] += loss[:, None, None]
            times[rows, columns] += 1
    return losses / times


def _windows(side: int) -> list[slice]:
    """Where the patch lies along a side, from end to end."""
    patch, stride = max(1, side // PATCH), max(1, side // STRIDE)
    last = -(-(side - patch) // stride)  # rounded up: the last may reach beyond the edge
    return [slice(n * stride, n * stride + patch) for n in range(last + 1)]
