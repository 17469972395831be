"""The learning rate before every step of a training, as a study's schedule has it."""

import math

from paribus.study.schedules import (
    Constant,
    Cosine,
    Linear,
    MultiStep,
    OneCycle,
    Polynomial,
    Schedule,
    Step,
)


def learning_rate(
    schedule: Schedule, most: float, epoch: int, epochs: int, step: int = 0, steps: int = 1
) -> float:
    """The learning rate in `epoch` (from 1) of `epochs`, before `step` (from 0) of its `steps`.

    It follows from these counts alone, so that a resumed training has the same. A warm-up is a
    straight line: its k-th step of n has k / n of what the schedule says, from k = 1.

    Args:
        most: the optimizer's learning rate.
    """
    if isinstance(schedule, OneCycle):
        return _one_cycle(schedule, most, (epoch - 1) * steps + step, epochs * steps)
    rising = round(schedule.warmup * steps)  # steps of the warm-up
    taken = (epoch - 1) * steps + step
    rate = _after_warmup(schedule, most, epoch, epochs, max(0, taken - rising), steps)
    # Without a warm-up nothing is multiplied, so rates are to the last bit what they always were.
    return rate * (taken + 1) / rising if taken < rising else rate


def _after_warmup(
    schedule: Constant | Step | MultiStep | Cosine | Linear | Polynomial,
    most: float,
    epoch: int,
    epochs: int,
    taken: int,
    steps: int,
) -> float:
    """Without the rise: step and multistep count all epochs, what falls to its end the others.

    Step: most * factor^floor((epoch - 1) / every). Cosine (Loshchilov & Hutter 2017, without
    restarts): final + (most - final) * (1 + cos(pi * (epoch - 1) / epochs)) / 2. Polynomial:
    final + (most - final) * (1 - taken / (epochs * steps))^power.
    """
    match schedule:
        case Constant():
            return most
        case Step():
            return float(most * schedule.factor ** ((epoch - 1) // schedule.every))
        case MultiStep():
            return float(most * schedule.factor ** sum(past < epoch for past in schedule.epochs))
        case Cosine():
            past, every = max(0.0, epoch - 1 - schedule.warmup), epochs - schedule.warmup
            along = (1 + math.cos(math.pi * past / every)) / 2
            return schedule.final + (most - schedule.final) * along
        case Linear() | Polynomial():
            power = schedule.power if isinstance(schedule, Polynomial) else 1.0
            every = epochs * steps - round(schedule.warmup * steps)
            # Rounded, a warm-up may take every step; nothing is left to fall in then.
            left = (1 - taken / max(1, every)) ** power
            return float(schedule.final + (most - schedule.final) * left)


def _one_cycle(schedule: OneCycle, most: float, step: int, steps: int) -> float:
    """At `step` (from 0) of `steps` of the whole training."""
    first = most / schedule.div_factor
    top, last = schedule.pct_start * steps - 1, steps - 1
    if step <= top:
        return _between(first, most, step / top if top else 1.0)
    return _between(most, first / schedule.final_div_factor, (step - top) / (last - top))


def _between(start: float, end: float, along: float) -> float:
    """Along half a cosine."""
    return end + (start - end) * (1 + math.cos(math.pi * along)) / 2
