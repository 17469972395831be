"""Whether the engine pays for a network that it could train."""

from __future__ import annotations

import math

from torch import nn

from paribus.engine.stages import Program

#: Weights of linear layers. The engine takes 16 images at a time through them, and reads the
#: weights again for the next 16: no good where they don't stay in the processor's cache.
MOST_WEIGHTS = 100_000


def torch_is_faster(program: Program) -> str | None:
    """Why torch is likely to train the network faster, as a clause; None if it isn't.

    That is so where most of the work lies in large linear layers (docs/benchmarks.md).
    """
    weights = work = 0
    for stage in program.stages:
        if stage.layer is None:
            continue
        its = stage.layer.weight.numel()
        weights += its if isinstance(stage.layer, nn.Linear) else 0
        work += its * math.prod(stage.after[1:]) * math.prod(stage.pooling.window)
    if weights <= MOST_WEIGHTS or 2 * weights < work:
        return None
    return f"most of its work is in linear layers with {weights:,} weights, where torch is as fast"
