"""How much the tests of faults and of strangers' files try.

EFFORT is 0 in `make test`: the telling cases, one or two of every kind. `make faults` and
`make fuzz` try every case, and random damage EFFORT times as often; their short forms, once.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TypeVar

from hypothesis import HealthCheck, settings

EFFORT = int(os.environ.get("EFFORT", "0"))

Case = TypeVar("Case")


def telling(cases: Iterable[Case], *chosen: Case) -> Sequence[Case]:
    """All cases, or in `make test` the chosen ones."""
    every = list(cases)
    assert all(case in every for case in chosen), "a case that isn't there was chosen"
    return every if EFFORT else chosen


def tries(number: int) -> int:
    """How many random cases: `number` for each unit of EFFORT, in `make test` a quarter of it."""
    return number * EFFORT or number // 4


def examples(number: int) -> settings:
    """Settings of a hypothesis test that tries so many examples."""
    return settings(
        max_examples=tries(number),
        deadline=None,  # the machine may be busy
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
