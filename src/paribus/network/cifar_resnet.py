"""ResNet-20, -32 and -56: the residual networks that He et al. made for CIFAR-10.

Source: He, Zhang, Ren and Sun 2016, Deep Residual Learning for Image Recognition, section 4.2:
three stages of 16, 32 and 64 channels with equally many blocks. Shortcuts between stages have no
parameters (their option A). The numbers below are for color images of 32x32 pixels and 10 classes;
errors are on CIFAR-10, of the authors (table 6) and of Idelbayev's code (pytorch_resnet_cifar10).

| network | parameters | multiply-adds | error, He et al. | error, Idelbayev |
|---|---|---|---|---|
| ResNet-20 | 0.27 million | 41 million | 8.75 % | 8.27 % |
| ResNet-32 | 0.46 million | 69 million | 7.51 % | 7.37 % |
| ResNet-56 | 0.85 million | 125 million | 6.97 % | 6.61 % |

The authors train 64,000 steps of 128 images by SGD with momentum 0.9 and weight decay 1e-4, from
0.1 on, a tenth of it after 32,000 and 48,000 steps, with random crops (padding of 4) and flips.
"""

from collections import OrderedDict
from functools import partial

from torch import nn

from paribus.network.residual import BasicBlock, Padded, conv3x3, stage


def cifar_resnet(channels: int, classes: int, depth: int) -> nn.Sequential:
    """A network of `depth` = 6n + 2 layers, n blocks in each of three stages, returning logits.

    Takes (n, channels, height, width) and gives (n, classes). Networks of other depths have layers
    of the same names, so that those which they share start equal.
    """
    blocks = (depth - 2) // 6
    block = partial(BasicBlock, shortcut=Padded)
    layers: OrderedDict[str, nn.Module] = OrderedDict(
        conv=conv3x3(channels, 16),
        norm=nn.BatchNorm2d(16),
        relu=nn.ReLU(),
        stage1=stage(block, blocks, 16, 16, stride=1),
        stage2=stage(block, blocks, 16, 32, stride=2),
        stage3=stage(block, blocks, 32, 64, stride=2),
        pool=nn.AdaptiveAvgPool2d(1),
        flatten=nn.Flatten(),
        fc=nn.Linear(64, classes),
    )
    return nn.Sequential(layers)
