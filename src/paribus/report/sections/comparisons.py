"""Every variation against the baseline on every metric, as a chart and in tables."""

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from paribus.comparison.compare import Comparison
from paribus.comparison.study import StudyComparison
from paribus.names import safe_class, safe_name
from paribus.narrative import words
from paribus.narrative.comparisons import notes
from paribus.narrative.numbers import Unit, p_value
from paribus.narrative.unpaired import ANY_TIME, PAIRED, UNPAIRED
from paribus.narrative.varied import bound_to
from paribus.report.blocks import Block, Cell, Figure, Heading, Paragraph, Table, note
from paribus.report.charts.intervals import intervals
from paribus.report.sections import cells
from paribus.report.sections.outlook import new_seeds
from paribus.report.sections.pairs import all_pairs
from paribus.results import Results

_SIGNS = (
    "▲ better, ▼ worse, ◆ higher or lower where neither is better, ■ equivalent, △ not worse, "
    "▽ not better, ○ undecided"
)
#: A note names so many variations; of more it says how many.
MOST_NAMED = 4


def comparisons(results: Results) -> Iterator[Block]:
    """The interval plot, the tests, the intervals for new images, and the recalls."""
    compared = results.compared
    if compared is None or not compared.comparisons:
        alone = "There is no variation to compare with the baseline."
        yield from map(Paragraph, results.refused if compared is None else [alone])
        return
    shown = {m.name for m in results.metrics if compared.values.is_known(m.name)}
    main = [c for c in compared.comparisons if c.metric.name in {*shown, results.primary.name}]
    yield note(_explanation(compared, main))
    yield from _figure(main, compared)
    yield from _tables(main)
    yield from _notes(main)
    yield from new_seeds(compared)
    yield from all_pairs(compared.setting_pairs)
    yield from _both_intervals(compared)
    yield from _recall_changes([c for c in compared.comparisons if c.metric.family == "recall"])


def _explanation(compared: StudyComparison, main: Sequence[Comparison]) -> str:
    vary = compared.values.settings[compared.values.baseline].vary
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
        f"{PAIRED if paired else UNPAIRED}{ratio}. The intervals are for the mean difference over "
        f"all seeds, {bound_to(vary)}; 95 of 100 such intervals hold it. They are not adjusted. "
        "Verdicts rest on the adjusted p (Holm, over all variations tested on a metric), "
        "equivalence on the p below it. The t test's p takes the differences to be roughly normal; "
        f"{shape_free} {cells.label(compared.values.primary)} is the primary metric, all others "
        "are exploratory. Seeds needed is the number with which 80 % of studies would decide an "
        "undecided comparison, if its differences are spread around the same mean as those so far. "
        f"{anytime}".rstrip()
    )


def _figure(main: Sequence[Comparison], compared: StudyComparison) -> Iterator[Figure]:
    names = list(dict.fromkeys(c.variation for c in main))
    drawn = names[: cells.MOST_VARIATIONS]
    tested = [c for c in main if c.variation in drawn and None not in (c.p, c.estimate)]
    panels = []
    for metric in dict.fromkeys(c.metric for c in main):
        rows = [(c.variation, c) for c in tested if c.metric.name == metric.name]
        if rows:
            panels.append(cells.panel(cells.label(metric), metric, rows))
    if not panels:
        return
    yield Figure(
        "comparisons",
        f"{_SIGNS}. "
        "The vertical line is no difference; the gray band is the margin, within which a "
        "difference doesn't matter." + cells.left_out(len(drawn), len(names), "variations"),
        _description(compared, drawn),
        lambda width: intervals(panels, width),
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
        cells.verdict_mark(cells.verdict_of(c)),
        Cell(cells.estimate(c), cells.level(c)),
        Cell(p_value(c.p)),
        Cell(p_value(c.p_adjusted), cells.equivalence(c)),
        Cell(p_value(c.p_sign_flip)),
        Cell(str(c.n_seeds), f"{c.missing} missing" if c.missing else ""),
        Cell(cells.seeds_needed(c), _goal(c)),
    ]


def _goal(c: Comparison) -> str:
    """What so many seeds would show."""
    needed = c.seeds_needed
    if needed is None or needed.seeds is None or needed.power is None:
        return ""
    return f"{needed.goal} in {100 * min(needed.power, 0.99):.0f} %"


def _notes(made: Sequence[Comparison]) -> Iterator[Block]:
    """Each note once, with all that it applies to."""
    about: dict[str, dict[str, list[str]]] = {}
    for c in made:
        for text in notes(c):
            about.setdefault(text, {}).setdefault(c.variation, []).append(c.metric.label)
    if not about:
        return
    metrics = len({c.metric.name for c in made})
    rows = [(_whose(of, metrics), [Cell(words.typeset(text))]) for text, of in about.items()]
    yield Table("Notes", ("Applies to", "Note"), rows, numeric=False, stacked=True)


def _whose(of: Mapping[str, Sequence[str]], metrics: int) -> str:
    """What a note is about: variations, and of each the metrics."""
    subjects = {
        name: "all metrics" if len(labels) == metrics else words.listed(labels)
        for name, labels in of.items()
    }
    if len(set(subjects.values())) == 1:
        names = words.listed(list(of)) if len(of) <= MOST_NAMED else f"{len(of)} variations"
        return f"{names}: {next(iter(subjects.values()))}"
    if len(of) > MOST_NAMED:
        return f"{len(of)} variations; tables/comparisons.csv says which"
    return "; ".join(f"{name}: {labels}" for name, labels in subjects.items())


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
