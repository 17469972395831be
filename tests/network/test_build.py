"""Initial values: fixed by the seed, shared by name; and users' own networks."""

import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import nn

from paribus.errors import NetworkError
from paribus.network.build import build
from paribus.network.describe import describe
from paribus.study.networks import LeNet5, OwnNetwork

SHAPE = (3, 32, 32)


def initial(network: LeNet5, seed: int = 0) -> dict[str, torch.Tensor]:
    return {k: v.detach() for k, v in build(network, SHAPE, 10, seed).named_parameters()}


def test_the_same_seed_gives_the_same_values_and_another_seed_others() -> None:
    first, again, other = initial(LeNet5()), initial(LeNet5()), initial(LeNet5(), seed=1)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not any(torch.equal(first[name], other[name]) for name in first)


def test_layers_that_two_settings_share_start_equal() -> None:
    main, normalized = initial(LeNet5()), initial(LeNet5(batch_norm=True))
    assert set(main) < set(normalized)
    assert all(torch.equal(main[name], normalized[name]) for name in main)


def test_initial_values_are_spread_as_pytorchs_default() -> None:
    bound = 1 / (16 * 25) ** 0.5  # uniform within 1/sqrt(fan in), nn.Linear's rule
    weight = initial(LeNet5())["fc1.weight"]
    assert float(weight.abs().max()) <= bound
    assert float(weight.std()) == pytest.approx(bound / 3**0.5, rel=0.02)


@pytest.fixture
def declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A module beside the user's working folder, with several networks in it."""
    file = tmp_path / "my_networks.py"
    file.write_text(
        textwrap.dedent(
            """
            from torch import nn

            def small(channels, height, width, classes, hidden=4):
                return nn.Sequential(
                    nn.Flatten(), nn.Linear(channels * height * width, hidden), nn.Tanh(),
                    nn.Linear(hidden, classes),
                )

            def wrong_output(classes, **shape):
                return small(classes=classes + 1, **shape)

            def not_a_module(**all):
                return "a network"

            def broken(**all):
                raise RuntimeError("no")
            """
        )
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield file
    sys.modules.pop("my_networks", None)


def test_a_users_own_network_is_found_beside_the_working_folder(declared: Path) -> None:
    network = build(OwnNetwork(kind="my_networks:small", arguments={"hidden": 7}), SHAPE, 5, seed=0)
    assert isinstance(network, nn.Module)
    assert describe(network).layers == ("FC-Tanh", "FC")
    assert network(torch.zeros(3, *SHAPE)).shape == (3, 5)


def test_a_users_own_network_starts_from_the_seed(declared: Path) -> None:
    first, again = (
        build(OwnNetwork(kind="my_networks:small"), SHAPE, 5, seed=3).state_dict() for _ in "ab"
    )
    assert all(torch.equal(first[name], again[name]) for name in first)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (
            "my_networks:wrong_output",
            r"output of shape \(2, 5\) for two images, got \(2, 6\)",
        ),
        ("my_networks:not_a_module", r"expected it to return a torch\.nn\.Module, got str"),
        ("my_networks:broken", r"my_networks:broken: my_networks\.py:17: RuntimeError: no"),
        ("my_networks:absent", "my_networks has no 'absent'"),
        ("no_such_module_here:net", "No module named .* must be in the current folder"),
    ],
)
def test_a_network_that_does_not_fit_is_refused_with_the_reason(
    declared: Path, kind: str, message: str
) -> None:
    with pytest.raises(NetworkError, match=message):
        build(OwnNetwork(kind=kind), SHAPE, 5, seed=0)
