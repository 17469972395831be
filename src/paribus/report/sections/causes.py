"""What the networks look at: causes of failure as interventions, tested over seeds."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from paribus.claims.sample import value_sample
from paribus.comparison.compare import Comparison
from paribus.comparison.effects import Against, Effect
from paribus.comparison.study import StudyComparison
from paribus.metrics.interventions import CENTER_BLANKED, SURROUNDINGS_BLANKED
from paribus.metrics.registry import CAUSES, DROP
from paribus.narrative.numbers import value_of
from paribus.report import figures, words
from paribus.report.blocks import Block, Cell, Figure, Heading, Paragraph, Section, Table
from paribus.report.dots import Mark, dots
from paribus.report.sections.numbers import MOST_VARIATIONS, TALL, p_value, verdict_cell
from paribus.report.summary import Summary
from paribus.report.verdicts import marked, tone
from paribus.stats.intervals import ALPHA

#: The metrics that a reader asks for first, in this order; the other ones are drops.
BACKGROUND = tuple(name for name in CAUSES if ":" not in name)

UNCHANGED = "unchanged"
NOT_ANALYZED = "No network has been analyzed; paribus run does so after training."


def causes(summary: Summary) -> Section:
    """The background in four numbers, then every intervention: overall, by class, compared."""
    compared, seen = summary.findings.compared, summary.effects
    title = "What the networks look at"
    if not seen or compared is None:
        return Section("causes", title, [Paragraph(NOT_ANALYZED)])
    settings = list(dict.fromkeys(effect.setting for effect in seen))
    drawn = settings[:MOST_VARIATIONS]
    shown = [effect for effect in seen if effect.setting in drawn]
    left = (
        f" {len(drawn)} of {len(settings)} settings are shown; tables/interventions.csv has all."
        if len(drawn) < len(settings)
        else ""
    )
    blocks: list[Block] = [
        Paragraph(
            "Causes of failure, tried out: something is changed in every test image, and the "
            "trained networks look again. What costs accuracy is what they had relied on. "
            "Changed images are unlike any they were trained on, so a loss shows reliance, not "
            f"that training without it would fail as much.{left}",
            quiet=True,
        ),
        *_background(summary, compared, drawn),
        *_every_intervention(summary, shown),
        *_by_class(summary, shown),
        *_compared(compared),
    ]
    return Section("causes", title, blocks)


# ---- the background -----------------------------------------------------------------------------


def _background(
    summary: Summary, compared: StudyComparison, settings: Sequence[str]
) -> Iterator[Block]:
    yield Heading("Object or background?")
    yield Paragraph(
        "The center and the surroundings are each half of an image. Accuracy on the surroundings "
        "alone, beyond chance, can only come from the background. Reliance is how often a network "
        "keeps its answer where it sees the surroundings alone, minus how often where it sees the "
        "center alone, both beyond chance: above 0 the background decides more than the center. "
        "Attribution is the share of integrated gradients that lies in the surroundings; evenly "
        "spread it would be half."
    )
    yield Table(
        "Mean over seeds with its 95 % interval; below it the verdict against "
        f"{summary.baseline.name}",
        ("", *settings),
        tuple(
            (_capital(CAUSES[name].label), tuple(_value(compared, name, s) for s in settings))
            for name in BACKGROUND
        ),
    )


def _value(compared: StudyComparison, metric: str, setting: str) -> Cell:
    sample = value_sample(compared.values, setting, CAUSES[metric])
    if not sample.n:
        return Cell(words.NONE)
    text = words.typeset(value_of(CAUSES[metric]).found(sample.interval()))
    for c in compared.on(metric):
        if c.variation == setting and c.p is not None:
            return Cell(
                text, f"{marked(c.verdict)}, p {p_value(c.p_adjusted)}", tone=tone(c.verdict)
            )
    return Cell(text)


# ---- every intervention -------------------------------------------------------------------------


def _every_intervention(summary: Summary, shown: Sequence[Effect]) -> Iterator[Block]:
    yield Heading("What each change costs")
    yield _figure(summary, shown)
    settings = list(dict.fromkeys(effect.setting for effect in shown))
    at = {(effect.intervention.name, effect.setting): effect for effect in shown}
    changes = {effect.intervention.name: effect.intervention for effect in shown}
    yield Table(
        "Accuracy on changed images; below it the change in points and its verdict",
        ("", *settings),
        tuple(
            (
                _capital(change.label),
                tuple(
                    _effect(at[name, s]) if (name, s) in at else Cell(words.NONE) for s in settings
                ),
            )
            for name, change in changes.items()
        ),
        tall=len(changes) > TALL,
    )
    yield Paragraph(
        "Per cent are of the area for the center, of the side for shifts and blurs (standard "
        "deviation), and patches along a side where they are shuffled. What is hidden has the "
        "training images' mean color or is the image itself, blurred beyond recognition. "
        "Verdicts are against the unchanged images, with the study's margin, adjusted over all "
        "changes of a setting (Holm). Chance is the accuracy of answers that are given as often "
        "but have nothing to do with the images.",
        quiet=True,
    )


def _effect(effect: Effect) -> Cell:
    c = effect.comparison
    percent = words.PERCENT.value(float(effect.accuracy.estimate))
    if c.p is None:
        return Cell(percent, _points(c))
    chance = "" if _is_above(effect.above_chance) else ", not above chance"
    return Cell(percent, f"{_points(c)} {marked(c.verdict)}{chance}", tone=tone(c.verdict))


def _points(c: Comparison) -> str:
    """A change in points, whose unit the caption says."""
    unit = words.Unit(1, scale=100)
    estimate = "" if c.estimate is None else unit.signed(c.estimate)
    if c.low is None or c.high is None:
        return estimate
    return f"{estimate} [{unit.number(c.low)}, {unit.number(c.high)}]"


def _is_above(against: Against, at: int | tuple[()] = ()) -> bool:
    """Whether something is shown to lie above chance."""
    return bool(against.p[at] <= ALPHA and against.estimate[at] > 0)


def _figure(summary: Summary, shown: Sequence[Effect]) -> Figure:
    settings = dict.fromkeys(effect.setting for effect in shown)
    plain = [_plain(summary, name) for name in settings]
    drawn = [effect for effect in shown if not effect.intervention.name.endswith("-blur")]
    marks = [*plain, *(_mark(effect) for effect in drawn)]
    chance = 100 * sum(effect.chance for effect in drawn) / len(drawn)
    wide, narrow = figures.both(lambda width: dots(marks, "Accuracy (%)", width, chance))
    return Figure(
        "interventions",
        "Accuracy on changed test images, with 95 % intervals over seeds; what is hidden has the "
        "training images' mean color. The broken line is chance.",
        _description(plain, drawn),
        wide,
        narrow,
    )


def _plain(summary: Summary, setting: str) -> Mark:
    result = next(result for result in summary.settings if result.name == setting)
    percent = 100 * result.spread("test_accuracy").mean
    return Mark(UNCHANGED, setting, percent, percent, percent)


def _mark(effect: Effect) -> Mark:
    its, percent = effect.accuracy, 100 * float(effect.accuracy.estimate)
    # Nothing tells the spread of one seed.
    low, high = (percent if math.isnan(end) else 100 * float(end) for end in (its.low, its.high))
    return Mark(effect.intervention.label, effect.setting, percent, low, high)


def _description(plain: Sequence[Mark], drawn: Sequence[Effect]) -> str:
    said = []
    for mark in plain:
        worst = min(
            (effect for effect in drawn if effect.setting == mark.setting),
            key=lambda effect: float(effect.accuracy.estimate),
        )
        said.append(
            f"{mark.setting} falls from {mark.percent:.1f} % to at worst "
            f"{100 * float(worst.accuracy.estimate):.1f} % ({worst.intervention.label})"
        )
    return f"Accuracy under each intervention: {'; '.join(said)}."


# ---- class by class, and compared ---------------------------------------------------------------


def _by_class(summary: Summary, shown: Sequence[Effect]) -> Iterator[Block]:
    """The equal halves of an image, class by class, against chance."""
    pairs = [
        (effect, "surroundings" if effect.intervention.name == CENTER_BLANKED else "center")
        for effect in shown
        if effect.intervention.name in (CENTER_BLANKED, SURROUNDINGS_BLANKED)
    ]
    classes = next((r.classes for r in summary.settings if r.classes), ())
    if not pairs or not classes:
        return
    yield Heading("The two halves, class by class")
    yield Table(
        "Recall where a network sees one half of each image, mean over seeds; below it how often "
        "the class is given at all, which is its recall by chance",
        ("Class", *(f"{effect.setting}, {half} alone" for effect, half in pairs)),
        tuple(
            (name, tuple(_recall(effect, number) for effect, _ in pairs))
            for number, name in enumerate(classes)
        ),
        tall=len(classes) > TALL,
    )
    yield Paragraph(
        "▲ marks what is shown to be above chance, adjusted over all classes and changes of a "
        "setting (Holm).",
        quiet=True,
    )


def _recall(effect: Effect, number: int) -> Cell:
    recall = float(effect.recall.estimate[number])
    above = " ▲" if _is_above(effect.class_above_chance, number) else ""
    chance = words.PERCENT.value(float(effect.class_chance[number]))
    return Cell(f"{words.PERCENT.value(recall)}{above}", f"chance {chance}")


def _compared(compared: StudyComparison) -> Iterator[Block]:
    """Whether a variation makes its networks more or less sensitive to each change."""
    drops = [c for c in compared.comparisons if c.metric.family == "drop" and c.p is not None]
    names = list(dict.fromkeys(c.variation for c in drops))[:MOST_VARIATIONS]
    if not names:
        return
    at = {(c.metric.name, c.variation): c for c in drops}
    metrics = {c.metric.name: c.metric for c in drops}
    differing = sum(c.verdict not in ("undecided", "equivalent") for c in drops)
    yield Heading("Does a variation make it more sensitive?")
    yield Paragraph(
        "Exploratory: the accuracy that each change costs in a variation, minus what it costs in "
        f"{compared.values.baseline}. Of {words.count(len(drops), 'test')}, adjusted together "
        f"(Holm), {words.whole(differing) if differing else 'none'} "
        f"{'shows' if differing == 1 else 'show'} a difference.",
        quiet=True,
    )
    yield Table(
        "More accuracy lost than in the baseline, with its 95 % interval, verdict and adjusted p",
        ("", *names),
        tuple(
            (
                _capital(metric.label.removeprefix(DROP)),
                tuple(verdict_cell(at.get((key, name))) for name in names),
            )
            for key, metric in metrics.items()
        ),
    )


def _capital(label: str) -> str:
    return words.typeset(label[0].upper() + label[1:])
