"""The pictures of docs/statistics-for-students.md: simulated studies whose truth is known.

Each is computed by the package's own statistics from a fixed stream of numbers, and drawn as the
report draws. Its words stand in the page and in the drawing, with the numbers in them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np

from paribus.io.strict_json import dumps
from paribus.report.charts import COLORS
from paribus.report.charts.drawing import Specification, artist
from paribus.report.charts.frame import grid, layered
from paribus.report.charts.intervals import Mark, SeedRow, seed_differences
from paribus.report.charts.svg import standalone
from paribus.stats.anytime import anytime_p_values
from paribus.stats.multiplicity import nominal_level
from paribus.stats.paired import mean_test, t_interval
from paribus.stats.sample import equivalence_p, verdict
from paribus.stats.unpaired import welch_interval

FOLDER = Path(__file__).parent / "pictures"
WIDTH = 480

#: Points of accuracy: by how much the variation is better in truth, and the luck of one run.
GAIN, LUCK = 0.5, 0.8
SEEDS = 8


@dataclass(frozen=True)
class Picture:
    """A drawing, and what it shows in words."""

    name: str
    says: str
    chart: Specification

    @property
    def digest(self) -> str:
        """Of all that is drawn; it stands in the file, so that an old one is noticed."""
        return hashlib.sha256(dumps(self.chart).encode()).hexdigest()[:16]

    def is_in(self, svg: str) -> bool:
        """Whether this file was drawn from the same."""
        return f'data-drawn-from="{self.digest}"' in svg


def pictures() -> Iterator[Picture]:
    """All of them, in the order of the page."""
    yield one_run_each()
    yield pairs()
    yield coverage()
    yield verdicts()
    yield peeking()


def write() -> None:
    """Draw all of them into docs/pictures."""
    made = {picture.name: picture for picture in pictures()}
    with artist() as draw:
        drawings = draw({name: (lambda p=one: p.chart) for name, one in made.items()})
    FOLDER.mkdir(exist_ok=True)
    for name, drawing in drawings.items():
        drawing.set("data-drawn-from", made[name].digest)
        (FOLDER / f"{name}.svg").write_text(standalone(drawing, made[name].says), "utf-8")


def _numbers(picture: str) -> np.random.Generator:
    return np.random.default_rng([2026, *picture.encode()])


def _rows(**columns: Any) -> list[dict[str, Any]]:
    """Rows of a chart; three decimals, so that every machine draws the same."""
    return [
        {
            name: round(float(value), 3) if isinstance(value, float | np.floating) else value
            for name, value in zip(columns, row, strict=True)
        }
        for row in zip(*columns.values(), strict=True)
    ]


def one_run_each() -> Picture:
    """How a better setting comes out worse, where each is trained once."""
    studies, step = 1_000, 0.25
    drawn = _numbers("one run each").normal(0, LUCK, (2, studies))
    differences = GAIN + drawn[1] - drawn[0]
    edges = np.arange(-4, 5, step)
    counts, _ = np.histogram(differences, edges)
    wrong = int((differences < 0).sum())
    names = ["the better one is ahead", "the worse one is ahead"]
    data = {
        "bars": _rows(
            low=edges[:-1],
            high=edges[1:],
            studies=counts.tolist(),
            of=[names[int(low < 0)] for low in edges[:-1]],
        )
    }
    colors = alt.Scale(domain=names, range=[COLORS["blue"], COLORS["vermillion"]])
    bars = (
        alt.Chart(alt.NamedData("bars"))
        .mark_bar(binSpacing=1)
        .encode(
            x=alt.X(
                "low:Q",
                title="variation minus baseline, one run each, in points",
                bin=alt.BinParams(binned=True, step=step),
            ),
            x2="high:Q",
            y=alt.Y("studies:Q", title="studies"),
            color=alt.Color("of:N", scale=colors, sort=None).legend(
                title=None, orient="top", columnPadding=24
            ),
        )
    )
    says = (
        f"{studies:,} studies of one run each. The variation is better by {GAIN} points in all of "
        f"them, and yet the baseline comes out ahead in {wrong}."
    )
    return Picture("one-run-each", says, layered([bars], data, WIDTH, 190))


def pairs() -> Picture:
    """The same sixteen runs, as two groups and as eight pairs."""
    numbers = _numbers("pairs")
    shared = 46 + numbers.normal(0, LUCK, SEEDS)
    baseline, variation = (
        shared + gain + numbers.normal(0, LUCK / 4, SEEDS) for gain in (0.0, GAIN)
    )
    names = ("baseline", "variation")
    runs = [
        row
        for name, values in zip(names, (baseline, variation), strict=True)
        for row in _rows(setting=[name] * SEEDS, seed=list(range(SEEDS)), value=values)
    ]
    groups = welch_interval(baseline, variation)
    paired = t_interval(variation - baseline)
    kinds = ("as two groups", "as pairs")
    ends = [(float(one.low), float(one.estimate), float(one.high)) for one in (groups, paired)]
    intervals = _rows(
        kind=list(kinds), **dict(zip(("low", "mean", "high"), zip(*ends, strict=True), strict=True))
    )
    lines = alt.Chart(alt.NamedData("runs")).encode(
        x=alt.X("setting:N", title=None, axis=alt.Axis(labelAngle=0)),
        y=alt.Y("value:Q", title="test accuracy, %").scale(zero=False).axis(titlePadding=12),
    )
    slopes = alt.layer(
        lines.mark_line(color=COLORS["muted"], opacity=0.6).encode(detail="seed:N"),
        lines.mark_circle(size=50, color=COLORS["blue"], opacity=1),
    ).properties(width=155, height=200)
    base = alt.Chart(alt.NamedData("intervals")).encode(
        x=alt.X("kind:N", title=None, sort=None, axis=alt.Axis(labelAngle=0))
    )
    bounds = alt.layer(
        alt.Chart(alt.NamedData("none")).mark_rule(color=COLORS["ink"]).encode(y="zero:Q"),
        base.mark_rule(strokeWidth=2, color=COLORS["blue"]).encode(
            y=alt.Y("low:Q", title="difference, points").axis(titlePadding=12), y2="high:Q"
        ),
        base.mark_circle(size=70, color=COLORS["blue"], opacity=1).encode(y="mean:Q"),
    ).properties(width=155, height=200)
    data = {"runs": runs, "intervals": intervals, "none": [{"zero": 0}]}
    says = (
        f"Two settings from {SEEDS} seeds; a line joins the runs of one seed. As two groups, the "
        f"interval of the difference is {_between(ends[0])} points. As pairs, it is "
        f"{_between(ends[1])}: the seeds' luck cancels."
    )
    return Picture("pairs", says, grid([slopes, bounds], data, 2))


def _between(ends: tuple[float, float, float]) -> str:
    return f"{ends[0]:.1f} to {ends[2]:.1f}".replace("-", "\N{MINUS SIGN}")


def coverage() -> Picture:
    """How many of a hundred intervals hold the true difference."""
    studies = 100
    d = _numbers("coverage").normal(GAIN, LUCK, (studies, SEEDS))
    of = t_interval(d)
    missed = (of.low > GAIN) | (of.high < GAIN)
    data = {
        "studies": _rows(
            study=list(range(1, studies + 1)),
            low=of.low,
            high=of.high,
            mean=of.estimate,
            holds=["misses it" if one else "holds the truth" for one in missed],
        ),
        "truth": [{"gain": GAIN}],
    }
    colors = alt.Scale(
        domain=["holds the truth", "misses it"], range=[COLORS["muted"], COLORS["vermillion"]]
    )
    base = alt.Chart(alt.NamedData("studies")).encode(
        x=alt.X("study:Q", title="study", scale=alt.Scale(domain=[0, studies + 1])),
        color=alt.Color(
            "holds:N",
            scale=colors,
            sort=None,
            legend=alt.Legend(title=None, orient="top", columnPadding=24),
        ),
    )
    layers = [
        alt.Chart(alt.NamedData("truth"))
        .mark_rule(color=COLORS["blue"], strokeWidth=2)
        .encode(y="gain:Q"),
        base.mark_rule(strokeWidth=2).encode(
            y=alt.Y("low:Q", title="difference, points"), y2="high:Q"
        ),
        base.mark_circle(size=14, opacity=1).encode(y="mean:Q"),
    ]
    says = (
        f"{studies} studies of {SEEDS} seeds each, and the 95 % interval of each. The true "
        f"difference, the blue line, is {GAIN} points in all of them. {int(missed.sum())} of the "
        f"{studies} intervals miss it."
    )
    return Picture("coverage", says, layered(layers, data, WIDTH, 210))


#: Each verdict, with the mean and the spread of differences that end in it.
EXAMPLES = {
    "better": (1.5, 0.9),
    "worse": (-1.7, 1.2),
    "equivalent": (0.1, 0.5),
    "undecided": (0.1, 1.3),
}
MARGIN = 1.0


def verdicts() -> Picture:
    """A comparison that ends in each verdict, as the report draws it."""
    numbers = _numbers("verdicts")
    rows = []
    for name, (mean, spread) in EXAMPLES.items():
        d = numbers.normal(mean, spread, SEEDS)
        of = t_interval(d)
        ended = verdict(float(d.mean()), float(of.p), float(equivalence_p(d, MARGIN)), True)
        mark = Mark(name, ended, *(round(float(v), 3) for v in (of.estimate, of.low, of.high)))
        rows.append(SeedRow(mark, [round(float(v), 3) for v in d]))
    chart = seed_differences(rows, "difference to the baseline, points", 0.0, MARGIN, WIDTH)
    said = "; ".join(f"{r.mark.by} {_between((r.mark.low, 0, r.mark.high))}" for r in rows)
    says = (
        f"Four variations from {SEEDS} seeds each, with a margin of {MARGIN:.0f} point, which is "
        f"the gray band: {said}. A faint dot is a seed."
    )
    return Picture("verdicts", says, chart)


def peeking() -> Picture:
    """How often a difference is found where there is none, by the number of looks."""
    studies, most, looks = 4_000, 30, (5, 8, 12, 20)
    d = _numbers("peeking").normal(0, LUCK, (studies, most))
    level = nominal_level(looks)
    every = np.stack([mean_test(d[:, :n]) <= 0.05 for n in range(2, most + 1)], axis=1)
    planned = np.stack(
        [
            mean_test(d[:, :n]) <= level if n in looks else np.zeros(studies, bool)
            for n in range(2, most + 1)
        ],
        axis=1,
    )
    anytime = anytime_p_values(d)[:, 1:] <= 0.05
    ways = {
        "a look after every seed": every,
        "looks declared at 5, 8, 12, 20": planned,
        "seeds one by one, by Paribus's test": anytime,
    }
    found = {way: np.maximum.accumulate(hits, axis=1).mean(axis=0) for way, hits in ways.items()}
    data = {
        "lines": [
            row
            for way, shares in found.items()
            for row in _rows(
                way=[way] * len(shares), seeds=list(range(2, most + 1)), share=100 * shares
            )
        ],
        "promised": [{"share": 5}],
    }
    colors = alt.Scale(
        domain=list(ways), range=[COLORS["vermillion"], COLORS["blue"], COLORS["green"]]
    )
    layers = [
        alt.Chart(alt.NamedData("promised"))
        .mark_rule(color=COLORS["ink"], strokeDash=[5, 4])
        .encode(y="share:Q"),
        alt.Chart(alt.NamedData("lines"))
        .mark_line(strokeWidth=2.5, interpolate="step-after")
        .encode(
            x=alt.X("seeds:Q", title="seeds so far", scale=alt.Scale(domain=[2, most])),
            y=alt.Y("share:Q", title="studies with a false difference, %"),
            color=alt.Color("way:N", scale=colors, sort=None).legend(
                title=None, orient="top", columns=1, labelLimit=400
            ),
        ),
    ]
    shares = [f"{100 * found[way][-1]:.0f} %" for way in ways]
    says = (
        f"{studies:,} studies of two settings that don't differ. With a t test after every seed, "
        f"{shares[0]} of them have found a difference by {most} seeds; with looks that were "
        f"declared, {shares[1]}; with a test that may be looked at after every seed, {shares[2]}."
    )
    return Picture("peeking", says, layered(layers, data, WIDTH, 220))
