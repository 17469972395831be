"""Did it help? The first screen: a line a setting, and what went wrong."""

from __future__ import annotations

from collections.abc import Iterator

from paribus.metrics.registry import METRICS
from paribus.narrative.headline import NOT_TESTED, Headline, headline
from paribus.narrative.numbers import difference_of
from paribus.records.types import Record
from paribus.report import figures, words
from paribus.report.blocks import (
    Alert,
    Block,
    Cell,
    Figure,
    Paragraph,
    Section,
    Table,
    Verdict,
    Verdicts,
)
from paribus.report.spread import Spread
from paribus.report.summary import SettingResult, Summary
from paribus.report.verdicts import SIGNS, tone
from paribus.report.words import PERCENT

METRIC = "test_accuracy"

#: A table longer than this scrolls.
TALL = 30

#: More failed runs than this, and the rest are counted.
MOST_ALERTS = 8


def lead(summary: Summary) -> str:
    """One sentence: what was trained, on what."""
    study = summary.study
    settings = words.count(len(summary.settings), "setting")
    up_to = "" if isinstance(study.seeds, int) else "up to "
    trained = (
        f"{words.name(words.readable(study.network.kind))}, {words.count(study.epochs, 'epoch')}, "
        f"{settings} from {up_to}{words.count(study.most_seeds, 'seed')} each"
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
    """A line a variation with its verdict, then every setting's mean test accuracy."""
    blocks: list[Block] = [
        *_alerts(summary),
        *_verdicts(summary),
        _table(summary),
        _explanation(summary),
    ]
    if sum(len(result.finished) for result in summary.settings) > 1:
        blocks.append(_figure(summary))
    return Section("answer", "Did it help?", blocks)


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
        f"Each line sets a variation against {summary.baseline.name}, seed by seed. In brackets "
        "the 95 % interval for new seeds on these test images, unless it says otherwise; p "
        "allows for all variations tested. Equivalent: shown to differ by less than "
        f"{margin}, the study's margin."
    )


def _alerts(summary: Summary) -> Iterator[Alert]:
    if summary.failed:
        items = [_failure(record) for record in summary.failed]
        them = "it" if len(items) == 1 else "them"
        title = f"{words.count(len(items), 'run')} failed; the numbers below leave {them} out"
        yield Alert(title, _first(items))
    if summary.findings.refused:
        yield Alert("Not everything could be tested", summary.findings.refused)
    if summary.absent:
        title = (
            f"{words.count(len(summary.absent), 'run')} without a usable record: not trained yet, "
            "or damaged; the same command trains what is missing"
        )
        yield Alert(title, tuple(_absent(summary)))


def _absent(summary: Summary) -> Iterator[str]:
    """A line a setting: which of its seeds have no record."""
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
        f"Share of the {words.whole(test)} test images classified correctly after the last epoch",
        ("Setting", "Test accuracy", f"Better than {summary.baseline.name}"),
        tuple((result.name, _cells(result, summary.baseline)) for result in summary.settings),
        tall=len(summary.settings) > TALL,
    )


def _cells(result: SettingResult, baseline: SettingResult) -> tuple[Cell, ...]:
    accuracy = Cell(PERCENT.spread(result.spread(METRIC)), strong=True)
    if result is baseline:
        return accuracy, Cell("the baseline")
    return accuracy, Cell(_won(result.difference(METRIC, baseline)))


def _won(difference: Spread) -> str:
    won = sum(value > 0 for value in difference.values)
    return f"in {won} of {words.count(difference.n, 'seed')}" if difference.n else words.NONE


def _explanation(summary: Summary) -> Paragraph:
    if any(len(result.finished) > 1 for result in summary.settings):
        text = "Means over the finished seeds ± one standard deviation."
    else:
        text = (
            "One seed a setting: no spread is known, and a difference may be that seed's luck "
            "alone. More seeds tell."
        )
    return Paragraph(text, quiet=True)


def _figure(summary: Summary) -> Figure:
    shown = [result for result in summary.settings if result.finished]
    names = [result.name for result in shown]
    spreads = [result.spread(METRIC) for result in shown]
    wide, narrow = figures.both(lambda width: figures.accuracy(names, spreads, width))
    said = [f"{n} {PERCENT.spread(spread)}" for n, spread in zip(names, spreads, strict=True)]
    return Figure(
        "accuracy",
        "Each dot is a seed, the bar their mean, the line one standard deviation each way.",
        f"Test accuracy of each setting: {', '.join(said)}.",
        wide,
        narrow,
    )
