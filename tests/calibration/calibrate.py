"""Measure what docs/statistics.md promises: coverage, false verdicts and power, as Markdown.

    PYTHONPATH=tests python -m calibration.calibrate              # 30 minutes on one core
    PYTHONPATH=tests python -m calibration.calibrate --scale 0.1

The tests of this folder check the same with fewer repetitions.
"""

from __future__ import annotations

import argparse
import platform
from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import scipy

from calibration import other_designs, said_in_tables
from calibration.baseline import baseline_tables
from calibration.chance import (
    above_chance_table,
    cells_table,
    law_table,
    ranks_table,
    spread_table,
    turned_table,
)
from calibration.choice import best_table
from calibration.grouped import bootstrap_by_groups, coverage_by_groups
from calibration.label_errors import found_table
from calibration.new_images import bootstrap_table, calibrated_table, coverage_table
from calibration.resampled import coverage_by_splits
from calibration.simulated_truth import (
    LAWS,
    coverage,
    coverage_of_new_images,
    coverage_of_wilson,
    coverage_over_looks,
    family_error,
    power,
    sign_flip_error,
    single_error,
)
from paribus.stats.multiplicity import nominal_level
from paribus.stats.power import SeedsNeeded, seeds_needed, seeds_needed_by_ranks
from paribus.stream import stream

SEEDS = (3, 5, 10, 30)
LOOKS = (5, 8, 12, 20)
HALF = np.repeat([0.0, 1.0], 5)


def main() -> None:
    """Print every table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--scale", type=float, default=1.0, help="of the number of repetitions")
    scale: float = parser.parse_args().scale

    def many(repetitions: int) -> int:
        return max(10, round(repetitions * scale))

    print(
        f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, "
        f"NumPy {np.__version__}, SciPy {scipy.__version__}, "
        f"`PYTHONPATH=tests python -m calibration.calibrate --scale {scale:g}`\n"
    )
    for table in (
        coverage_of_pairs(many(200_000)),
        coverage_of_images(many(4_000)),
        coverage_by_groups(many(2_000)),
        bootstrap_by_groups(many(200)),
        coverage_by_splits(many(1_000)),
        other_coverage(many(200_000)),
        errors_of_one(many(100_000)),
        errors_of_sign_flips(many(20_000)),
        errors_of_ten(many(50_000)),
        errors_over_looks(many(100_000)),
        promised_power(many(100_000)),
        *said_in_tables.tables(many),
        best_table(many(50_000)),
        coverage_table(many(400)),
        bootstrap_table(many(40)),
        calibrated_table(many(300)),
        spread_table(many(2_000)),
        above_chance_table(many(1_000)),
        *baseline_tables(many(400)),
        turned_table(many(60)),
        law_table(many(20)),
        ranks_table(many(600)),
        cells_table(many(600)),
        found_table(many(4)),
        *other_designs.tables(scale),
    ):
        print(*table, sep="\n", end="\n\n", flush=True)


def coverage_of_pairs(repetitions: int) -> Iterator[str]:
    yield from _head(f"Coverage of 95 % intervals over paired seeds ({repetitions:,} each)", "runs")
    for method in ("mean", "ranks"):
        for law in LAWS:
            rng = stream(0, "calibrate coverage", method, law)
            yield _row(
                f"{method}, {law}", (coverage(rng, method, law, n, repetitions) for n in SEEDS)
            )


def coverage_of_images(repetitions: int) -> Iterator[str]:
    yield from _head(
        f"Coverage of new seeds and new images: 300 images, 3 classes ({repetitions:,} each)",
        "spread of seeds / of images, runs",
    )
    for law in LAWS[:2]:
        for seed_sd, image_sd in ((0.0, 0.3), (0.1, 0.3), (0.3, 0.3)):
            rng = stream(0, "calibrate images", law, str(seed_sd))
            result = [
                coverage_of_new_images(rng, n, seed_sd, image_sd, law, repetitions) for n in SEEDS
            ]
            name = f"{seed_sd:g} / {image_sd:g}, {law}"
            yield _row(name, (both for both, _, _ in result))
            yield _row(
                f"{name}, if read off the interval for new seeds", (one for _, one, _ in result)
            )
            yield _row(f"{name}: widened to contain that one", (wide for _, _, wide in result))


def other_coverage(repetitions: int) -> Iterator[str]:
    yield "**Coverage of the other 95 % intervals**\n"
    yield "| interval | holds the truth |"
    yield "|---|--:|"
    over_looks = coverage_over_looks(stream(0, "calibrate looks"), LOOKS, repetitions)
    yield f"| all of the looks at 5, 8, 12, 20 seeds together | {100 * over_looks:.1f} % |"
    for p, images in ((0.46, 5000), (0.26, 500), (0.95, 500)):
        held = coverage_of_wilson(p, images)
        name = f"Wilson, accuracy {p:g} on {images:,} images (exact sum)"
        yield f"| {name} | {100 * held:.1f} % |"


def errors_of_one(repetitions: int) -> Iterator[str]:
    yield from _head(
        f"False verdicts of one comparison ({repetitions:,} each)", "true difference, margin, runs"
    )
    for law in LAWS:
        for truth, margin in ((0.0, 0.1), (1.0, 1.0), (-1.0, 1.0), (0.5, 0.5)):
            rng = stream(0, "calibrate one", law, str(truth))
            yield _row(
                f"{truth:g} sd, {margin:g} sd, {law}",
                (single_error(rng, law, truth, n, margin, repetitions) for n in SEEDS),
            )


def errors_of_sign_flips(repetitions: int) -> Iterator[str]:
    yield from _head(f"Sign-flip p <= 0.05 without a difference ({repetitions:,} each)", "runs")
    for law in LAWS:
        rng = stream(0, "calibrate flips", law)
        yield _row(law, (sign_flip_error(rng, law, n, repetitions) for n in SEEDS))


def errors_of_ten(repetitions: int) -> Iterator[str]:
    yield from _head(
        f"Studies of ten variations with any false verdict ({repetitions:,} each)",
        "true differences, margin",
    )
    worst = np.array([0.0, 1.0, *[0.5] * 8])
    worst_sd = np.array([3.0, 1.0, *[0.05] * 8])
    for name, truth, margin, sd in (
        ("all 0, 0.1 sd", np.zeros(10), 0.1, 1.0),
        ("all at the margin, 1 sd", np.ones(10), 1.0, 1.0),
        ("five 0, five at the margin, 1 sd", HALF, 1.0, 1.0),
        ("contrived: one 0 of large sd, one at the margin, eight sure ones", worst, 1.0, worst_sd),
    ):
        rng = stream(0, "calibrate ten", name)
        yield _row(name, (family_error(rng, truth, n, margin, repetitions, sd) for n in SEEDS))


def errors_over_looks(repetitions: int) -> Iterator[str]:
    level = nominal_level(LOOKS)
    yield f"**Studies with looks at 5, 8, 12, 20 seeds (nominal level {level:.4f})**\n"
    yield "| true differences, margin | 1 variation | 10 variations |"
    yield "|---|--:|--:|"
    for name, truth, margin in (
        ("0, 0.1 sd", 0.0, 0.1),
        ("0, 0.7 sd", 0.0, 0.7),
        ("at the margin, 1 sd", 1.0, 1.0),
    ):
        rng = stream(0, "calibrate family over looks", name)
        one, ten = (
            family_error(rng, np.full(k, truth), 20, margin, repetitions // k, looks=LOOKS)
            for k in (1, 10)
        )
        yield f"| {name} | {100 * one:.1f} % | {100 * ten:.1f} % |"


def promised_power(repetitions: int) -> Iterator[str]:
    each = f"{repetitions:,}, ranks {repetitions // 20:,}"
    yield f"**Power at the number of seeds needed ({each})**\n"
    yield "| test | difference, margin, alpha | goal | seeds | promised | reached |"
    yield "|---|---|---|--:|--:|--:|"
    for difference, margin, alpha in (
        (0.5, 0.4, 0.05),
        (1.2, 1.0, 0.05),
        (2.0, 1.0, 0.05),
        (0.7, 0.2, 0.005),
        (0.0, 0.6, 0.05),
        (0.2, 1.0, 0.05),
        (0.1, 0.9, 0.005),
    ):
        case = f"{difference:g} sd, {margin:g} sd, {alpha:g}"
        for method, needed in (
            ("mean", seeds_needed(difference, 1.0, margin, alpha)),
            ("ranks", seeds_needed_by_ranks(difference, 1.0, margin, alpha)),
        ):
            yield _power_row(method, case, needed, difference, margin, alpha, repetitions)


def _power_row(
    method: str,
    case: str,
    needed: SeedsNeeded | None,
    difference: float,
    margin: float,
    alpha: float,
    repetitions: int,
) -> str:
    if needed is None or needed.seeds is None or needed.power is None:
        return f"| {method} | {case} | | {needed} | | |"
    rng, goal, n = stream(0, "calibrate power", method, case), needed.goal, needed.seeds
    if method == "mean":
        reached = power(rng, "mean", goal, difference, n, margin, alpha, repetitions)
    else:
        reached = power(rng, "ranks", goal, difference, n, margin, alpha, repetitions // 20)
    promised = f"{100 * needed.power:.1f} %"
    return f"| {method} | {case} | {goal} | {n} | {promised} | {100 * reached:.1f} % |"


def _head(title: str, what: str) -> Iterator[str]:
    yield f"**{title}**\n"
    yield f"| {what} | " + " | ".join(f"n = {n}" for n in SEEDS) + " |"
    yield "|---|" + "--:|" * len(SEEDS)


def _row(name: str, shares: Iterator[float]) -> str:
    return f"| {name} | " + " | ".join(f"{100 * share:.1f} %" for share in shares) + " |"


if __name__ == "__main__":
    main()
