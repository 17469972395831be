"""ResNet-18 and -34 with a stem for small images: a 3x3 convolution, and no max pooling.

Source: He, Zhang, Ren and Sun 2016, Deep Residual Learning for Image Recognition, table 1: four
stages of 64 to 512 channels, with shortcuts between stages by 1x1 convolutions (their option B).
The paper has a stem for images of 224x224 pixels; this one is that of Liu's pytorch-cifar and of
most work on CIFAR. The numbers below are for color images of 32x32 pixels and 10 classes.

| network | parameters | multiply-adds | accuracy on CIFAR-10 |
|---|---|---|---|
| ResNet-18 | 11.2 million | 555 million | 93.02 % (Liu, 350 epochs of SGD) |
| ResNet-34 | 21.3 million | 1,159 million | none published by these authors |
"""

from collections import OrderedDict
from functools import partial

from torch import nn

from paribus.network.residual import BasicBlock, conv3x3, projected, stage

#: Blocks of each stage, by the number of layers.
BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}


def resnet(channels: int, classes: int, depth: int) -> nn.Sequential:
    """A network of `depth` layers, a key of `BLOCKS`, returning logits.

    Takes (n, channels, height, width) and gives (n, classes). Networks of both depths have layers
    of the same names, so that those which they share start equal.
    """
    first, second, third, fourth = BLOCKS[depth]
    block = partial(BasicBlock, shortcut=projected)
    layers: OrderedDict[str, nn.Module] = OrderedDict(
        conv=conv3x3(channels, 64),
        norm=nn.BatchNorm2d(64),
        relu=nn.ReLU(),
        stage1=stage(block, first, 64, 64, stride=1),
        stage2=stage(block, second, 64, 128, stride=2),
        stage3=stage(block, third, 128, 256, stride=2),
        stage4=stage(block, fourth, 256, 512, stride=2),
        pool=nn.AdaptiveAvgPool2d(1),
        flatten=nn.Flatten(),
        fc=nn.Linear(512, classes),
    )
    return nn.Sequential(layers)
