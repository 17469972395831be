"""What the networks look at: causes of failure as interventions, tested over seeds."""

import math
from collections.abc import Iterator, Sequence

from paribus.claims.samples import value_sample
from paribus.comparison.compare import Comparison
from paribus.comparison.effects import Effect
from paribus.comparison.study import StudyComparison
from paribus.metrics.interventions import CENTER_BLANKED, SURROUNDINGS_BLANKED
from paribus.metrics.registry import CAUSES, DROP
from paribus.narrative import words
from paribus.narrative.numbers import PERCENT, Unit, value_of
from paribus.report.blocks import Block, Cell, Figure, Heading, Paragraph, Table, note
from paribus.report.charts.frame import HALF, NARROW
from paribus.report.charts.intervals import Mark, dots
from paribus.report.sections import cells
from paribus.results import Results
from paribus.stats.intervals import ALPHA
from paribus.stats.paired import Estimate

#: The metrics that a reader asks for first, in this order; the other ones are drops.
BACKGROUND = tuple(name for name in CAUSES if ":" not in name)


def causes(results: Results) -> Iterator[Block]:
    """The background in four numbers, then every intervention: overall, by class, compared."""
    if not (results.study.is_trained_here and any(r.tested for r in results.settings)):
        return
    compared, seen = results.compared, results.effects
    if not seen or compared is None:
        yield Paragraph("No network has been analyzed yet; paribus run does that after training.")
        return
    settings = list(dict.fromkeys(effect.setting for effect in seen))
    drawn = settings[: cells.MOST_VARIATIONS]
    shown = [effect for effect in seen if effect.setting in drawn]
    left = cells.left_out(
        len(drawn), len(settings), "settings are shown", "; tables/interventions.csv has all"
    )
    yield Paragraph("Parts of images are hidden or changed: what does accuracy rest on?")
    yield note(
        "The trained networks classify each changed image again. If accuracy drops, they had "
        "relied on what was changed. The changed images are unlike the training images, so a drop "
        "shows reliance. It does not show that a network trained without the feature would do as "
        f"badly.{left}"
    )
    yield from _background(results, compared, drawn)
    yield from _every_intervention(shown)
    yield from _by_class(results, shown)
    yield from _compared(compared)


def intervention_chart(results: Results) -> Iterator[Figure]:
    """Accuracy on changed images: the chart, where networks were analyzed."""
    settings = list(dict.fromkeys(effect.setting for effect in results.effects))
    drawn = settings[: cells.MOST_VARIATIONS]
    shown = [effect for effect in results.effects if effect.setting in drawn]
    if shown and results.compared is not None:
        yield _figure(results, shown)


def _background(
    results: Results, compared: StudyComparison, settings: Sequence[str]
) -> Iterator[Block]:
    yield Heading("Object or background?")
    yield Paragraph(
        "The center and the surroundings are each half of an image. Accuracy on the surroundings "
        "alone, beyond chance, can only come from the background. Reliance is how often a network "
        "keeps its answer if it sees only the surroundings, minus how often if it sees only the "
        "center, both beyond chance: above 0, the background matters more than the center. "
        "Attribution is the share of integrated gradients in the surroundings; spread evenly, it "
        "would be half."
    )
    yield Table(
        "Mean over seeds with its 95 % interval, beyond chance for new test images too; below, the "
        f"verdict against {results.baseline.name}",
        ("", *settings),
        [
            (_capital(CAUSES[name].label), [_value(compared, name, s) for s in settings])
            for name in BACKGROUND
        ],
    )


def _value(compared: StudyComparison, metric: str, setting: str) -> Cell:
    sample = value_sample(compared.values, setting, CAUSES[metric])
    if not sample.n:
        return Cell(words.NONE)
    text = words.typeset(value_of(CAUSES[metric]).estimate(sample.interval()))
    for c in compared.on(metric):
        if c.variation == setting and c.p is not None:
            return Cell(text, cells.verdict_and_p(c), tone=cells.tone(c.verdict))
    return Cell(text)


def _every_intervention(shown: Sequence[Effect]) -> Iterator[Block]:
    yield Heading("What each change costs")
    settings = list(dict.fromkeys(effect.setting for effect in shown))
    at = {(effect.intervention.name, effect.setting): effect for effect in shown}
    changes = {effect.intervention.name: effect.intervention for effect in shown}
    yield Table(
        "Accuracy on changed images; below, the change in points and its verdict",
        ("", *settings),
        [
            (_capital(change.label), [_effect(at.get((name, s))) for s in settings])
            for name, change in changes.items()
        ],
    )
    yield note(
        "Percentages are of the area for the center, of the side for shifts and blurs (standard "
        "deviation); for shuffling, the number is that of patches per side. Hidden parts have the "
        "training images' mean color, or are the image itself, blurred beyond recognition. "
        "Verdicts compare with the unchanged images, with the study's margin, Holm-adjusted over "
        "all changes of a setting. Chance is the accuracy of giving the same answers as often, but "
        "to random images. Above chance is what shows over seeds and also if the labels are "
        "permuted over the images, because all seeds may fit these images by accident."
    )


def _effect(effect: Effect | None) -> Cell:
    if effect is None:
        return Cell(words.NONE)
    c = effect.comparison
    percent = PERCENT.value(float(effect.accuracy.estimate))
    if c.p is None:
        return Cell(percent, _points(c))
    chance = "" if _is_above(effect.above_chance) else ", not above chance"
    return Cell(
        percent, f"{_points(c)} {cells.marked(c.verdict)}{chance}", tone=cells.tone(c.verdict)
    )


def _points(c: Comparison) -> str:
    """A change in points, whose unit the caption says."""
    unit = Unit(1, scale=100)
    estimate = "" if c.estimate is None else unit.signed(c.estimate)
    if c.low is None or c.high is None:
        return estimate
    return f"{estimate} [{unit.number(c.low)}, {unit.number(c.high)}]"


def _is_above(against: Estimate, at: int | tuple[()] = ()) -> bool:
    """Whether something is shown to lie above chance."""
    return bool(against.p[at] <= ALPHA and against.estimate[at] > 0)


def _figure(results: Results, shown: Sequence[Effect]) -> Figure:
    settings = dict.fromkeys(effect.setting for effect in shown)
    plain = [_plain(results, name) for name in settings]
    drawn = [effect for effect in shown if not effect.intervention.name.endswith("-blur")]
    marks = [*plain, *(_mark(effect) for effect in drawn)]
    chance = 100 * sum(effect.chance for effect in drawn) / len(drawn)
    return Figure(
        "interventions",
        "Accuracy on changed test images with 95 % intervals over seeds; hidden parts have the "
        "training images' mean color. The dashed line is chance.",
        _description(plain, drawn),
        lambda width: dots(marks, "Accuracy (%)", width, chance),
        widths=(HALF, NARROW),
    )


def _plain(results: Results, setting: str) -> Mark:
    result = next(result for result in results.settings if result.name == setting)
    percent = 100 * result.spread("test_accuracy").mean
    return Mark("unchanged", setting, percent, percent, percent)


def _mark(effect: Effect) -> Mark:
    percent = 100 * float(effect.accuracy.estimate)
    ends = (100 * float(end) for end in (effect.accuracy.low, effect.accuracy.high))
    low, high = (None if math.isnan(end) else end for end in ends)
    return Mark(effect.intervention.label, effect.setting, percent, low, high)


def _description(plain: Sequence[Mark], drawn: Sequence[Effect]) -> str:
    falls = []
    for mark in plain:
        worst = min(
            (effect for effect in drawn if effect.setting == mark.by),
            key=lambda effect: float(effect.accuracy.estimate),
        )
        falls.append(
            f"{mark.by} falls from {mark.estimate:.1f} % to at worst "
            f"{100 * float(worst.accuracy.estimate):.1f} % ({worst.intervention.label})"
        )
    return f"Accuracy under each intervention: {'; '.join(falls)}."


def _by_class(results: Results, shown: Sequence[Effect]) -> Iterator[Block]:
    """The equal halves of an image, class by class, against chance."""
    pairs = [
        (effect, "surroundings" if effect.intervention.name == CENTER_BLANKED else "center")
        for effect in shown
        if effect.intervention.name in (CENTER_BLANKED, SURROUNDINGS_BLANKED)
    ]
    classes = next((r.classes for r in results.settings if r.classes), ())
    if not pairs or not classes:
        return
    yield Heading("Recall on each half of the image")
    yield Table(
        "Recall if a network sees only one half of each image, mean over seeds; below, how often "
        "the class is predicted at all, which is its recall by chance",
        ("Class", *(f"{effect.setting}, {half} only" for effect, half in pairs)),
        [
            (name, [_recall(effect, number) for effect, _ in pairs])
            for number, name in enumerate(classes)
        ],
    )
    yield note(
        "▲: significantly above chance, over seeds and against permuted labels, Holm-adjusted over "
        "all classes and changes of a setting."
    )


def _recall(effect: Effect, number: int) -> Cell:
    recall = float(effect.recall.estimate[number])
    above = " ▲" if _is_above(effect.class_above_chance, number) else ""
    chance = PERCENT.value(float(effect.class_chance[number]))
    return Cell(f"{PERCENT.value(recall)}{above}", f"chance {chance}")


def _compared(compared: StudyComparison) -> Iterator[Block]:
    """Whether a variation makes its networks more or less sensitive to any change."""
    drops = [c for c in compared.comparisons if c.metric.family == "drop" and c.p is not None]
    if not drops:
        return
    yield Heading("Does a variation change what the networks rely on?")
    yield note(
        "Exploratory: the accuracy that each change costs with a variation, minus what it costs "
        f"with {compared.values.baseline}. Of {words.count(len(drops), 'test')}, Holm-adjusted "
        f"together, {cells.differing(drops)}."
    )
    decided = [c for c in drops if c.verdict != "undecided"]
    if decided:
        yield cells.verdict_table(
            "Accuracy lost, minus the baseline's loss, where that is decided: the estimate with "
            "its 95 % interval, verdict and adjusted p; tables/comparisons.csv has all",
            "",
            decided,
            lambda metric: _capital(metric.label.removeprefix(DROP)),
        )


def _capital(label: str) -> str:
    return words.typeset(label[0].upper() + label[1:])
