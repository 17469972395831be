"""Did it help? The verdicts, what went wrong, observations, and whether the claims hold."""

from collections import defaultdict
from collections.abc import Collection, Container, Iterator, Mapping
from dataclasses import replace

from paribus.claims.judge import ClaimVerdict
from paribus.comparison.compare import Comparison
from paribus.metrics.metric import Metric
from paribus.names import safe_name
from paribus.narrative import words
from paribus.narrative.claims import evidence
from paribus.narrative.images import on_images
from paribus.narrative.numbers import Spread, value_of
from paribus.narrative.outlook import drawn, odds
from paribus.narrative.planned import NOT_KNOWN, PLANNED
from paribus.narrative.varied import bound_to
from paribus.records.types import DataFacts, Record
from paribus.report import blocks
from paribus.report.charts.intervals import seed_dots
from paribus.report.sections.cells import label, verdict_mark
from paribus.report.sections.verdicts import verdicts
from paribus.results import Results
from paribus.stats.intervals import LEVEL
from paribus.stats.multiplicity import nominal_level
from paribus.study.read import NOT_TRAINED
from paribus.tables.by_setting import SettingResult

#: More lines than this, and the rest are counted.
MOST_ALERTS = 8


def lead(results: Results) -> str:
    """One sentence: what was trained, on what."""
    study = results.study
    settings = words.count(len(results.settings), "setting")
    up_to = "" if isinstance(study.seeds, int) else "up to "
    trained = (
        f"{safe_name(words.readable(study.network.kind))}, {words.count(study.epochs, 'epoch')}, "
        f"{settings} with {up_to}{words.count(study.most_seeds, 'seed')} each"
    )
    return f"{trained}{_images(results.baseline.data)}."


def _images(data: DataFacts) -> str:
    """What was trained on, as far as it is known."""
    if not data.source:
        return ""
    sizes = {"training": data.training, "validation": data.validation, "test": data.test}
    known = [f"{words.whole(size)} {part}" for part, size in sizes.items() if size is not None]
    text = f"; {safe_name(words.readable(data.source))}"
    if known:
        text += f": {words.listed(known)} images"
    if known and data.classes:
        text += f" of {words.count(len(data.classes), 'class', 'classes')}"
    if data.shape:
        channels, height, width = data.shape
        color = "color" if channels == 3 else words.count(channels, "channel")
        text += f", {width} by {height} pixels in {color}"
    return text


def answer(results: Results) -> Iterator[blocks.Block]:
    """A line per variation with its verdict, then the primary metric of every setting."""
    spreads = {r.name: r.spread(results.primary.name) for r in results.settings}
    known = {name: spread for name, spread in spreads.items() if spread.n}
    yield from _alerts(results)
    yield from verdicts(results)
    yield _table(results)
    yield blocks.note(_explanation(known.values()))
    if sum(spread.n for spread in known.values()) > 1:
        yield _figure(results.primary, known)


def _alerts(results: Results) -> Iterator[blocks.Alert]:
    if results.failed:
        items = [_failure(record) for record in results.failed]
        them = "it" if len(items) == 1 else "them"
        runs = words.count(len(items), "run")
        title = f"{runs} failed; estimates leave {them} out, verdicts count {them} at the worst"
        yield blocks.Alert(title, _first(items, ": see tables/runs.csv"))
    if odd := on_images(results.baseline.data):
        yield blocks.Alert("About the images", list(odd))
    if results.refused:
        yield blocks.Alert("Not everything could be tested", results.refused)
    if results.absent:
        title = (
            f"{words.count(len(results.absent), 'run')} without a usable record, not trained yet "
            "or damaged; run the same command again to train what is missing"
        )
        yield blocks.Alert(title, _absent(results))


def _absent(results: Results) -> list[str]:
    """A line per setting: which of its seeds have no record; then why, where there is one."""
    seeds: defaultdict[str, list[str]] = defaultdict(list)
    for run, _ in results.absent:
        seeds[run.setting.name].append(str(run.seed))
    lines = [
        f"{name}: {'seed' if len(of) == 1 else 'seeds'} {words.listed(of)}"
        for name, of in seeds.items()
    ]
    reasons = [
        f"{run.setting.name}, seed {run.seed}: {safe_name(why)}"
        for run, why in results.absent
        if why != NOT_TRAINED
    ]
    return [*_first(lines, " settings"), *_first(reasons, " such runs")]


def _first(lines: list[str], rest: str) -> list[str]:
    left = len(lines) - MOST_ALERTS
    return [*lines[:MOST_ALERTS], *[f"and {left} more{rest}"] * (left > 0)]


def _failure(record: Record) -> str:
    """Where and why a run failed, in a sentence."""
    facts = record.facts
    assert facts.failure is not None, "a failed run says why"
    run = f"{facts.setting}, seed {facts.seed}"
    why = safe_name(facts.failure.message).removeprefix(f"{run}: ")
    place = [
        f", {name} {number}"
        for name, number in (("epoch", facts.failure.epoch), ("step", facts.failure.step))
        if number is not None and f"{name} {number}" not in why
    ]
    return f"{run}{''.join(place)}: {why}"


def _table(results: Results) -> blocks.Table:
    """The primary metric of every setting, and in how many seeds it beats the baseline's."""
    metric, title = results.primary, label(results.primary)
    tested = results.baseline.data.test if metric.images else None
    images = "" if tested is None else f" after the last epoch, on {words.whole(tested)} images"
    way = "Higher" if metric.better == "neither" else "Better"
    made = results.compared.primary if results.compared else ()
    against = {c.variation: c for c in made}
    return blocks.Table(
        f"{title}{images}",
        ("Setting", title, f"{way} than {results.baseline.name}"),
        [
            (each.name, _cells(metric, each, results.baseline, against.get(each.name)))
            for each in results.settings
        ],
    )


def _cells(
    metric: Metric, result: SettingResult, baseline: SettingResult, c: Comparison | None
) -> list[blocks.Cell]:
    mean = blocks.Cell(value_of(metric).spread(result.spread(metric.name)), strong=True)
    if result is baseline:
        return [mean, blocks.Cell("baseline")]
    if c is None or c.outperforming is None:
        return [mean, blocks.Cell(words.NONE)]
    equal = f", equal in {c.outperforming.ties}" if c.outperforming.ties else ""
    of = drawn(c, c.outperforming.n).replace(" ", words.NO_BREAK)
    won = f"in {c.outperforming.wins} of {of}{equal}"
    likely = odds(c) if c.outperforming.n > 1 else ""
    lost = "failed runs count as lost" if c.failed else ""
    details = (likely, lost, _on_shared(metric, result, baseline))
    return [mean, blocks.Cell(won, "; ".join(filter(None, details)))]


def _on_shared(metric: Metric, result: SettingResult, baseline: SettingResult) -> str:
    """The two means over the seeds that both have, where either has others too."""
    both = [each.by_seed[metric.name].dropna() for each in (result, baseline)]
    shared = both[0].index.intersection(both[1].index)
    if all(len(shared) == len(values) for values in both):
        return ""
    ours, theirs = (value_of(metric).spread(Spread.of(values[shared])) for values in both)
    return f"{ours} against {theirs} over the seeds that both have"


def _explanation(known: Collection[Spread]) -> str:
    if any(spread.n > 1 for spread in known):
        return (
            "Mean over the finished seeds ± one standard deviation. In how many seeds a setting "
            "is better, with the share of all seeds that this stands for (ties counted half) and "
            "its 95 % interval."
        )
    if not known:
        return "No run has a value of this metric."
    return (
        "One seed per setting: the spread over seeds is unknown, and a difference may be mere "
        "luck. Train more seeds to find out."
    )


def _figure(metric: Metric, spreads: Mapping[str, Spread]) -> blocks.Figure:
    title, unit = label(metric), value_of(metric)
    each = [f"{name} {unit.spread(spread)}" for name, spread in spreads.items()]
    axis = f"{title} ({safe_name(unit.sign)})" if unit.sign else title
    return blocks.Figure(
        "accuracy" if metric.images else "primary",
        "Each dot is a seed, the bar the mean, the line one standard deviation each way.",
        f"{title} of each setting: {', '.join(each)}.",
        lambda width: seed_dots([*spreads], [*spreads.values()], axis, unit.scale, width),
    )


def observations(results: Results, anchors: Container[str]) -> Iterator[blocks.Block]:
    """Every observation with the part of the report that shows it, one of `anchors`."""
    if not results.observations:
        return
    yield blocks.Points(
        [
            blocks.Point(of.topic, words.typeset(of.text), place, blocks.TITLES[place])
            for of in results.observations
            for place in [_place(of.figure, anchors)]
        ]
    )
    yield blocks.note(
        "Written by the program from the numbers in results.json; no sentence says more than its "
        f"test shows. In brackets: {100 * _level(results):.3g} % intervals for the mean over all "
        f"seeds, {bound_to(results.study.vary)}. The p values are adjusted for the number of "
        "variations."
    )


def _level(results: Results) -> float:
    """The confidence of intervals over seeds: with looks, as the looks require."""
    looks = results.study.looks
    return LEVEL if looks is None else 1 - nominal_level(looks)


def _place(figure: str, anchors: Container[str]) -> str:
    """The section to link to; what is left out is named among what is missing."""
    return figure if figure in anchors else "missing"


def claims(results: Results, anchors: Container[str]) -> Iterator[blocks.Block]:
    """Each claim with its verdict, its evidence, and the part of the report that shows it."""
    if not results.judged:
        return
    yield blocks.Table(
        "The study's claims, tested on its runs",
        ("Claim", "Statement", "Verdict", "Evidence", "Shown in"),
        [
            (of.claim.id, _claim(of, _place(of.figure, anchors), _standing(results, of)))
            for of in results.judged
        ],
        numeric=False,
        stacked=True,
    )
    written = "as if it had been written before the runs"
    if results.ledger.known:
        written = "as declared before the first run, unless its verdict says otherwise"
    yield blocks.note(
        "Supported: every part of the claim is shown to be true. Refuted: some part is shown to be "
        "false. Undecided: the runs show neither. Each claim is tested separately at the 5 % "
        f"level, {written}. To test the claims again from the records, use paribus check."
    )


def _standing(results: Results, of: ClaimVerdict) -> str:
    """What was changed after results had been seen, if that touches the claim."""
    standing = results.claim_planned(of)
    return "" if standing in (PLANNED, NOT_KNOWN) else standing


def _claim(of: ClaimVerdict, place: str, standing: str) -> list[blocks.Cell]:
    return [
        blocks.Cell(words.typeset(of.claim.says), anchor=f"claim-{of.claim.id}"),
        replace(verdict_mark(of.verdict), detail=words.typeset(standing)),
        blocks.Cell(words.typeset(evidence(of))),
        blocks.Cell(blocks.TITLES[place], link=place),
    ]
