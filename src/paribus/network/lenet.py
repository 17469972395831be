"""LeNet-5 as the reference study trains it: two convolutions, three dense layers."""

from collections import OrderedDict

from torch import nn

from paribus.errors import NetworkError

#: From this side on, two 5x5 convolutions and two poolings leave at least one pixel.
SMALLEST = 16


def lenet5(
    channels: int, height: int, width: int, classes: int, *, batch_norm: bool, dropout: float
) -> nn.Sequential:
    """LeNet-5 with ReLU and max pooling, returning log probabilities.

    Takes (n, channels, height, width) and gives (n, classes). Layers have the same names with and
    without batch normalization, so that settings can share initial values.

    Raises:
        NetworkError: if the images are smaller than 16x16.
    """
    if min(height, width) < SMALLEST:
        raise NetworkError(
            f"lenet5: expected images of at least {SMALLEST}x{SMALLEST} pixels, got "
            f"{height}x{width}. Set data.size to {SMALLEST} or more."
        )
    layers: OrderedDict[str, nn.Module] = OrderedDict()

    def convolution(number: int, inputs: int, outputs: int) -> None:
        layers[f"conv{number}"] = nn.Conv2d(inputs, outputs, kernel_size=5)
        if batch_norm:
            layers[f"conv{number}_norm"] = nn.BatchNorm2d(outputs)
        layers[f"conv{number}_relu"] = nn.ReLU()
        layers[f"conv{number}_pool"] = nn.MaxPool2d(kernel_size=2, stride=2)

    def dense(number: int, inputs: int, outputs: int) -> None:
        layers[f"fc{number}"] = nn.Linear(inputs, outputs)
        if batch_norm:
            layers[f"fc{number}_norm"] = nn.BatchNorm1d(outputs)
        layers[f"fc{number}_relu"] = nn.ReLU()
        if dropout > 0:
            layers[f"fc{number}_dropout"] = nn.Dropout(dropout)

    convolution(1, channels, 6)
    convolution(2, 6, 16)
    layers["flatten"] = nn.Flatten()
    dense(1, 16 * _after_convolutions(height) * _after_convolutions(width), 120)
    dense(2, 120, 84)
    layers["fc3"] = nn.Linear(84, classes)
    layers["log_softmax"] = nn.LogSoftmax(dim=1)
    return nn.Sequential(layers)


def _after_convolutions(side: int) -> int:
    return ((side - 4) // 2 - 4) // 2
