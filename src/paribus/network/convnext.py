"""ConvNeXt-Atto with a stem for small images.

Source: Liu et al. 2022, A ConvNet for the 2020s: blocks of a 7x7 convolution of each channel alone,
layer normalization and two dense layers with GELU, whose sum is scaled, from 1e-6 on. Atto, with 2,
2, 6 and 2 blocks of 40, 80, 160 and 320 channels, is the smallest in Wightman's timm. Their first
layer takes patches of 4x4 pixels, this one of 2x2 by default. For color images of 32x32 pixels and
10 classes: 3.4 million parameters, 44 million multiply-adds; with patches of 1 pixel, 177 million.

Its authors published no accuracy with small images.
"""

from collections import OrderedDict

import torch
from torch import Tensor, nn

from paribus.network.residual import Block

#: Blocks and channels of each stage.
BLOCKS, WIDTHS = (2, 2, 6, 2), (40, 80, 160, 320)
#: Added to a variance before it divides, as in the authors' code; and the first scale of a branch.
EPSILON = SCALE = 1e-6


class ChannelNorm(nn.LayerNorm):
    """Layer normalization over the channels of each pixel."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, eps=EPSILON)

    def forward(self, images: Tensor) -> Tensor:
        """From and to (n, channels, height, width)."""
        return super().forward(images.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Scale(nn.Module):
    """A factor for each channel, the last axis."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(channels))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Begin with next to nothing."""
        nn.init.constant_(self.weight, SCALE)

    def forward(self, values: Tensor) -> Tensor:
        """From and to (..., channels)."""
        return values * self.weight


class ConvNextBlock(Block):
    """A 7x7 convolution of each channel, then two dense layers for each pixel, beside its input."""

    def __init__(self, channels: int) -> None:
        super().__init__(f"ConvNeXt block {channels}")
        self.conv = nn.Conv2d(channels, channels, kernel_size=7, padding=3, groups=channels)
        self.norm = nn.LayerNorm(channels, eps=EPSILON)
        self.fc1 = nn.Linear(channels, 4 * channels)
        self.gelu = nn.GELU()
        self.fc2 = nn.Linear(4 * channels, channels)
        self.scale = Scale(channels)

    def forward(self, images: Tensor) -> Tensor:
        """From and to (n, channels, height, width)."""
        pixels = self.norm(self.conv(images).permute(0, 2, 3, 1))
        pixels = self.scale(self.fc2(self.gelu(self.fc1(pixels))))
        branch: Tensor = self.kept(pixels.permute(0, 3, 1, 2))
        return images + branch


def convnext_atto(channels: int, classes: int, patch: int) -> nn.Sequential:
    """A network whose first layer takes `patch` x `patch` pixels, returning logits.

    Takes (n, channels, height, width) and gives (n, classes).
    """
    layers: OrderedDict[str, nn.Module] = OrderedDict(
        conv=nn.Conv2d(channels, WIDTHS[0], kernel_size=patch, stride=patch),
        norm=ChannelNorm(WIDTHS[0]),
    )
    for number, (blocks, width) in enumerate(zip(BLOCKS, WIDTHS, strict=True), 1):
        if number > 1:
            layers[f"norm{number}"] = ChannelNorm(WIDTHS[number - 2])
            layers[f"conv{number}"] = nn.Conv2d(WIDTHS[number - 2], width, kernel_size=2, stride=2)
        layers[f"stage{number}"] = nn.Sequential(*(ConvNextBlock(width) for _ in range(blocks)))
    layers["pool"] = nn.AdaptiveAvgPool2d(1)
    layers["flatten"] = nn.Flatten()
    layers["norm5"] = nn.LayerNorm(WIDTHS[-1], eps=EPSILON)
    layers["fc"] = nn.Linear(WIDTHS[-1], classes)
    return nn.Sequential(layers)
