"""Limits in seconds were chosen on one machine; others are slower, and slower still when busy."""

from __future__ import annotations

import time


def slowness() -> float:
    """How many times as long this machine takes now as the one the limits were chosen on.

    At least 1. It makes many small objects, as reading files does: where several programs share a
    machine's memory, that slows down more than arithmetic. Child processes run this function's
    source, so it names nothing from outside.
    """
    began = time.process_time()
    for _ in range(2):
        texts = {str(number): (number, str(number)) for number in range(20_000)}
        sorted(texts, key=lambda text: texts[text][1][::-1])
    return max((time.process_time() - began) / 0.053, 1.0)
