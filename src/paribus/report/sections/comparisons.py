"""Every variation against the baseline on every metric, as a chart and in tables."""

import math
from collections.abc import Iterator, Mapping, Sequence

from paribus.comparison.compare import Comparison
from paribus.comparison.study import StudyComparison
from paribus.names import safe_class, safe_name
from paribus.narrative import words
from paribus.narrative.comparisons import notes
from paribus.narrative.numbers import Unit, p_value
from paribus.narrative.unpaired import ANY_TIME, PAIRED, UNPAIRED
from paribus.report.blocks import Block, Cell, Figure, Heading, Paragraph, Table, note
from paribus.report.charts.intervals import intervals
from paribus.report.sections import cells
from paribus.report.sections.pairs import all_pairs
from paribus.results import Results

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
    yield from all_pairs(compared.setting_pairs)
    yield from _both_intervals(compared)
    yield from _recall_changes([c for c in compared.comparisons if c.metric.family == "recall"])


def _explanation(compared: StudyComparison, main: Sequence[Comparison]) -> str:
    ratios = dict.fromkeys(c.metric.label for c in main if c.metric.compare == "ratio")
    ratio = f"; {words.listed([safe_name(of) for of in ratios])} as a ratio" if ratios else ""
    images = " on the same test images" if any(c.metric.images for c in main) else ""
    anytime = ANY_TIME if compared.anytime else ""
    shape_free = "the sign-flip p does not assume normal differences."
    if not all(c.paired for c in main):
        shape_free = "the permuted p (Welch's t) does not assume normal values."
    how = PAIRED if all(c.paired for c in main) else UNPAIRED
    return (
        f"Each variation compared with {compared.values.baseline}, {how}{ratio}. The "
        f"95 % intervals are over new seeds{images}, and are not adjusted. Verdicts rest on the "
        "adjusted p (Holm, over all variations tested on a metric), equivalence on the p below it; "
        f"{shape_free} "
        f"{cells.label(compared.values.primary)} is the primary metric, all others are "
        "exploratory. Seeds needed is the total number that would decide an undecided comparison "
        f"with 80 % power, if the differences continue as so far. {anytime}".rstrip()
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
        "▲ better, ▼ worse, ◆ higher or lower where neither is better, ■ equivalent, ○ undecided. "
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
        "Differences from the baseline with 95 % intervals, a chart per metric. "
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
        Cell(cells.seeds_needed(c)),
    ]


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
    """The two intervals of accuracy, and what each lets one say."""
    known = [c for c in compared.comparisons if c.metric.images == "all" and c.new_images]
    if not known:
        return
    accuracy = known[0].metric
    yield Heading(f"{cells.label(accuracy)}: these images, or new ones")
    yield Paragraph(
        "The first interval is about these test images: it covers the mean difference of other "
        "seeds, tested on the very same images. The second is about images of this kind: it covers "
        "the mean difference of other seeds, tested on new images from the same source. Verdicts "
        "rest on the first. If you plan to use the network, read the second; more seeds alone "
        "don't make it narrow."
    )
    yield Table(
        f"Difference in {accuracy.label} in points",
        ("", "Estimate", "New seeds, same images", "New seeds, new images"),
        [(c.variation, _both(c)) for c in known],
    )


def _both(c: Comparison) -> list[Cell]:
    assert c.new_images is not None and c.estimate is not None
    unit = Unit(2, scale=100)

    def ends(low: float | None, high: float | None) -> str:
        if low is None or high is None or math.isnan(low):
            return words.NONE
        return f"[{unit.number(low)}, {unit.number(high)}]"

    return [
        Cell(unit.signed(c.estimate)),
        Cell(ends(c.low, c.high), cells.level(c)),
        Cell(ends(c.new_images.low, c.new_images.high), f"p {p_value(c.new_images.p)}"),
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
        "Difference in recall, with its 95 % interval, verdict and adjusted p",
        "Class",
        recalls,
        lambda metric: safe_class(metric.name.removeprefix("recall:")),
    )
