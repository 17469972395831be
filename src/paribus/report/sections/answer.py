"""Did it help? The first screen: verdicts, the differences seed by seed, what to do next."""

from collections.abc import Iterator, Mapping

import numpy as np

from paribus.comparison.compare import Comparison
from paribus.comparison.study import StudyComparison
from paribus.metrics.metric import Metric
from paribus.names import safe_name
from paribus.narrative import words
from paribus.narrative.answer import in_images, in_order, next_step, verdict_of
from paribus.narrative.numbers import Spread, difference_of, value_of
from paribus.narrative.unpaired import how_paired
from paribus.narrative.varied import held_fixed
from paribus.records.types import DataFacts
from paribus.report.blocks import Block, Figure, Paragraph, note
from paribus.report.charts.intervals import SeedRow, seed_differences, seed_dots
from paribus.report.sections import cells
from paribus.report.sections.alerts import alerts
from paribus.report.sections.scripts import made_by
from paribus.report.sections.verdicts import reading, verdicts
from paribus.results import Results
from paribus.study.scripted import ScriptedStudy
from paribus.study.spec import Study

#: What stands in the table of the first screen.
_COLUMNS = (
    "± is one standard deviation over seeds. One new training: if each is trained once more, the "
    "difference falls here in 95 of 100 cases."
)


def lead(results: Results) -> str:
    """One sentence: what was trained, on what."""
    study = results.study
    settings = words.count(len(results.settings), "setting")
    up_to = "up to " if study.adds_seeds else ""
    if isinstance(study, ScriptedStudy):
        seeds = f"{up_to}{words.count(study.most_seeds, 'seed')}"
        how = how_paired(study.paired, proven=results.proven)
        return f"{settings} with {seeds} each, made by {made_by(study)}; {how}."
    if not isinstance(study, Study):
        return f"{settings}, {_runs(results)}{_images(results.baseline.data)}."
    trained = (
        f"{safe_name(words.readable(study.network.kind))}, {words.count(study.epochs, 'epoch')}, "
        f"{settings} with {up_to}{words.count(study.most_seeds, 'seed')} each"
    )
    return f"{trained}{_images(results.baseline.data)}."


def _runs(results: Results) -> str:
    """How many runs were found, and how they stand to each other."""
    of_setting = {len(result.records) for result in results.settings}
    each = words.count(of_setting.pop(), "run") if len(of_setting) == 1 else ""
    found = f"{each} each" if each else words.count(len(results.records), "run")
    return f"{found}, trained elsewhere; {how_paired(results.study.paired, proven=False)}"


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


def answer(results: Results) -> Iterator[Block]:
    """What went wrong, the verdicts, their differences seed by seed, and the next step."""
    yield from alerts(results)
    yield from verdicts(results)
    yield from _figures(results)
    compared = results.compared
    if compared is None or not compared.primary:
        return
    if any(c.prediction is not None for c in compared.primary):
        yield note(_COLUMNS, link="metrics")
    test = results.baseline.data.test
    yield Paragraph(
        words.typeset(next_step(compared, elsewhere=not results.study.is_run_here)),
        link="seeds",
    )
    yield note(words.typeset(in_images(results.primary, test, held_fixed(results.study.varied))))
    yield reading(results)


def _figures(results: Results) -> Iterator[Figure]:
    """The differences seed by seed; where seeds don't correspond, the values of every setting."""
    compared = results.compared
    if compared is not None and results.study.paired and (rows := _rows(compared)):
        yield _differences(compared, rows)
        return
    yield from values(results)


def values(results: Results) -> Iterator[Figure]:
    """The primary metric of every setting, seed by seed; nothing of a single run."""
    spreads = {r.name: r.spread(results.primary.name) for r in results.settings}
    known = {name: spread for name, spread in spreads.items() if spread.n}
    if sum(spread.n for spread in known.values()) > 1:
        yield _values(results.primary, known)


def _rows(compared: StudyComparison) -> list[SeedRow]:
    """The differences of each variation that has any, in the unit that is shown."""
    rows = []
    for c in in_order(compared)[: cells.MOST_VARIATIONS]:
        values = _seed_by_seed(compared, c)
        if c.estimate is not None and len(values):
            rows.append(SeedRow(cells.mark(c), values))
    return rows


def _seed_by_seed(compared: StudyComparison, c: Comparison) -> list[float]:
    """Of each paired seed that counts, the variation against the baseline."""
    both = (compared.values.settings[n] for n in (c.variation, compared.values.baseline))
    # With looks the comparison stands on the first seeds only.
    ours, before = (setting.of(c.metric.name)[: c.n_seeds + c.missing] for setting in both)
    known, unit = np.isfinite(ours) & np.isfinite(before), difference_of(c.metric)
    ratio = c.metric.compare == "ratio"
    found = ours[known] / before[known] if ratio else unit.scale * (ours[known] - before[known])
    return [float(value) for value in found]


def _differences(compared: StudyComparison, rows: list[SeedRow]) -> Figure:
    metric, baseline = compared.values.primary, compared.values.baseline
    unit = difference_of(metric)
    margin = None if metric.margin is None or unit.ratio else metric.margin * unit.scale
    sign = f" ({safe_name(unit.sign)})" if unit.sign else ""
    axis = f"{cells.label(metric)} against {baseline}{'' if not unit.ratio else ', ratio'}{sign}"
    band = f"; the gray band is the margin, {unit.amount(metric.margin)}" if metric.margin else ""
    drawn = {row.mark.row for row in rows}
    each = [
        f"{c.variation} {verdict_of(c)}, {cells.estimate(c)}"
        for c in compared.primary
        if c.variation in drawn
    ]
    return Figure(
        "differences",
        "Each dot is a seed: the variation minus the baseline of the same seed. The mark is their "
        f"mean with its interval, the line no difference{band}."
        + cells.left_out(len(rows), len(compared.primary), "variations"),
        f"Difference in {safe_name(metric.label)} from {baseline}, seed by seed: "
        f"{'; '.join(each)}.",
        lambda width: seed_differences(rows, axis, 1.0 if unit.ratio else 0.0, margin, width),
    )


def _values(metric: Metric, spreads: Mapping[str, Spread]) -> Figure:
    title, unit = cells.label(metric), value_of(metric)
    each = [f"{name} {unit.spread(spread)}" for name, spread in spreads.items()]
    axis = f"{title} ({safe_name(unit.sign)})" if unit.sign else title
    return Figure(
        "accuracy" if metric.images else "primary",
        "Each dot is a seed, the bar the mean, the line one standard deviation each way.",
        f"{title} of each setting: {', '.join(each)}.",
        lambda width: seed_dots([*spreads], [*spreads.values()], axis, unit.scale, width),
    )
