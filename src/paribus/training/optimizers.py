"""The optimizer of a study file as PyTorch's."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import Any

import torch
from torch import nn

from paribus.errors import NetworkError
from paribus.study.optimizers import Adam, AdamW, Muon, Optimizer, Sam, Sgd

#: What a parameter group has beside torch's keys: its learning rate by the schedule's.
FACTOR = "factor"


def build_optimizer(
    spec: Optimizer, network: nn.Module, most: float | None = None
) -> torch.optim.Optimizer:
    """PyTorch's fused optimizer for all parameters of a network that are trained.

    Args:
        most: the largest norm of all gradients together; above it, each step scales them to it.

    Raises:
        NetworkError: a pattern of names fits no parameter.
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
        case Sam():
            optimizer = Sharp(groups, lr=lr, momentum=spec.momentum, rho=spec.rho)
        case Muon():
            optimizer = Orthogonal(groups, spec)
    set_learning_rate(optimizer, lr)
    if most is not None:
        # A hook, so that either engine's gradients are clipped wherever a step is taken.
        parameters = [*network.parameters()]
        optimizer.register_step_pre_hook(lambda *_: _clip(parameters, most))
    return optimizer


def _clip(parameters: list[nn.Parameter], most: float) -> None:
    nn.utils.clip_grad_norm_(parameters, most)


def _groups(spec: Optimizer, network: nn.Module) -> list[dict[str, Any]]:
    """The trained parameters of a network by their weight decay and learning rate."""
    named = {name: p for name, p in network.named_parameters() if p.requires_grad}
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, factor in _factors(spec.lr_factors, named).items():
        parameter = named[name]
        decayed = spec.decay == "all" or parameter.ndim > 1
        decay = spec.weight_decay if decayed else 0.0
        groups.setdefault((decay, factor), []).append(parameter)
    return [
        {"params": parameters, "weight_decay": decay, FACTOR: factor}
        for (decay, factor), parameters in groups.items()
    ]


def _factors(factors: Mapping[str, float], named: Mapping[str, object]) -> dict[str, float]:
    """The factor of the learning rate of each name."""
    for pattern in factors:
        if not any(fnmatchcase(name, pattern) for name in named):
            some = ", ".join([*named][:5])
            raise NetworkError(
                f"optimizer.lr_factors: {pattern} fits no parameter that is trained; there are "
                f"{some}{', ...' if len(named) > 5 else ''}"
            )
    return {
        name: next((factors[each] for each in factors if fnmatchcase(name, each)), 1.0)
        for name in named
    }


def set_learning_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Use `rate`, times each group's factor, from the next step on."""
    for group in optimizer.param_groups:
        factor = group.get(FACTOR, 1.0)
        group["lr"] = rate if factor == 1.0 else rate * factor


class Sharp(torch.optim.SGD):
    """SGD whose gradients are taken uphill: sharpness-aware minimization (Foret et al. 2021)."""

    def __init__(
        self, groups: list[dict[str, Any]], lr: float, momentum: float, rho: float
    ) -> None:
        super().__init__(groups, lr=lr, momentum=momentum, fused=True)
        self._rho = rho

    @contextmanager
    def uphill(self) -> Iterator[None]:
        """Move all parameters by `rho` along the gradient meanwhile (equation 2), then back."""
        parameters = [p for group in self.param_groups for p in group["params"]]
        moved = [(p, p.detach().clone(), p.grad) for p in parameters if p.grad is not None]
        norm = torch.stack([gradient.norm() for _, _, gradient in moved]).norm()
        with torch.no_grad():
            for parameter, _, gradient in moved:
                parameter.add_(gradient * (self._rho / (norm + 1e-12)))
        try:
            yield
        finally:
            with torch.no_grad():
                for parameter, before, _ in moved:
                    parameter.copy_(before)


class Orthogonal(torch.optim.Optimizer):
    """`torch.optim.Muon` for weights, each seen as a matrix, and AdamW for all other parameters.

    One optimizer to whoever uses it: one list of groups, one state by parameter.
    """

    def __init__(self, groups: list[dict[str, Any]], spec: Muon) -> None:
        matrices, others = [], []
        self._views: list[tuple[nn.Parameter, nn.Parameter]] = []
        for group in groups:
            weights = [p for p in group["params"] if p.ndim > 1]
            views = [nn.Parameter(p.detach().view(len(p), -1)) for p in weights]
            self._views += zip(weights, views, strict=True)
            rest = [p for p in group["params"] if p.ndim <= 1]
            slower = group[FACTOR] * spec.adamw_lr / spec.lr
            matrices += [{**group, "params": views}] if views else []
            others += [{**group, "params": rest, FACTOR: slower}] if rest else []
        self._parts: list[torch.optim.Optimizer] = []
        if matrices:
            self._parts.append(torch.optim.Muon(matrices, lr=spec.lr, momentum=spec.momentum))
        if others:
            self._parts.append(torch.optim.AdamW(others, lr=spec.adamw_lr, fused=True))
        every = [group for part in self._parts for group in part.param_groups]
        super().__init__(every, {})
        self._share()

    def step(self, closure: Any = None) -> None:  # type: ignore[override]  # takes no closure
        """One step of both."""
        for parameter, view in self._views:
            gradient = parameter.grad
            view.grad = None if gradient is None else gradient.view(len(parameter), -1)
        for part in self._parts:
            part.step()

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients, those of the parameters themselves too."""
        super().zero_grad(set_to_none)
        for parameter, _ in self._views:
            parameter.grad = None

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take a state over that `state_dict` gave."""
        super().load_state_dict(state_dict)
        self._share()

    def _share(self) -> None:
        """Let both parts work on the groups and the state that are this optimizer's."""
        groups = iter(self.param_groups)
        for part in self._parts:
            part.param_groups = [next(groups) for _ in part.param_groups]
            part.state = self.state
