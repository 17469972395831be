"""Optimizers do what their names promise, checked against PyTorch's own."""

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from paribus.errors import NetworkError
from paribus.study.optimizers import Adam, AdamW, Muon, Optimizer, Sam, Sgd
from paribus.training.optimizers import build_optimizer, set_learning_rate
from paribus.training.steps import TorchSteps


@pytest.mark.parametrize(
    ("spec", "plain"),
    [
        (Adam(lr=0.01, weight_decay=0.1), lambda p: torch.optim.Adam(p, lr=0.01, weight_decay=0.1)),
        (
            AdamW(kind="adamw", lr=0.01, weight_decay=0.1),
            lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.1),
        ),
        (
            Sgd(kind="sgd", lr=0.01, momentum=0.9, weight_decay=0.1),
            lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9, weight_decay=0.1),
        ),
        (
            Adam(lr=0.01, betas=(0.8, 0.95), eps=1e-3),
            lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.8, 0.95), eps=1e-3),
        ),
        (
            AdamW(kind="adamw", lr=0.01, betas=(0.8, 0.95), eps=1e-3),
            lambda p: torch.optim.AdamW(p, lr=0.01, betas=(0.8, 0.95), eps=1e-3),
        ),
        (
            Sgd(kind="sgd", lr=0.01, momentum=0.9, nesterov=True),
            lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9, nesterov=True),
        ),
    ],
)
def test_fused_optimizers_step_as_the_plain_ones(spec: Optimizer, plain: object) -> None:
    ours, theirs = nn.Linear(5, 3), nn.Linear(5, 3)
    theirs.load_state_dict(ours.state_dict())
    pairs = [
        (ours, build_optimizer(spec, ours)),
        (theirs, plain(theirs.parameters())),  # type: ignore[operator]  # as above
    ]
    for step in range(20):
        images = torch.randn(4, 5, generator=torch.Generator().manual_seed(step))
        for network, optimizer in pairs:
            optimizer.zero_grad()
            network(images).square().sum().backward()
            optimizer.step()
    torch.testing.assert_close(ours.weight, theirs.weight)


@pytest.mark.parametrize("kind", [Adam, AdamW, Sgd])
def test_only_weights_decay_where_that_is_asked(kind: type[Adam | AdamW | Sgd]) -> None:
    """Without a gradient, what a step changes is what the decay does."""
    spec = kind.model_validate({"kind": kind.__name__.lower(), "weight_decay": 0.1, "lr": 0.1})
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(2, 2))
    for decay, expected in (
        ("all", [*dict(network.named_parameters())]),
        ("weights", ["0.weight", "3.weight"]),
    ):
        asked = spec.model_copy(update={"decay": decay})
        optimizer = build_optimizer(asked, network)
        for parameter in network.parameters():
            parameter.data.fill_(1.0)
            parameter.grad = torch.zeros_like(parameter)
        optimizer.step()
        decayed = [name for name, p in network.named_parameters() if bool((p != 1).any())]
        assert decayed == expected


def test_gradients_above_the_largest_norm_are_scaled_to_it_as_torch_does() -> None:
    ours, theirs = nn.Linear(5, 3), nn.Linear(5, 3)
    theirs.load_state_dict(ours.state_dict())
    spec = Sgd(kind="sgd", lr=0.1, momentum=0.9)
    our_optimizer, their_optimizer = build_optimizer(spec, ours, 1.5), build_optimizer(spec, theirs)
    norms = []
    for step in range(6):
        images = torch.randn(4, 5, generator=torch.Generator().manual_seed(step))
        for network, optimizer in ((ours, our_optimizer), (theirs, their_optimizer)):
            optimizer.zero_grad()
            (network(images).square().sum() * (0.01 if step % 2 else 1)).backward()
        norms.append(float(nn.utils.clip_grad_norm_(theirs.parameters(), 1.5)))
        our_optimizer.step()
        their_optimizer.step()
        torch.testing.assert_close(ours.weight, theirs.weight, rtol=0, atol=0)
    assert min(norms) < 1.5 < max(norms)  # both cases were met


def small() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(3, 2))


def backward(network: nn.Module, step: int, optimizer: torch.optim.Optimizer | None = None) -> None:
    images = torch.randn(4, 2, 3, 3, generator=torch.Generator().manual_seed(step))
    (optimizer or network).zero_grad()
    network(images).square().sum().backward()


def test_muon_is_torchs_for_weights_as_matrices_and_adamw_for_the_rest() -> None:
    ours, theirs = small(), small()
    spec = Muon(kind="muon", lr=0.02, adamw_lr=0.003, weight_decay=0.1)
    optimizer = build_optimizer(spec, ours)
    large = [p for p in theirs.parameters() if p.ndim > 1]
    weights = [nn.Parameter(p.detach().clone().flatten(1)) for p in large]
    rest = [p for p in theirs.parameters() if p.ndim == 1]
    muon = torch.optim.Muon(weights, lr=0.02, weight_decay=0.1)
    adamw = torch.optim.AdamW(rest, lr=0.003, weight_decay=0.1)
    for step in range(8):
        backward(ours, step, optimizer)
        optimizer.step()
        backward(theirs, step)
        for weight, p in zip(weights, large, strict=True):
            assert p.grad is not None
            weight.grad = p.grad.flatten(1)
        muon.step()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        adamw.step()
        for weight, p in zip(weights, large, strict=True):
            p.data.copy_(weight.detach().view_as(p))
    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(one, other)


def test_muon_goes_on_from_its_state() -> None:
    whole, first, second = small(), small(), small()
    spec = Muon(kind="muon")
    optimizers = [build_optimizer(spec, network) for network in (whole, first)]
    for step in range(3):
        for network, optimizer in zip((whole, first), optimizers, strict=True):
            backward(network, step, optimizer)
            optimizer.step()
    second.load_state_dict(first.state_dict())
    resumed = build_optimizer(spec, second)
    resumed.load_state_dict(optimizers[1].state_dict())
    set_learning_rate(resumed, 0.01)
    set_learning_rate(optimizers[0], 0.01)
    for step in range(3, 6):
        for network, optimizer in ((whole, optimizers[0]), (second, resumed)):
            backward(network, step, optimizer)
            optimizer.step()
    for one, other in zip(whole.parameters(), second.parameters(), strict=True):
        assert torch.equal(one, other)


def test_sam_descends_by_the_gradient_uphill() -> None:
    """Equations 2 and 3 of Foret et al. 2021, worked out by hand on a parabola."""
    network = nn.Linear(2, 2, bias=False)
    start = network.weight.detach().clone()
    images = torch.randn(6, 2, generator=torch.Generator().manual_seed(1))
    labels = torch.tensor([0, 1, 1, 0, 1, 0])
    steps = TorchSteps(network, build_optimizer(Sam(kind="sam", lr=0.5, rho=0.3), network))

    def gradient(at: torch.Tensor) -> torch.Tensor:
        weight = at.clone().requires_grad_()
        loss = cross_entropy(images @ weight.T, labels)
        return torch.autograd.grad(loss, weight)[0]

    steps.step(images, labels)
    first = gradient(start)
    expected = start - 0.5 * gradient(start + 0.3 * first / first.norm())
    torch.testing.assert_close(network.weight.detach(), expected)


def test_factors_of_the_learning_rate_follow_the_schedule() -> None:
    network = small()
    spec = Sgd(kind="sgd", lr=0.1, lr_factors={"3.*": 10.0, "*.bias": 2.0})
    optimizer = build_optimizer(spec, network)
    for rate in (0.1, 0.05):
        set_learning_rate(optimizer, rate)
        rates = {id(p): g["lr"] for g in optimizer.param_groups for p in g["params"]}
        named = {name: rates[id(p)] for name, p in network.named_parameters()}
        expected = {"0.weight": 1, "0.bias": 2, "3.weight": 10, "3.bias": 10}
        assert named == {name: pytest.approx(rate * factor) for name, factor in expected.items()}


def test_a_pattern_that_fits_nothing_is_refused() -> None:
    spec = Sgd(kind="sgd", lr_factors={"head.*": 10.0})
    with pytest.raises(NetworkError, match=r"head\.\* fits no parameter.*0\.weight"):
        build_optimizer(spec, small())


def test_what_is_frozen_is_no_part_of_it() -> None:
    network = small()
    network[0].requires_grad_(False)
    optimizer = build_optimizer(AdamW(kind="adamw", weight_decay=0.1), network)
    assert sum(len(group["params"]) for group in optimizer.param_groups) == 2
