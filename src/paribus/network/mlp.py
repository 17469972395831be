"""A multilayer perceptron: dense layers alone.

Source: Simard, Steinkraus and Platt 2003, Best Practices for Convolutional Neural Networks Applied
to Visual Document Analysis, whose network has one hidden layer of 800 units, the default here.
Parameters: 0.64 million for gray images of 28x28 pixels and 10 classes. They report 1.6 % of errors
on MNIST without distorted images, by cross entropy. Their units are sigmoid, these are ReLU.
"""

import math
from collections import OrderedDict
from collections.abc import Sequence

from torch import nn


def mlp(
    shape: tuple[int, int, int], classes: int, hidden: Sequence[int], dropout: float
) -> nn.Sequential:
    """Dense layers of `hidden` units with ReLU, then one for the classes, returning logits.

    Takes (n, *shape), shape being (channels, height, width), and gives (n, classes). `dropout`
    follows each ReLU. Without hidden layers it is logistic regression.
    """
    layers: OrderedDict[str, nn.Module] = OrderedDict(flatten=nn.Flatten())
    inputs = math.prod(shape)
    for number, units in enumerate(hidden, 1):
        layers[f"fc{number}"] = nn.Linear(inputs, units)
        layers[f"fc{number}_relu"] = nn.ReLU()
        if dropout > 0:
            layers[f"fc{number}_dropout"] = nn.Dropout(dropout)
        inputs = units
    layers[f"fc{len(hidden) + 1}"] = nn.Linear(inputs, classes)
    return nn.Sequential(layers)
