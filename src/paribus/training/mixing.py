"""Mixup and CutMix: each image of a batch mixed with the one before it, and their labels alike.

Mixup: Zhang et al. 2018. CutMix: Yun et al. 2019. With both, each batch has one or the other with
equal chances. Images, boxes and shares are those of torchvision's MixUp and CutMix.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from torch import Tensor
from torch.nn.functional import one_hot

from paribus.stream import stream
from paribus.study.config import Config

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Mixes:
    """What was drawn for the batches of an epoch, a row a batch; empty where nothing is mixed.

    `mixup`: each batch's share of its own images. `cutmix`: that share before a box is cut off at
    the border, and the place of the box's middle, down and across, in shares of a side. Where both
    are on, `mixup or cutmix` has 1 for CutMix.
    """

    by_name: Mapping[str, Array] = field(default_factory=dict)

    def mix(
        self, batch: int, images: Tensor, labels: Tensor, classes: int
    ) -> tuple[Tensor, Tensor]:
        """A batch (n, channels, height, width) and labels (n,) mixed: images, (n, classes) shares.

        Where nothing is mixed, both as they are.
        """
        if not self.by_name:
            return images, labels
        both = self.by_name.get("mixup or cutmix")
        by_box = "mixup" not in self.by_name if both is None else bool(both[batch])
        if by_box:
            own, down, across = self.by_name["cutmix"][batch].tolist()
            images, share = _with_box(images, own, down, across)
        else:
            share = float(self.by_name["mixup"][batch])
            images = images.roll(1, 0).mul_(1 - share).add_(images.mul(share))
        hard = one_hot(labels, classes).float()
        return images, hard.roll(1, 0).mul_(1 - share).add_(hard.mul(share))


def draw_mixes(config: Config, batches: int, seed: int, epoch: int) -> Mixes:
    """Draw for all batches of an epoch; the first ones are the same however many there are."""
    drawn: dict[str, Array] = {}
    if config.mixup:
        drawn["mixup"] = stream(seed, "mixup", epoch).beta(config.mixup, config.mixup, batches)
    if config.cutmix:
        shares = stream(seed, "cutmix", epoch).beta(config.cutmix, config.cutmix, batches)
        places = stream(seed, "cutmix boxes", epoch).random((batches, 2))
        drawn["cutmix"] = np.column_stack([shares, places])
    if config.mixup and config.cutmix:
        chosen = stream(seed, "mixup or cutmix", epoch).integers(2, size=batches)
        drawn["mixup or cutmix"] = chosen.astype(np.float64)
    return Mixes(drawn)


def _with_box(images: Tensor, own: float, down: float, across: float) -> tuple[Tensor, float]:
    """Images with a box of the ones before them, and the share of each that is its own."""
    height, width = images.shape[2:]
    half = 0.5 * (1 - own) ** 0.5
    y, x = int(down * height), int(across * width)
    top, bottom = max(0, y - int(half * height)), min(height, y + int(half * height))
    left, right = max(0, x - int(half * width)), min(width, x + int(half * width))
    mixed = images.clone()
    mixed[..., top:bottom, left:right] = images.roll(1, 0)[..., top:bottom, left:right]
    return mixed, 1 - (bottom - top) * (right - left) / (height * width)
