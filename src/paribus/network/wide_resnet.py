"""Wide residual networks: fewer and wider blocks, normalized before they convolve.

Source: Zagoruyko and Komodakis 2016, Wide Residual Networks: three stages of 16k, 32k and 64k
channels, k being `widen`, with (depth - 4) / 6 blocks each. Where a block changes the number of
channels, its shortcut is a 1x1 convolution. The numbers below are for color images of 32x32 pixels
and 10 classes; errors are the authors', on CIFAR-10 with flips and shifts.

| depth, widen | parameters | multiply-adds | error | error, dropout 0.3 |
|---|---|---|---|---|
| 16, 4 | 2.7 million | 0.4 billion | none in their tables | |
| 28, 10 | 36.5 million | 5.2 billion | 4.00 % | 3.89 % |

Training WRN-40-4 took the authors 6 hours on one Titan X.
"""

from collections import OrderedDict
from functools import partial

import torch
from torch import Tensor, nn

from paribus.network.residual import Block, conv3x3, stage


class WideBlock(Block):
    """Normalization, ReLU and a 3x3 convolution, twice, beside a shortcut; dropout between."""

    def __init__(self, inputs: int, outputs: int, stride: int, dropout: float) -> None:
        super().__init__(f"wide block {outputs}")
        self.norm1 = nn.BatchNorm2d(inputs)
        self.conv1 = conv3x3(inputs, outputs, stride)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.dropout = nn.Dropout(dropout)
        self.conv2 = conv3x3(outputs, outputs)
        self.shortcut: nn.Conv2d | None = None
        if inputs != outputs:
            self.shortcut = nn.Conv2d(inputs, outputs, kernel_size=1, stride=stride, bias=False)

    def forward(self, images: Tensor) -> Tensor:
        """From (n, inputs, height, width) to (n, outputs, height / stride, width / stride)."""
        ready = torch.relu(self.norm1(images))
        hidden = self.dropout(torch.relu(self.norm2(self.conv1(ready))))
        beside = images if self.shortcut is None else self.shortcut(ready)
        return torch.add(self.kept(self.conv2(hidden)), beside)


def wide_resnet(
    channels: int, classes: int, *, depth: int, widen: int, dropout: float
) -> nn.Sequential:
    """A network of `depth` = 6n + 4 layers, `widen` times as wide as ResNet-20, returning logits.

    Takes (n, channels, height, width) and gives (n, classes).
    """
    blocks = (depth - 4) // 6
    one, two, three = (widen * width for width in (16, 32, 64))
    block = partial(WideBlock, dropout=dropout)
    layers: OrderedDict[str, nn.Module] = OrderedDict(
        conv=conv3x3(channels, 16),
        stage1=stage(block, blocks, 16, one, stride=1),
        stage2=stage(block, blocks, one, two, stride=2),
        stage3=stage(block, blocks, two, three, stride=2),
        norm=nn.BatchNorm2d(three),
        relu=nn.ReLU(),
        pool=nn.AdaptiveAvgPool2d(1),
        flatten=nn.Flatten(),
        fc=nn.Linear(three, classes),
    )
    return nn.Sequential(layers)
