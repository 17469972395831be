"""Did it help? The verdicts, what went wrong, observations, and whether the claims hold."""

from __future__ import annotations

from collections.abc import Iterator

from paribus.claims.judge import ClaimVerdict
from paribus.metrics.registry import METRICS
from paribus.narrative.headline import NOT_TESTED, Headline, headline
from paribus.narrative.numbers import difference_of
from paribus.records.types import Record
from paribus.report import words
from paribus.report.blocks import (
    TITLES,
    Alert,
    Block,
    Cell,
    Figure,
    Paragraph,
    Point,
    Points,
    Section,
    Table,
    Verdict,
    Verdicts,
)
from paribus.report.charts.intervals import accuracy
from paribus.report.sections.cells import SIGNS, marked, tone
from paribus.report.summary import SettingResult, Summary
from paribus.report.words import PERCENT, Spread

METRIC = "test_accuracy"

#: More failed runs than this, and the rest are counted.
MOST_ALERTS = 8


def lead(summary: Summary) -> str:
    """One sentence: what was trained, on what."""
    study = summary.study
    settings = words.count(len(summary.settings), "setting")
    up_to = "" if isinstance(study.seeds, int) else "up to "
    trained = (
        f"{words.name(words.readable(study.network.kind))}, {words.count(study.epochs, 'epoch')}, "
        f"{settings} with {up_to}{words.count(study.most_seeds, 'seed')} each"
    )
    facts = summary.baseline.facts
    if facts is None:
        return f"{trained}."
    data = facts.data
    channels, height, width = data.shape
    return (
        f"{trained}; {words.name(words.readable(data.source))}: {words.whole(data.training)} "
        f"training, {words.whole(data.validation)} validation and {words.whole(data.test)} test "
        f"images of {words.count(len(data.classes), 'class', 'classes')}, {width} by {height} "
        f"pixels in {'color' if channels == 3 else words.count(channels, 'channel')}."
    )


def answer(summary: Summary) -> Section:
    """A line per variation with its verdict, then every setting's mean test accuracy."""
    blocks: list[Block] = [
        *_alerts(summary),
        *_verdicts(summary),
        _table(summary),
        _explanation(summary),
    ]
    if sum(len(result.finished) for result in summary.settings) > 1:
        blocks.append(_figure(summary))
    return Section("answer", blocks)


def _verdicts(summary: Summary) -> Iterator[Block]:
    compared = summary.findings.compared
    if compared is None or not compared.on(METRIC):
        return
    pairs = {pair.variation: pair for pair in compared.pairs}
    lines = [headline(c, pairs.get(c.variation)) for c in compared.on(METRIC)]
    yield Verdicts(tuple(map(_line, lines)))
    if any(line.verdict != NOT_TESTED for line in lines):
        yield Paragraph(_reading(summary), quiet=True)


def _line(line: Headline) -> Verdict:
    return Verdict(
        line.variation,
        SIGNS[line.verdict],
        line.verdict,
        words.typeset(f"{line.rest}."),
        tone(line.verdict),
        words.typeset(" ".join(line.also)),
    )


def _reading(summary: Summary) -> str:
    """How the lines are to be read."""
    margin = difference_of(METRICS[METRIC]).amount(summary.study.margin)
    return (
        f"Each line compares a variation with {summary.baseline.name}, paired by seed. In brackets "
        "the 95 % interval over new seeds on the same test images, unless another level is given. "
        "The p values are adjusted for the number of variations. Equivalent: shown to differ by "
        f"less than {margin}, the study's margin."
    )


def _alerts(summary: Summary) -> Iterator[Alert]:
    if summary.failed:
        items = [_failure(record) for record in summary.failed]
        them = "it" if len(items) == 1 else "them"
        title = f"{words.count(len(items), 'run')} failed; the numbers below exclude {them}"
        yield Alert(title, _first(items))
    if summary.findings.refused:
        yield Alert("Not everything could be tested", summary.findings.refused)
    if summary.absent:
        title = (
            f"{words.count(len(summary.absent), 'run')} without a usable record, not trained yet "
            "or damaged; run the same command again to train what is missing"
        )
        yield Alert(title, tuple(_absent(summary)))


def _absent(summary: Summary) -> Iterator[str]:
    """A line per setting: which of its seeds have no record."""
    for result in summary.settings:
        seeds = [str(r.seed) for r in summary.absent if r.setting.name == result.name]
        if seeds:
            yield f"{result.name}: {'seed' if len(seeds) == 1 else 'seeds'} {words.listed(seeds)}"


def _first(items: list[str]) -> tuple[str, ...]:
    left = len(items) - MOST_ALERTS
    more = [f"and {left} more: see tables/runs.csv"] if left > 0 else []
    return (*items[:MOST_ALERTS], *more)


def _failure(record: Record) -> str:
    """Where and why a run failed, in a sentence."""
    facts = record.facts
    assert facts.failure is not None, "a failed run says why"
    run = f"{facts.setting}, seed {facts.seed}"
    why = words.name(facts.failure.message).removeprefix(f"{run}: ")
    place = [
        f", {name} {number}"
        for name, number in (("epoch", facts.failure.epoch), ("step", facts.failure.step))
        if number is not None and f"{name} {number}" not in why
    ]
    return f"{run}{''.join(place)}: {why}"


def _table(summary: Summary) -> Table:
    test = summary.baseline.facts.data.test if summary.baseline.facts else 0
    return Table(
        f"Test accuracy after the last epoch, on {words.whole(test)} images",
        ("Setting", "Test accuracy", f"Better than {summary.baseline.name}"),
        tuple((result.name, _cells(result, summary.baseline)) for result in summary.settings),
    )


def _cells(result: SettingResult, baseline: SettingResult) -> tuple[Cell, ...]:
    accuracy = Cell(PERCENT.spread(result.spread(METRIC)), strong=True)
    if result is baseline:
        return accuracy, Cell("baseline")
    return accuracy, Cell(_won(result.difference(METRIC, baseline)))


def _won(difference: Spread) -> str:
    won = sum(value > 0 for value in difference.values)
    return f"in {won} of {words.count(difference.n, 'seed')}" if difference.n else words.NONE


def _explanation(summary: Summary) -> Paragraph:
    if any(len(result.finished) > 1 for result in summary.settings):
        text = "Mean over the finished seeds ± one standard deviation."
    else:
        text = (
            "One seed per setting: the spread over seeds is unknown, and a difference may be mere "
            "luck. Train more seeds to find out."
        )
    return Paragraph(text, quiet=True)


def _figure(summary: Summary) -> Figure:
    shown = [result for result in summary.settings if result.finished]
    names = [result.name for result in shown]
    spreads = [result.spread(METRIC) for result in shown]
    each = [f"{n} {PERCENT.spread(spread)}" for n, spread in zip(names, spreads, strict=True)]
    return Figure.drawn(
        "accuracy",
        "Each dot is a seed, the bar the mean, the line one standard deviation each way.",
        f"Test accuracy of each setting: {', '.join(each)}.",
        lambda width: accuracy(names, spreads, width),
    )


# ---- observations and claims --------------------------------------------------------------------


def observations(summary: Summary) -> Section:
    """Every observation with the part of the report that shows it."""
    points = tuple(
        Point(of.topic, words.typeset(of.text), of.figure, TITLES[of.figure])
        for of in summary.findings.observations
    )
    explanation = Paragraph(
        "Written by the program from the numbers in results.json; no sentence says more than its "
        "test shows. In brackets: 95 % intervals over new seeds on the same test images. The p "
        "values are adjusted for the number of variations.",
        quiet=True,
    )
    return Section("observations", [Points(points), explanation])


def claims(summary: Summary) -> Section:
    """Each claim with its verdict, its evidence, and the part of the report that shows it."""
    table = Table(
        "The study's claims, tested on its runs",
        ("Claim", "Statement", "Verdict", "Evidence", "Shown in"),
        tuple((of.claim.id, _claim(of)) for of in summary.findings.claims),
        numeric=False,
        stacked=True,
    )
    explanation = Paragraph(
        "Supported: every part of the claim is shown to be true. Refuted: some part is shown to be "
        "false. Undecided: the runs show neither. Each claim is tested separately at the 5 % "
        "level, as if it had been written before the runs. To test the claims again from the "
        "records, use paribus check.",
        quiet=True,
    )
    return Section("claims", [table, explanation])


def _claim(of: ClaimVerdict) -> tuple[Cell, ...]:
    return (
        Cell(words.typeset(of.claim.says), anchor=f"claim-{of.claim.id}"),
        Cell(marked(of.verdict), tone=tone(of.verdict)),
        Cell(words.typeset(of.evidence)),
        Cell(TITLES[of.figure], link=of.figure),
    )
