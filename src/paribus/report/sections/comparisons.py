"""Every variation against the baseline on every metric: at a glance, then all tests."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from paribus.comparison.compare import Comparison
from paribus.comparison.study import StudyComparison
from paribus.names import safe_class, safe_name
from paribus.narrative import words
from paribus.narrative.answer import verdict_of
from paribus.narrative.comparisons import notes
from paribus.narrative.numbers import Unit, p_value
from paribus.narrative.unpaired import ANY_TIME, how_paired
from paribus.narrative.varied import bound_to
from paribus.report.blocks import Block, Cell, Figure, Folded, Heading, Paragraph, Table, note
from paribus.report.charts.intervals import intervals
from paribus.report.sections import cells
from paribus.report.sections.outlook import new_seeds
from paribus.report.sections.pairs import all_pairs
from paribus.results import Results

_SIGNS = (
    "▲ better, ▼ worse, ◆ higher or lower where neither is better, ■ equivalent, △ not worse, "
    "▽ not better, ○ undecided"
)
#: The chart has so many rows at most, of all metrics together.
MOST_ROWS = 40
#: So many variations are columns of the first table.
MOST_COLUMNS = 4


def comparisons(results: Results) -> Iterator[Block]:
    """Every metric at a glance: the chart, and a table of estimates and verdicts."""
    compared = results.compared
    if compared is None or not compared.comparisons:
        alone = "There is no variation to compare with the baseline."
        yield from map(Paragraph, results.refused if compared is None else [alone])
        return
    main = _main(results, compared)
    tested = [c for c in main if c.p is not None]
    if tested:
        yield Paragraph(
            f"Of {words.count(len(tested), 'comparison')} with {compared.values.baseline}, "
            f"{cells.differing(tested)}. {cells.label(compared.values.primary)} is the primary "
            "metric; the others are exploratory.",
            link="tests",
        )
    yield from _figure(main, compared, MOST_ROWS)
    names = list(dict.fromkeys(c.variation for c in main))
    if len(names) <= MOST_COLUMNS:
        table = cells.verdict_table(
            "Difference from the baseline, with its interval of 95 % unless another level is "
            "given; below, the verdict and the adjusted p",
            "Metric",
            main,
            cells.label,
        )
        yield Folded("The numbers", [table], printed=True)


def chart(results: Results, rows: int) -> Iterator[Figure]:
    """The chart of the first metrics, the primary one first, with about so many rows in all."""
    if compared := results.compared:
        main = sorted(_main(results, compared), key=lambda c: c.metric.name != results.primary.name)
        yield from _figure(main, compared, rows)


def tests(results: Results) -> Iterator[Block]:
    """All tests: by metric, new seeds, all pairs of settings, new images, and recalls."""
    compared = results.compared
    if compared is None or not compared.comparisons:
        return
    main = _main(results, compared)
    yield Paragraph("Each comparison with all its p values, and what new seeds and images show.")
    how = how_paired(results.study.paired, proven=results.proven)
    bound = bound_to(results.study.varied)
    yield note(_explanation(compared, main, how, bound))
    yield from _tables(main)
    yield from new_seeds(compared)
    yield from all_pairs(compared.setting_pairs)
    yield from _both_intervals(compared)
    yield from _recall_changes([c for c in compared.comparisons if c.metric.family == "recall"])


def _main(results: Results, compared: StudyComparison) -> list[Comparison]:
    """The comparisons on metrics of whole runs of which something is known."""
    shown = {m.name for m in results.metrics if compared.values.is_known(m.name)}
    return [c for c in compared.comparisons if c.metric.name in {*shown, results.primary.name}]


def _explanation(
    compared: StudyComparison, main: Sequence[Comparison], how: str, bound: str
) -> str:
    """How to read the tables; `how` runs are paired, and what intervals are `bound` to."""
    ratios = dict.fromkeys(c.metric.label for c in main if c.metric.compare == "ratio")
    ratio = f"; {words.listed([safe_name(of) for of in ratios])} as a ratio" if ratios else ""
    anytime = ANY_TIME if compared.anytime else ""
    paired = all(c.paired for c in main)
    shape_free = (
        "the sign-flip p takes them to be symmetric about 0 where nothing is changed."
        if paired
        else "the permuted p (of Welch's t) doesn't."
    )
    return (
        f"Each variation compared with {compared.values.baseline}, "
        f"{how}{ratio}. The intervals are for the mean difference over "
        f"all seeds, {bound}; 95 of 100 such intervals hold it. They are not adjusted. "
        "Verdicts rest on the adjusted p (Holm, over all variations tested on a metric), "
        "equivalence on the p below it. The t test's p takes the differences to be roughly normal; "
        f"{shape_free} {cells.label(compared.values.primary)} is the primary metric, all others "
        "are exploratory. Seeds needed is the number with which 80 % of studies would decide an "
        "undecided comparison, if its differences are spread around the same mean as those so far. "
        f"{anytime}".rstrip()
    )


def _figure(main: Sequence[Comparison], compared: StudyComparison, rows: int) -> Iterator[Figure]:
    names = list(dict.fromkeys(c.variation for c in main))
    drawn = names[: cells.MOST_VARIATIONS]
    tested = [c for c in main if c.variation in drawn and None not in (c.p, c.estimate)]
    panels = []
    for metric in dict.fromkeys(c.metric for c in main):
        marks = [(c.variation, c) for c in tested if c.metric.name == metric.name]
        if marks:
            panels.append(cells.panel(cells.label(metric), metric, marks))
    if not panels:
        return
    kept = panels[: max(rows // len(drawn), 1)]
    yield Figure(
        "comparisons",
        f"{_SIGNS}. "
        "The vertical line is no difference; the gray band is the margin, within which a "
        "difference doesn't matter."
        + cells.left_out(len(drawn), len(names), "variations")
        + cells.left_out(len(kept), len(panels), "metrics"),
        _description(compared, drawn),
        lambda width: intervals(kept, width),
    )


def _description(compared: StudyComparison, drawn: Sequence[str]) -> str:
    verdicts = [
        f"{c.variation} {c.verdict}, {cells.estimate(c)}"
        for c in compared.primary
        if c.variation in drawn and c.p is not None
    ]
    return (
        "Differences from the baseline with their intervals, a chart per metric. "
        f"{cells.label(compared.values.primary)}: {'; '.join(verdicts) or 'not tested'}."
    )


def _head(main: Sequence[Comparison]) -> tuple[str, ...]:
    shape_free = "Sign-flip p" if all(c.paired for c in main) else "Permuted p"
    return ("Verdict", "Difference", "p", "Adjusted p", shape_free, "Seeds", "Seeds needed")


def _tables(main: Sequence[Comparison]) -> Iterator[Block]:
    names = list(dict.fromkeys(c.variation for c in main))
    if len(names) > cells.MOST_VARIATIONS:
        rows = [(f"{c.variation}: {c.metric.label}", _cells(c)) for c in main]
        yield Table("Every variation against the baseline", ("", *_head(main)), rows)
        return
    for name in names:
        rows = [(c.metric.label, _cells(c)) for c in main if c.variation == name]
        yield Heading(name)
        yield Table(f"{name} against the baseline", ("", *_head(main)), rows)


def _cells(c: Comparison) -> list[Cell]:
    return [
        replace(cells.verdict_mark(verdict_of(c)), notes=tuple(map(words.typeset, notes(c)))),
        Cell(cells.estimate(c), cells.level(c)),
        Cell(p_value(c.p)),
        Cell(p_value(c.p_adjusted), cells.equivalence(c)),
        Cell(p_value(c.p_sign_flip)),
        Cell(str(c.n_seeds), f"{c.missing} missing" if c.missing else ""),
        Cell(cells.seeds_needed(c), cells.goal(c)),
    ]


def _both_intervals(compared: StudyComparison) -> Iterator[Block]:
    """The two intervals of accuracy and of other means over images, and what each lets one say."""
    known = [c for c in compared.comparisons if c.new_images and c.metric.figure != "causes"]
    known = [c for c in known if not c.metric.member]
    accuracy = [c for c in known if c.metric.images]
    if not accuracy:
        return
    metric = accuracy[0].metric
    yield Heading(f"{cells.label(metric)}: these images, or new ones")
    yield Paragraph(
        "Both intervals are for the mean difference over all seeds. The first is about these test "
        "images; the second is about images of this kind: the mean over all seeds and all images "
        "that could have been drawn from the same source. 95 of 100 such intervals hold that mean. "
        "Verdicts rest on the first. If you plan to use the network, read the second; more seeds "
        "alone don't make it narrow. One that is marked safe is wider than it need be, because its "
        f"variance came out below what is possible. {_how(compared)}"
    )
    head = ("Estimate", "All seeds, these images", f"All seeds, all such {_kind(compared)}")
    yield Table(
        f"Difference in {metric.label} in points",
        ("", *head),
        [(c.variation, _both(c)) for c in accuracy],
    )
    drawn = list(dict.fromkeys(c.variation for c in known))[: cells.MOST_VARIATIONS]
    others = [c for c in known if not c.metric.images and c.variation in drawn]
    if others:
        yield Table(
            "The same of other means over images; differences of shares in points"
            + cells.left_out(len(drawn), len({c.variation for c in known}), "variations"),
            ("", *head),
            [(f"{c.variation}: {c.metric.label}", _both(c)) for c in others],
        )


def _kind(compared: StudyComparison) -> str:
    return "images" if compared.values.groups is None else "groups of images"


def _how(compared: StudyComparison) -> str:
    """How the images behind the second interval were drawn, where that isn't as usual."""
    if compared.values.groups is not None:
        groups = words.count(len(np.unique(compared.values.groups)), "group")
        return f"It is about new groups of images, such as the {groups} of the test set."
    if compared.values.resampled is not None:
        return (
            "Each seed splits the same images anew, so its training images are mostly those of "
            "other seeds; the interval allows for that by the rule of Nadeau and Bengio."
        )
    return ""


def _both(c: Comparison) -> list[Cell]:
    assert c.new_images is not None and c.estimate is not None
    unit = Unit(3) if c.metric.written == "number" else Unit(2, scale=100)

    def ends(low: float | None, high: float | None) -> str:
        if low is None or high is None or math.isnan(low):
            return words.NONE
        return f"[{unit.number(low)}, {unit.number(high)}]"

    safe = ", safe" if c.new_images.truncated else ""
    return [
        Cell(unit.signed(c.estimate)),
        Cell(ends(c.low, c.high), cells.level(c)),
        Cell(ends(c.new_images.low, c.new_images.high), f"p {p_value(c.new_images.p)}{safe}"),
    ]


def _recall_changes(recalls: Sequence[Comparison]) -> Iterator[Block]:
    """The table of all classes and variations, said to be exploratory."""
    tested = [c for c in recalls if c.p is not None]
    if not tested:
        return
    yield Heading("Recall of each class")
    yield note(
        "Exploratory: many classes are tested at once. The p values are adjusted over all "
        f"{words.count(len(recalls), 'test')} of this table (Holm), of which "
        f"{cells.differing(tested)}. The intervals are not adjusted."
    )
    yield cells.verdict_table(
        f"Difference in recall, with its {100 * tested[0].wanted_level:.3g} % interval, verdict "
        "and adjusted p",
        "Class",
        recalls,
        lambda metric: safe_class(metric.name.removeprefix("recall:")),
    )
