"""How a comparison says no."""

from __future__ import annotations

from paribus.errors import ParibusError


class ComparisonError(ParibusError, ValueError):
    """A comparison that can't be made as asked: what was expected, what came, what to do."""

    exit_code = 2
