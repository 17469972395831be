"""Users' own networks: built from the seed whatever they draw from, and looked at in a copy."""

import importlib
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from torch import nn

from paribus.errors import NetworkError
from paribus.network.build import build, build_and_describe
from paribus.records.types import NetworkFacts
from paribus.study.networks import OwnNetwork

SHAPE = (1, 4, 4)

Declare = Callable[[str], None]


@pytest.fixture
def declare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Declare]:
    """Write a module `own` with a network called `net` into the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])

    def write(code: str) -> None:
        head = "import random, numpy as np, torch\nfrom torch import nn\n"
        (tmp_path / "own.py").write_text(head + textwrap.dedent(code))
        importlib.invalidate_caches()
        sys.modules.pop("own", None)

    yield write
    sys.modules.pop("own", None)


def built(seed: int = 0) -> tuple[nn.Module, NetworkFacts]:
    return build_and_describe(OwnNetwork(kind="own:net"), SHAPE, 3, seed)


def values(seed: int) -> list[Any]:
    return [value.tolist() for value in built(seed)[0].state_dict().values()]


DRAWS = {
    "torch": "torch.randn(3, 16)",
    "numpy": "torch.tensor(np.random.randn(3, 16), dtype=torch.float32)",
    "random": "torch.tensor([[random.random() for _ in range(16)] for _ in range(3)])",
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_the_seed_decides_what_a_network_draws_from_any_global_generator(
    declare: Declare, draw: str
) -> None:
    declare(
        f"""
        def net(**shape):
            net = nn.Sequential(nn.Flatten(), nn.Linear(16, 3))
            net[1].weight.data = {draw}
            return net
        """
    )
    assert values(0) == values(0) != values(1)
    assert built()[1].varying == ()


def test_initial_values_that_the_seed_does_not_decide_are_noticed_by_name(
    declare: Declare,
) -> None:
    declare(
        """
        def net(**shape):
            net = nn.Sequential(nn.Flatten(), nn.Linear(16, 3))
            net.register_buffer("noise", torch.from_numpy(np.random.default_rng().normal(size=2)))
            return net
        """
    )
    assert built()[1].varying == ("noise",)


NOISE = {
    "its own generator, in forward": ("np.random.default_rng().normal(size=(2, 3))", True),
    "its own generator, from the start": ("self.own.normal(size=(2, 3))", True),
    "numpy's": ("np.random.normal(size=(2, 3))", False),
    "torch's": ("torch.randn(2, 3).numpy()", False),
    "none, but counts": ("np.full((2, 3), self.calls)", False),
}


@pytest.mark.parametrize(("draw", "unseeded"), NOISE.values(), ids=NOISE)
def test_noise_in_training_that_the_seed_does_not_decide_is_noticed(
    declare: Declare, draw: str, unseeded: bool
) -> None:
    declare(
        f"""
        class Noisy(nn.Linear):
            def __init__(self):
                super().__init__(16, 3)
                self.own, self.calls = np.random.default_rng(), 0

            def forward(self, x):
                self.calls += 1
                noise = torch.from_numpy({draw}).float() if self.training else 0
                return super().forward(x.flatten(1)) + noise

        def net(**shape):
            return Noisy()
        """
    )
    assert (built()[1].unseeded, built()[1].unsteady) == (unseeded, False)


def test_a_network_that_shares_layers_between_calls_is_refused(declare: Declare) -> None:
    """Its second run would start from what the first one learned."""
    declare(
        """
        BODY = nn.Linear(16, 8)

        def net(**shape):
            return nn.Sequential(nn.Flatten(), BODY, nn.Linear(8, 3))
        """
    )
    with pytest.raises(NetworkError, match=r"new network from every call, got the same 1\.weight"):
        build(OwnNetwork(kind="own:net"), SHAPE, 3, seed=0)


STATES = {
    "extra": (
        "Net.get_extra_state = lambda _: {'version': 2}",
        "_extra_state: expected a tensor, got dict",
    ),
    "complex": (
        "net.filter = nn.Parameter(torch.ones(2, dtype=torch.complex64))",
        r"filter: expected a dense tensor .* got torch\.complex64",
    ),
    "sparse": (
        "net.register_buffer('links', torch.eye(2).to_sparse())",
        r"links: expected a dense tensor .* torch\.sparse_coo",
    ),
    "elsewhere": (
        "net.register_buffer('mean', torch.zeros(1, device='meta'), persistent=False)",
        "mean: expected a dense tensor .* on meta",
    ),
}


@pytest.mark.parametrize(("line", "message"), STATES.values(), ids=STATES)
def test_a_state_that_can_not_be_kept_is_refused_by_name(
    declare: Declare, line: str, message: str
) -> None:
    declare(
        f"""
        class Net(nn.Sequential): ...

        def net(**shape):
            net = Net(nn.Flatten(), nn.Linear(16, 3))
            {line}
            return net
        """
    )
    with pytest.raises(NetworkError, match=message):
        build(OwnNetwork(kind="own:net"), SHAPE, 3, seed=0)


@pytest.mark.parametrize(
    ("last", "noticed"),
    [
        ("nn.Softmax(dim=1)", (True, False)),
        ("nn.LogSoftmax(dim=1)", (False, False)),
        ("nn.Sigmoid()", (False, False)),
        ("Dropping()", (False, True)),
    ],
)
def test_probabilities_and_outputs_that_change_in_evaluation_mode_are_noticed(
    declare: Declare, last: str, noticed: tuple[bool, bool]
) -> None:
    declare(
        f"""
        class Dropping(nn.Module):
            def forward(self, x):
                return nn.functional.dropout(x, 0.5)

        def net(**shape):
            return nn.Sequential(nn.Flatten(), nn.Linear(16, 3), {last})
        """
    )
    facts = built()[1]
    assert (facts.probabilities, facts.unsteady) == noticed


def test_the_look_leaves_nothing_in_the_network_that_is_trained(declare: Declare) -> None:
    declare(
        """
        class Counting(nn.Linear):
            def __init__(self):
                super().__init__(16, 3)
                self.calls = 0

            def forward(self, x):
                self.calls += 1
                return super().forward(x.flatten(1))

        def net(**shape):
            return Counting()
        """
    )
    network = built()[0]
    assert network.calls == 0
    assert network.training
