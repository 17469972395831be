"""Learning rates are those of PyTorch's own schedulers, at every epoch or at every step."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from torch import nn
from torch.optim import lr_scheduler as torchs

from effort import examples
from paribus.study.schedules import MultiStep, Schedule, Step
from paribus.training.schedules import learning_rate

LR, EPOCHS, STEPS = 0.1, 11, 7
Torchs = Callable[[torch.optim.Optimizer], torchs.LRScheduler]


def schedule(**keys: Any) -> Schedule:
    read: Schedule = TypeAdapter(Schedule).validate_python(keys)
    return read


def rates(asked: Schedule, epochs: int = EPOCHS, steps: int = STEPS) -> list[float]:
    """Before every step of a training."""
    return [
        learning_rate(asked, LR, epoch, epochs, step, steps)
        for epoch in range(1, epochs + 1)
        for step in range(steps)
    ]


def by_torch(scheduler: Torchs, count: int) -> list[float]:
    """What a scheduler of torch gives, asked `count` times."""
    optimizer = torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=LR)
    theirs, found = scheduler(optimizer), []
    for _ in range(count):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        theirs.step()
    return found


def test_step_halves_after_every_twenty_epochs_as_published() -> None:
    halved = Step(kind="step", every=20, factor=0.5)
    found = [learning_rate(halved, 0.001, epoch, 100) for epoch in (1, 20, 21, 40, 41, 100)]
    assert found == [0.001, 0.001, 0.0005, 0.0005, 0.00025, 0.0000625]


@pytest.mark.parametrize(
    ("keys", "scheduler"),
    [
        ({"kind": "constant"}, lambda o: torchs.ConstantLR(o, factor=1)),
        (
            {"kind": "step", "every": 3, "factor": 0.3},
            lambda o: torchs.StepLR(o, step_size=3, gamma=0.3),
        ),
        (
            {"kind": "multistep", "epochs": [2, 5, 9], "factor": 0.3},
            lambda o: torchs.MultiStepLR(o, milestones=[2, 5, 9], gamma=0.3),
        ),
        (
            {"kind": "cosine", "final": 0.01},
            lambda o: torchs.CosineAnnealingLR(o, T_max=EPOCHS, eta_min=0.01),
        ),
    ],
)
def test_these_change_between_epochs_as_pytorchs_do(
    keys: dict[str, Any], scheduler: Torchs
) -> None:
    expected = [rate for rate in by_torch(scheduler, EPOCHS) for _ in range(STEPS)]
    assert rates(schedule(**keys)) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("keys", "scheduler"),
    [
        (
            {"kind": "linear"},
            lambda o: torchs.LinearLR(o, start_factor=1, end_factor=0, total_iters=EPOCHS * STEPS),
        ),
        (
            {"kind": "linear", "final": 0.02},
            lambda o: torchs.LinearLR(
                o, start_factor=1, end_factor=0.2, total_iters=EPOCHS * STEPS
            ),
        ),
        (
            {"kind": "polynomial", "power": 1.7},
            lambda o: torchs.PolynomialLR(o, total_iters=EPOCHS * STEPS, power=1.7),
        ),
        (
            {"kind": "one_cycle"},
            lambda o: torchs.OneCycleLR(o, max_lr=LR, total_steps=EPOCHS * STEPS),
        ),
        (
            {"kind": "one_cycle", "pct_start": 0.2, "div_factor": 10, "final_div_factor": 100},
            lambda o: torchs.OneCycleLR(
                o,
                max_lr=LR,
                total_steps=EPOCHS * STEPS,
                pct_start=0.2,
                div_factor=10,
                final_div_factor=100,
            ),
        ),
    ],
)
def test_these_change_at_every_step_as_pytorchs_do(keys: dict[str, Any], scheduler: Torchs) -> None:
    assert rates(schedule(**keys)) == pytest.approx(by_torch(scheduler, EPOCHS * STEPS), rel=1e-9)


@pytest.mark.parametrize("warmup", [2, 0.5, 1.3])
@pytest.mark.parametrize(
    ("keys", "scheduler"),
    [
        ({"kind": "constant"}, lambda o, n: torchs.ConstantLR(o, factor=1)),
        (
            {"kind": "linear", "final": 0.02},
            lambda o, n: torchs.LinearLR(o, start_factor=1, end_factor=0.2, total_iters=n),
        ),
        (
            {"kind": "polynomial", "power": 2.0},
            lambda o, n: torchs.PolynomialLR(o, total_iters=n, power=2),
        ),
    ],
)
def test_a_warm_up_is_pytorchs_line_before_the_same_schedule_over_what_is_left(
    keys: dict[str, Any],
    scheduler: Callable[[torch.optim.Optimizer, int], torchs.LRScheduler],
    warmup: float,
) -> None:
    rising, every = round(warmup * STEPS), EPOCHS * STEPS

    def both(optimizer: torch.optim.Optimizer) -> torchs.LRScheduler:
        line = torchs.LinearLR(optimizer, start_factor=1 / rising, total_iters=rising - 1)
        rest = scheduler(optimizer, every - rising)
        return torchs.SequentialLR(optimizer, [line, rest], milestones=[rising])

    found = rates(schedule(**keys, warmup=warmup))
    assert found == pytest.approx(by_torch(both, every), rel=1e-9)


def test_after_a_warm_up_the_cosine_falls_over_the_epochs_that_are_left() -> None:
    found = rates(schedule(kind="cosine", warmup=3, final=0.01))
    assert found[: 3 * STEPS] == pytest.approx([LR * (k + 1) / (3 * STEPS) for k in range(21)])
    assert found[3 * STEPS :] == rates(schedule(kind="cosine", final=0.01), epochs=EPOCHS - 3)


def test_a_warm_up_moves_no_epoch_that_a_schedule_names() -> None:
    for keys in (
        {"kind": "step", "every": 2, "factor": 0.5},
        {"kind": "multistep", "epochs": [4, 6], "factor": 0.1},
    ):
        warmed, plain = rates(schedule(**keys, warmup=3)), rates(schedule(**keys))
        assert warmed[3 * STEPS :] == plain[3 * STEPS :]
        assert warmed[0] == plain[0] / (3 * STEPS)


def test_without_a_warm_up_the_first_kinds_give_what_they_always_gave_to_the_last_bit() -> None:
    cosine = [1e-4 + (LR - 1e-4) * (1 + math.cos(math.pi * (e - 1) / 9)) / 2 for e in range(1, 10)]
    assert rates(schedule(kind="cosine", final=1e-4), epochs=9, steps=1) == cosine
    step = [LR * 0.3 ** ((e - 1) // 2) for e in range(1, 10)]
    assert rates(schedule(kind="step", every=2, factor=0.3), epochs=9, steps=1) == step


KINDS: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.builds(dict, kind=st.just("constant")),
    st.builds(dict, kind=st.just("step"), every=st.integers(1, 4), factor=st.just(0.5)),
    st.builds(
        dict,
        kind=st.just("multistep"),
        epochs=st.sets(st.integers(1, 9), min_size=1).map(sorted),
        factor=st.just(0.5),
    ),
    st.builds(dict, kind=st.sampled_from(["cosine", "linear"]), final=st.floats(0, LR)),
    st.builds(dict, kind=st.just("polynomial"), power=st.floats(0.1, 5)),
)


@examples(200)
@given(KINDS, st.integers(1, 6), st.integers(1, 5), st.floats(0, 1))
def test_every_schedule_rises_as_far_as_asked_and_never_higher(
    keys: dict[str, Any], epochs: int, steps: int, share: float
) -> None:
    warmup = share * epochs * 0.999
    found = rates(schedule(**keys, warmup=warmup), epochs, steps)
    rising = round(warmup * steps)
    assert all(0 <= rate <= LR * (1 + 1e-12) for rate in found)
    assert found[rising:] == sorted(found[rising:], reverse=True)
    if isinstance(schedule(**keys), MultiStep | Step):
        return  # they may fall while they rise
    assert found[:rising] == pytest.approx([LR * (k + 1) / rising for k in range(rising)])


@examples(200)
@given(st.integers(1, 6), st.integers(1, 5), st.floats(0.01, 0.99))
def test_one_cycle_fits_any_training(epochs: int, steps: int, share: float) -> None:
    found = rates(schedule(kind="one_cycle", pct_start=share), epochs, steps)
    assert all(LR / 25 / 1e4 * (1 - 1e-9) <= rate <= LR * (1 + 1e-9) for rate in found)
    assert found[-1] == pytest.approx(LR / 25 / 1e4)
