"""The optimizer of a study file as PyTorch's."""

from typing import Any

import torch
from torch import nn

from paribus.study.optimizers import Adam, AdamW, Optimizer, Sgd


def build_optimizer(
    spec: Optimizer, network: nn.Module, most: float | None = None
) -> torch.optim.Optimizer:
    """PyTorch's fused optimizer for all parameters of a network.

    Args:
        most: the largest norm of all gradients together; above it, each step scales them to it.
    """
    groups, lr = _groups(spec, network), spec.lr
    optimizer: torch.optim.Optimizer
    match spec:
        case Adam():
            optimizer = torch.optim.Adam(groups, lr=lr, betas=spec.betas, eps=spec.eps, fused=True)
        case AdamW():
            optimizer = torch.optim.AdamW(groups, lr=lr, betas=spec.betas, eps=spec.eps, fused=True)
        case Sgd():
            optimizer = torch.optim.SGD(
                groups, lr=lr, momentum=spec.momentum, nesterov=spec.nesterov, fused=True
            )
    if most is not None:
        # A hook, so that either engine's gradients are clipped wherever a step is taken.
        parameters = [*network.parameters()]
        optimizer.register_step_pre_hook(lambda *_: _clip(parameters, most))
    return optimizer


def _clip(parameters: list[nn.Parameter], most: float) -> None:
    nn.utils.clip_grad_norm_(parameters, most)


def _groups(spec: Optimizer, network: nn.Module) -> list[dict[str, Any]]:
    """The parameters of a network by their weight decay."""
    every, decay = [*network.parameters()], spec.weight_decay
    if spec.decay == "all":
        return [{"params": every, "weight_decay": decay}]
    parts = [p for p in every if p.ndim > 1], [p for p in every if p.ndim <= 1]
    decays = zip(parts, (decay, 0.0), strict=True)
    return [{"params": part, "weight_decay": own} for part, own in decays if part]


def set_learning_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Use `rate` from the next step on."""
    for group in optimizer.param_groups:
        group["lr"] = rate
