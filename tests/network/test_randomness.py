"""The global generators: seeded together, and what was drawn from them told apart."""

import random

import numpy as np
import pytest
import torch

from paribus.network.randomness import drawn, seed_generators


def numbers() -> tuple[float, float, float]:
    return torch.rand(1).item(), float(np.random.rand()), random.random()


def test_one_seed_and_purpose_give_the_same_numbers_and_others_other_ones() -> None:
    seen = []
    for name in (0, "dropout", 1), (0, "dropout", 1), (1, "dropout", 1), (0, "dropout", 2):
        seed_generators(*name)
        seen.append(numbers())
    assert seen[0] == seen[1]
    assert all(len(set(column)) == 3 for column in zip(*seen, strict=True))


def test_where_torch_alone_was_drawn_from_its_state_is_what_tells() -> None:
    """Hashes of older records stay comparable."""
    seed_generators(0, "dropout", 1)
    torch.rand(5)
    state = torch.get_rng_state()
    assert torch.equal(drawn(0, "dropout", 1), state)


@pytest.mark.parametrize("draw", [random.random, np.random.rand, lambda: torch.rand(1)])
def test_every_draw_shows_whichever_generator_it_is_from(draw: object) -> None:
    seen = []
    for times in (0, 1, 2, 2):
        seed_generators(0, "dropout", 1)
        for _ in range(times):
            draw()  # type: ignore[operator]  # functions of three libraries
        seen.append(drawn(0, "dropout", 1).numpy().tobytes())
    assert len(set(seen)) == 3
    assert seen[2] == seen[3]
