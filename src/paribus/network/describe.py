"""What a module says of itself: the settings table of a report, from the module alone."""

from __future__ import annotations

from torch import nn

from paribus.records.types import NetworkFacts

SHORT = {
    "Conv1d": "Conv",
    "Conv2d": "Conv",
    "Conv3d": "Conv",
    "Linear": "FC",
    "MaxPool2d": "MaxPool",
}
UNNAMED = {"Flatten", "Identity"}


def describe(module: nn.Module) -> NetworkFacts:
    """The module's layers as the published report writes them, and its number of parameters.

    Each convolution or dense layer begins a group, as in "Conv-BatchNorm2d-ReLU-MaxPool"; the
    layers come in the order in which the module registered them.
    """
    groups: list[list[str]] = []
    for layer in _leaves(module):
        kind = type(layer).__name__
        if kind in UNNAMED:
            continue
        name = SHORT.get(kind, kind)
        if name in {"Conv", "FC"} or not groups:
            groups.append([])
        groups[-1].append(name)
    parameters = sum(p.numel() for p in module.parameters() if p.requires_grad)
    return NetworkFacts(layers=tuple("-".join(g) for g in groups), parameters=parameters)


def _leaves(module: nn.Module) -> list[nn.Module]:
    return [layer for layer in module.modules() if not any(True for _ in layer.children())]
