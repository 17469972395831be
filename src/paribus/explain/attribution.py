"""Attribution: maps of how each pixel contributes to a network's prediction, in nats.

Networks may give logits or log probabilities; maps (n, height, width) always explain the log
probability of the target class. Images are normalized, (n, channels, height, width), and targets
(n,) are class numbers.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d

from paribus.metrics.interventions import HALF, center
from paribus.training.predict import BATCH, Predict, answers, evaluating

#: Points between the mean image and the image; with 16, LeNet-5's maps add up to what they
#: explain within 1 %.
STEPS = 16
#: The side of the occluding patch is 1/4 of the image's, its stride 1/8.
PATCH, STRIDE = 4, 8
#: Pixels of a map's side in a report.
LARGEST_SIDE = 64


def integrated_gradients(
    network: nn.Module, images: Tensor, targets: Tensor, steps: int = STEPS
) -> Tensor:
    """What each pixel adds to the target's log probability, summed over its channels.

    The image times its gradient, averaged along the straight line from the mean image (all 0)
    to the image (Sundararajan, Taly and Yan 2017, equation 1), by Gauss-Legendre quadrature. A
    map adds up to the target's log probability minus that of the mean image. Parameters and
    their gradients don't change.
    """
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    # From -1..1 to 0..1.
    path = list(zip(((nodes + 1) / 2).tolist(), (weights / 2).tolist(), strict=True))
    with evaluating(network), torch.inference_mode(False), torch.enable_grad():
        maps = [
            (x * sum(w * _gradient(network, a * x, target) for a, w in path)).sum(dim=1)
            for x, target in _batches(images, targets)
        ]
    return torch.cat(maps)


def occlusion(network: Predict, images: Tensor, targets: Tensor) -> Tensor:
    """What the target's log probability loses where a patch has the mean color.

    The patch has a quarter of the image's sides and moves by an eighth (Zeiler and Fergus 2014,
    section 4.2); the last ones are cut at the edge. A pixel gets the mean over its patches,
    negative where covering helps.
    """
    with evaluating(network), torch.no_grad():
        return torch.cat([_occluded(network, *batch) for batch in _batches(images, targets)])


def pooled(maps: Tensor, side: int = LARGEST_SIDE) -> Tensor:
    """Maps (n, height, width) averaged down to sides of at most `side`."""
    height, width = maps.shape[1:]
    if max(height, width) <= side:
        return maps
    return adaptive_avg_pool2d(maps, (min(height, side), min(width, side)))


def outside(maps: Tensor) -> Tensor:
    """(n,) the share of each map's absolute values outside the central half of the area.

    A map of zeros counts as uniform.
    """
    top, left, height, width = center(maps.shape[1], maps.shape[2], HALF)
    weight = maps.abs()
    weight = torch.where(weight.sum(dim=(1, 2), keepdim=True) > 0, weight, 1.0)
    inside = weight[:, top : top + height, left : left + width].sum(dim=(1, 2))
    return 1 - inside / weight.sum(dim=(1, 2))


def _batches(images: Tensor, targets: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    return zip(torch.split(images, BATCH), torch.split(targets, BATCH), strict=True)


def _log_probability(network: Predict, images: Tensor, targets: Tensor) -> Tensor:
    """(n,) log probabilities of each image's target class."""
    output = torch.log_softmax(answers(network, images).float(), dim=1)
    return output.gather(1, targets[:, None]).squeeze(1)


def _gradient(network: nn.Module, images: Tensor, targets: Tensor) -> Tensor:
    """(n, channels, height, width) of the target's log probability; parameters get none."""
    images = images.detach().requires_grad_()
    # Cloned: tensors made in inference mode don't work with autograd.
    chosen = _log_probability(network, images, targets.clone())
    (gradient,) = torch.autograd.grad(chosen.sum(), images)
    return gradient


def _occluded(network: Predict, images: Tensor, targets: Tensor) -> Tensor:
    """(n, height, width): the mean loss at each pixel."""
    whole = _log_probability(network, images, targets)
    losses, times = torch.zeros_like(images[:, 0]), images.new_zeros(images.shape[2:])
    for rows in _windows(images.shape[2]):
        for columns in _windows(images.shape[3]):
            covered = images.clone()
            covered[:, :, rows, columns] = 0
            loss = whole - _log_probability(network, covered, targets)
            losses[:, rows, columns] += loss[:, None, None]
            times[rows, columns] += 1
    return losses / times


def _windows(side: int) -> list[slice]:
    """The patch's positions along a side."""
    patch, stride = max(1, side // PATCH), max(1, side // STRIDE)
    last = -(-(side - patch) // stride)  # rounded up: the last may reach beyond the edge
    return [slice(n * stride, n * stride + patch) for n in range(last + 1)]
