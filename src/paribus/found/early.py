"""Runs that may not have finished, where nothing says whether they did."""

from collections import Counter
from collections.abc import Mapping

from paribus.found.find import Placed
from paribus.found.metrics import Measured

#: Others are said to end early where at least so large a share of the runs end at one place.
MOST = 0.6
#: Runs that a sentence names.
MOST_NAMED = 5


def stopped_early(runs: Mapping[tuple[str, int], Placed], metrics: Measured) -> tuple[str, ...]:
    """A sentence on runs whose curve of the primary metric ends before that of most others.

    Only of runs whose status isn't known: they may have crashed, or have been stopped early.
    """
    if metrics.source is None:
        return ()
    logged = {
        key: points
        for key, one in runs.items()
        if one.outcome.status == "finished"
        and (points := one.run.metrics.get(metrics.source)) is not None
        and len(points.at) > 1
    }
    ends = {key: float(points.at[-1]) for key, points in logged.items()}
    usual, count = Counter(ends.values()).most_common(1)[0] if ends else (0.0, 0)
    early = [key for key, end in ends.items() if end < usual and runs[key].run.status == "unknown"]
    if not early or count < MOST * len(ends):
        return ()
    axis = next(iter(logged.values())).axis
    named = [f"{setting}, seed {seed} ({axis} {ends[setting, seed]:g})" for setting, seed in early]
    more = [f"{len(early) - MOST_NAMED:,} more"] * (len(early) > MOST_NAMED)
    what = "1 run ends" if len(early) == 1 else f"{len(early):,} runs end"
    return (
        f"{what} before {axis} {usual:g}, where most end, and nothing says whether they finished: "
        f"{'; '.join([*named[:MOST_NAMED], *more])}. They count with the value they had. If they "
        f"crashed, that value is none of the setting's: --at {usual:g} leaves such runs out.",
    )
