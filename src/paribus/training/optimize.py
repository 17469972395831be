"""Optimizers and learning-rate schedules by their names in a study."""

from __future__ import annotations

import math

import torch
from torch import nn

from paribus.study.config import Adam, AdamW, Constant, Cosine, Sgd, Step


def build_optimizer(spec: Adam | AdamW | Sgd, network: nn.Module) -> torch.optim.Optimizer:
    """PyTorch's optimizer for all of a network's parameters, in its fused form."""
    parameters = network.parameters()
    match spec:
        case Adam():
            return torch.optim.Adam(
                parameters, lr=spec.lr, weight_decay=spec.weight_decay, fused=True
            )
        case AdamW():
            return torch.optim.AdamW(
                parameters, lr=spec.lr, weight_decay=spec.weight_decay, fused=True
            )
        case Sgd():
            return torch.optim.SGD(
                parameters,
                lr=spec.lr,
                momentum=spec.momentum,
                weight_decay=spec.weight_decay,
                fused=True,
            )


def learning_rate(
    schedule: Constant | Step | Cosine, initial: float, epoch: int, epochs: int
) -> float:
    """The learning rate during `epoch` (from 1) of `epochs`.

    Step: initial * factor^floor((epoch - 1) / every). Cosine (Loshchilov & Hutter 2017,
    without restarts): final + (initial - final) * (1 + cos(pi * (epoch - 1) / epochs)) / 2.
    """
    match schedule:
        case Constant():
            return initial
        case Step():
            return float(initial * schedule.factor ** ((epoch - 1) // schedule.every))
        case Cosine():
            along = (1 + math.cos(math.pi * (epoch - 1) / epochs)) / 2
            return schedule.final + (initial - schedule.final) * along


def set_learning_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Use `rate` from the next step on."""
    for group in optimizer.param_groups:
        group["lr"] = rate
