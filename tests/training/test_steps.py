"""Steps by either engine: the same numbers in the same memory."""

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from paribus.errors import EngineError
from paribus.network.build import build
from paribus.records.types import EngineFacts
from paribus.study.networks import LeNet5
from paribus.study.optimizers import Adam
from paribus.training.optimizers import build_optimizer
from paribus.training.steps import Steps, steps_by

SHAPE, BATCH = (1, 16, 16), 8
#: The last one alone joins the batch before.
SIZES = (BATCH, BATCH, 3, BATCH + 1)


def steps_of(engine: EngineFacts | None) -> Steps:
    network = build(LeNet5(batch_norm=True, dropout=0.5), SHAPE, 10, seed=0)
    return steps_by(engine, network, build_optimizer(Adam(), network), SHAPE, BATCH)


def batches() -> Iterator[tuple[Tensor, Tensor]]:
    draw = torch.Generator().manual_seed(3)
    for size in SIZES:
        images = torch.randn(size, *SHAPE, generator=draw)
        yield images, torch.randint(10, (size,), generator=draw)


def losses(steps: Steps) -> list[float]:
    torch.manual_seed(7)
    return [float(steps.step(*batch)) for batch in batches()]


def test_both_engines_take_the_same_steps_up_to_rounding(native: EngineFacts) -> None:
    ours, theirs = steps_of(native), steps_of(None)
    assert losses(ours) == pytest.approx(losses(theirs), rel=1e-3)


def test_the_engine_draws_from_torchs_generator_what_torch_would(native: EngineFacts) -> None:
    states = []
    for engine in (native, None):
        losses(steps_of(engine))
        states.append(torch.get_rng_state())
    assert torch.equal(*states)


def test_the_answers_are_those_of_the_network_as_it_is_now(native: EngineFacts) -> None:
    steps = steps_of(native)
    (images, _), *_ = batches()
    before = steps.predict(images).clone()
    losses(steps)
    after = steps.predict(images)
    assert not torch.allclose(before, after, atol=1e-3)
    assert steps.network.training
    with torch.inference_mode():
        torch.testing.assert_close(after, steps.network.eval()(images), rtol=1e-4, atol=1e-5)


def test_an_optimizer_goes_on_from_the_state_it_has(native: EngineFacts) -> None:
    """As after a checkpoint: torch's state is the engine's."""
    whole, first = steps_of(native), steps_of(native)
    expected = losses(whole)
    torch.manual_seed(7)
    (one, two, *rest) = batches()
    begun = [first.step(*one), first.step(*two)]
    again = steps_by(native, first.network, first.optimizer, SHAPE, BATCH)
    assert [*begun, *(again.step(*batch) for batch in rest)] == expected


def test_a_library_compiled_again_takes_no_steps_in_the_name_of_the_old_one(
    native: EngineFacts,
) -> None:
    with pytest.raises(EngineError, match="compiled again"):
        steps_of(native.model_copy(update={"digest": "0" * 64}))
