"""The tables on what is said beyond a verdict, as `calibrate.py` prints them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from calibration.simulated_truth import LAWS
from calibration.what_is_said import (
    EXPECTED,
    SHAPES,
    claimed,
    crashing,
    is_true,
    least_coverage_of_odds,
    other_metric,
    power_at_half_width,
    predicted,
    told,
    told_over_looks,
)
from paribus.stream import stream

SEEDS = (3, 5, 10, 30)
Many = Callable[[int], int]


def tables(many: Many) -> Iterator[Iterator[str]]:
    """Every table; `many` scales a number of repetitions."""
    yield claims(many(1_000))
    yield new_seeds(many(10_000))
    yield odds()
    yield failed_runs(many(1_000))
    yield shapes(many(10_000))
    yield other_metrics(many(20_000))
    yield plans()


def claims(repetitions: int) -> Iterator[str]:
    yield from _head(
        f"Claims, supported / refuted; margin and `by` 1 sd ({repetitions:,} each)",
        ("claim, true difference", *(f"n = {n}" for n in (5, 10, 50))),
    )
    for expect in EXPECTED:
        for difference in (-1.0, -0.3, 0.0, 0.7, 1.0):
            rng = stream(0, "calibrate claims", expect, str(difference))
            ends = [claimed(rng, expect, difference, n, repetitions) for n in (5, 10, 50)]
            truth = "true" if is_true(expect, difference) else "false"
            yield _row(
                f"{expect}, {difference:g} sd: {truth}",
                (f"{_percent(yes)} / {_percent(no)}" for yes, no in ends),
            )


def new_seeds(repetitions: int) -> Iterator[str]:
    yield from _head(
        f"New seeds inside their 95 % prediction interval ({repetitions:,} each)",
        ("new seeds, runs", *(f"n = {n}" for n in SEEDS)),
    )
    for law in LAWS:
        rng = stream(0, "calibrate new seeds", law)
        held = [predicted(rng, law, n, repetitions) for n in SEEDS]
        for k, what in enumerate(
            ("one", "mean of n", "mean of n, if looked for in the interval of the mean")
        ):
            yield _row(f"{what}, {law}", (_percent(of[k]) for of in held))
        promised = [(n - 1) / (n + 1) for n in SEEDS]
        yield _row(
            f"one, by rank, {law} (promised)",
            (f"{_percent(of[3])} ({_percent(p)})" for of, p in zip(held, promised, strict=True)),
        )


def odds() -> Iterator[str]:
    yield from _head(
        "Least coverage of the 95 % interval of the odds (exact sums)",
        ("seeds", *(f"n = {n}" for n in SEEDS)),
    )
    yield _row("no ties", (_percent(least_coverage_of_odds(n, ties=False)) for n in SEEDS))
    yield _row("any share of ties", (_percent(least_coverage_of_odds(n, ties=True)) for n in SEEDS))


def failed_runs(repetitions: int) -> Iterator[str]:
    yield from _head(
        "A variation that gains 1 sd and fails in some seeds, its mean far below the baseline's: "
        f"called better ({repetitions:,} each)",
        ("fails in", "n", "by the seeds that finished", "by the verdict", "no run failed"),
    )
    for failing in (0.05, 0.1, 0.3):
        for n in (5, 10, 30):
            rng = stream(0, "calibrate failing", str(failing), n)
            shares = map(_percent, crashing(rng, n, failing, 1.0, repetitions))
            yield _row(f"{_percent(failing)}", (str(n), *shares))


def shapes(repetitions: int) -> Iterator[str]:
    yield from _head(
        f"Odd differences whose mean is 0 ({repetitions:,} each)",
        (
            *("differences", "n", "told to look odd", "false by the t test"),
            *("false without a note", "false, and by the robust test where told"),
        ),
    )
    for shape in SHAPES:
        for n in (5, 10, 30):
            rng = stream(0, "calibrate shapes", shape, n)
            yield _row(shape, (str(n), *map(_percent, told(rng, shape, n, repetitions))))
        rng = stream(0, "calibrate shapes over looks", shape)
        shares = map(_percent, told_over_looks(rng, shape, repetitions))
        yield _row(shape, ("looks at 5, 8, 12, 20", "", *shares))


def other_metrics(repetitions: int) -> Iterator[str]:
    yield from _head(
        "False differences in another metric, looks at 5, 8, 12, 20 seeds at the primary one "
        f"({repetitions:,} each)",
        ("correlation, primary difference", "by its own p", "by the overall level"),
    )
    for correlation in (0.0, 0.7, 0.95):
        for effect in (0.0, 0.7):
            rng = stream(0, "calibrate other metrics", str(correlation), str(effect))
            shares = map(_percent, other_metric(rng, correlation, effect, repetitions))
            yield _row(f"{correlation:g}, {effect:g} sd", shares)


def plans() -> Iterator[str]:
    yield from _head(
        "Power where half the interval is as wide as the difference (noncentral t)",
        ("true difference", "seeds", "power"),
    )
    for effect in (0.5, 1.0, 2.0):
        n, power = power_at_half_width(effect)
        yield _row(f"{effect:g} sd", (str(n), _percent(power)))


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _head(title: str, columns: Iterable[str]) -> Iterator[str]:
    names = list(columns)
    yield f"**{title}**\n"
    yield f"| {' | '.join(names)} |"
    yield "|---|" + "--:|" * (len(names) - 1)


def _row(name: str, values: Iterable[str]) -> str:
    return f"| {name} | {' | '.join(values)} |"
