"""How much is tried: a little in `make test`, `FUZZ` times as much in `make fuzz`."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

EFFORT = int(os.environ.get("FUZZ", "1"))


def examples(number: int) -> settings:
    """Settings of a hypothesis test that tries `number` examples, and more in `make fuzz`."""
    return settings(
        max_examples=number * EFFORT,
        deadline=None,  # the machine may be busy
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
