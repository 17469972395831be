"""A small convolutional network that learns CIFAR-10 fast.

Source: the network of Jordan's airbench94 (github.com/KellerJordan/cifar10-airbench; Jordan 2024,
94% on CIFAR-10 in 3.29 Seconds on a Single GPU), which descends from Page's ResNet-9 and Balsam's
hlb-CIFAR10: a 2x2 convolution, then three groups of two 3x3 convolutions with 64, 256 and 256
channels. For color images of 32x32 pixels and 10 classes: 1.97 million parameters, 118 million
multiply-adds.

Jordan reaches 94.0 % on CIFAR-10 after 34 epochs from standard initial values (main0_network.py of
his ablations; label smoothing 0.2, flips, shifts by 2 pixels, and flips when it is tested), and
after 9.9 epochs with all of his methods. This network has his layers, but ReLU in place of GELU, so
that either engine trains it, batch normalization as PyTorch has it, with scales and at its usual
pace, and logits that aren't divided by 9. The first convolution is trained as all others are.
"""

from collections import OrderedDict

from torch import nn

from paribus.network.residual import conv3x3

#: Channels of each group of two convolutions.
WIDTHS = (64, 256, 256)


def convnet(shape: tuple[int, int, int], classes: int) -> nn.Sequential:
    """A network for images of `shape` (channels, height, width), returning logits.

    Takes (n, *shape) and gives (n, classes).
    """
    channels, height, width = shape
    first = 8 * channels  # twice as many as its kernel has inputs
    layers: OrderedDict[str, nn.Module] = OrderedDict(
        conv=nn.Conv2d(channels, first, kernel_size=2), relu=nn.ReLU()
    )
    for number, outputs in enumerate(WIDTHS, 1):
        layers[f"group{number}"] = _group((first, *WIDTHS)[number - 1], outputs)
    halved = 2 ** len(WIDTHS)
    layers["pool"] = nn.MaxPool2d(((height - 1) // halved, (width - 1) // halved))
    layers["flatten"] = nn.Flatten()
    layers["fc"] = nn.Linear(WIDTHS[-1], classes, bias=False)
    return nn.Sequential(layers)


def _group(inputs: int, outputs: int) -> nn.Sequential:
    """From (n, inputs, height, width) to (n, outputs, height / 2, width / 2), rounded down."""
    layers: OrderedDict[str, nn.Module] = OrderedDict(
        conv1=conv3x3(inputs, outputs),
        pool=nn.MaxPool2d(2),
        norm1=nn.BatchNorm2d(outputs),
        relu1=nn.ReLU(),
        conv2=conv3x3(outputs, outputs),
        norm2=nn.BatchNorm2d(outputs),
        relu2=nn.ReLU(),
    )
    return nn.Sequential(layers)
