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
from paribus.study.config import OwnNetwork

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
