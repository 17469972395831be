"""Failed cases: what they have in common, the worst of every class, and an explorer of all."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest

from paribus.failures.cases import (
    MOST_CLASSES,
    Case,
    Confusion,
    changed_cases,
    confusions,
    shown_cases,
)
from paribus.failures.changes import change_counts
from paribus.failures.outcomes import Kind, Outcomes
from paribus.failures.study import Failures
from paribus.names import safe_class
from paribus.narrative import words
from paribus.narrative.failed_images import (
    common_confusions,
    hardest,
    on_changes,
    steadiness,
    suspect_labels,
    suspicion_of,
    what_they_look_at,
)
from paribus.narrative.numbers import PERCENT, p_value
from paribus.report import blocks, images
from paribus.report.explorer import neighbor_files, votes
from paribus.report.sections.causes import intervention_chart
from paribus.report.sections.cells import MOST_VARIATIONS
from paribus.results import Results
from paribus.stats.intervals import Interval
from paribus.stats.proportions import share
from paribus.stats.turned import ByChance

#: So many of each setting's confusions are listed.
MOST_CONFUSIONS = 8

#: So many images that a variation fixes, and as many that it breaks, are cards.
MOST_CHANGED = 4

_KINDS: Mapping[Kind, str] = {
    "right": "Right in every seed",
    "seed-dependent": "Wrong in some seeds",
    "systematic": "Wrong in every seed",
    "one-seed": "Wrong in the only seed",
}


def cases(results: Results) -> Iterator[blocks.Block]:
    """What the baseline's failures have in common, then its cards, then what variations change."""
    failures = results.failed_cases
    if not failures.outcomes:
        return
    outcome = failures.outcomes.get(failures.baseline) or next(iter(failures.outcomes.values()))
    if not (outcome.wrong > 0).any():
        yield blocks.Paragraph(f"{outcome.setting} classifies every test image correctly.")
    else:
        yield from _analysis(results, failures, outcome)
        yield from _cards(results, failures, outcome)
    yield from _variations(failures)
    yield blocks.Folded("All counts of failed images", list(_counts(failures)))


def _analysis(results: Results, failures: Failures, outcome: Outcomes) -> Iterator[blocks.Block]:
    """What most failures have in common, each with the section that shows it."""
    look = what_they_look_at(results.effects, results.compared, outcome.setting)
    said = (
        (steadiness(outcome), "explorer"),
        (f"{common_confusions(outcome)} {hardest(outcome)}".strip(), "confusion"),
        (look, "causes"),
        (suspect_labels(failures), "explorer?sort=suspicion"),
    )
    sentences = [blocks.Paragraph(words.typeset(text), link=link) for text, link in said if text]
    chart = list(intervention_chart(results))
    yield blocks.Columns([sentences, chart] if chart else [sentences])


def _cards(results: Results, failures: Failures, outcome: Outcomes) -> Iterator[blocks.Block]:
    shown = [case for case in shown_cases(results.records) if case.setting == outcome.setting]
    yield blocks.Heading(f"{outcome.setting}: the worst failure of each class")
    yield blocks.Gallery([_shown(case, failures) for case in shown])
    yield blocks.note(_explanation(shown, failures))


def _variations(failures: Failures) -> Iterator[blocks.Block]:
    """Of each variation, only the images on which it differs from the baseline."""
    kept = failures.telling.tolist()
    if failures.baseline not in failures.outcomes:
        return
    for name, changes in list(failures.changes.items())[:MOST_VARIATIONS]:
        counts = change_counts(failures.outcomes[failures.baseline], failures.outcomes[name])
        fixed, broken = changed_cases(
            failures.outcomes, changes, failures.baseline, kept, MOST_CHANGED
        )
        if counts is None or not (fixed or broken):
            continue
        inside: list[blocks.Block] = []
        for title, of in (("Fixed", fixed), ("Broken", broken)):
            if of:
                gallery = blocks.Gallery([_shown(case, failures) for case in of])
                inside += [blocks.Heading(f"{title} by {name}"), gallery]
        yield blocks.Folded(words.typeset(on_changes(name, counts)), inside)


def _counts(failures: Failures) -> Iterator[blocks.Block]:
    yield _kinds(failures.outcomes)
    yield from _changes(failures.outcomes, failures.baseline)
    yield from _confusions(failures.outcomes)


def explorer(results: Results) -> Iterator[blocks.Block]:
    """Every failed case that is kept, to filter, sort and open; nothing without predictions."""
    if not results.failed_cases.outcomes:
        return
    yield blocks.Paragraph("Failed test images to filter, sort and open.")
    yield blocks.note(
        "Filter and sort the images here, or choose a cell of a confusion matrix to see those it "
        "counts. The address of the page keeps your selection, so that you can share it "
        "with anyone who has this file."
    )
    yield blocks.Explorer(results.failed_cases)


def _explanation(cases: Sequence[Case], failures: Failures) -> str:
    text = "Of each class the test image that most seeds get wrong"
    if any(case.has_probabilities for case in cases):
        text += ", of equals the most confident error; probabilities are means over seeds"
    text += ". Left the original, beside it what the network saw."
    if failures.explained:
        text += (
            " The third image shows what the networks look at (integrated gradients): orange "
            "speaks for the predicted class, blue against it. Below, the nearest training images "
            "in the last hidden layer."
        )
    if len(failures.names) > MOST_CLASSES:
        text += f" Shown are the {MOST_CLASSES} classes of lowest recall."
    return text


def _shown(case: Case, failures: Failures) -> blocks.Shown:
    outcome, row = failures.outcomes[case.setting], failures.rows[case.index]
    text = ", ".join(
        f"{failures.names[number]} ({times})"
        for number, times in votes(outcome, row)
        if number != outcome.labels[row]
    )
    suspicion = words.typeset(suspicion_of(failures, row))
    file = failures.file(case.index)
    explanation = failures.explanation(case.setting, case.index)
    if explanation is None:
        return blocks.Shown(case, text, suspicion=suspicion, file=file)
    explained, place = explanation
    return blocks.Shown(
        case,
        text,
        overlay=images.overlay(explained.gradients[place]),
        target=failures.names[explained.targets[place]],
        nearest=[
            blocks.Nearest(
                near.index, failures.names[near.label], neighbor_files(outcome, near.index)
            )
            for near in explained.neighbors[place]
        ],
        suspicion=suspicion,
        file=file,
    )


def _kinds(by_setting: Mapping[str, Outcomes]) -> blocks.Table:
    seen = {kind for of in by_setting.values() for kind in of.kinds}
    kinds = [kind for kind in _KINDS if kind in seen]
    return blocks.Table(
        "Test images by how many seeds get them wrong; below, their share with its 95 % interval "
        "for new images",
        ("", *(_KINDS[kind] for kind in kinds)),
        [(name, [_share(of, kind) for kind in kinds]) for name, of in by_setting.items()],
    )


def _share(outcome: Outcomes, kind: Kind) -> blocks.Cell:
    of = share(int((outcome.kinds == kind).sum()), len(outcome.labels))
    if not of.of:
        return blocks.Cell(words.NONE)
    low, high = (PERCENT.number(end) for end in (of.low, of.high))
    return blocks.Cell(
        words.whole(of.count), f"{PERCENT.number(of.count / of.of)} [{low}, {high}] %"
    )


def _changes(by_setting: Mapping[str, Outcomes], baseline: str) -> Iterator[blocks.Block]:
    counts = {
        name: counted
        for name, outcome in by_setting.items()
        if name != baseline and baseline in by_setting
        if (counted := change_counts(by_setting[baseline], outcome))
    }
    if not counts:
        return
    yield blocks.Heading("What a variation fixes and breaks")
    yield blocks.note(
        "Fixed: wrong in more than half of the seeds with the baseline, right in more than half "
        "with the variation. Broken: the reverse. Some images change by chance alone: by chance is "
        "the number that the baseline's own runs lead one to expect of as many more of its runs. p "
        "tests fixed minus broken: the two runs of each seed are swapped in all combinations."
    )
    yield blocks.Table(
        "Test images fixed and broken, and how many of each by chance, with its 95 % range",
        ("", "Fixed", "Broken", "By chance", "p", "Fixed per seed", "Broken per seed"),
        [
            (
                name,
                [
                    *(blocks.Cell(words.whole(number)) for number in (of.fixed, of.broken)),
                    _by_chance(of.by_chance),
                    blocks.Cell(p_value(of.p)),
                    *map(_mean, (of.fixed_a_seed, of.broken_a_seed)),
                ],
            )
            for name, of in counts.items()
        ],
    )


def _by_chance(of: ByChance | None) -> blocks.Cell:
    if of is None:
        return blocks.Cell(words.NONE)
    ends = "" if of.low is None or of.high is None else f"[{of.low:,}, {of.high:,}]"
    return blocks.Cell(words.whole(of.expected), ends)


def _mean(of: Interval) -> blocks.Cell:
    return blocks.Cell(f"{of.estimate:,.1f}", _interval(of))


def _interval(of: Interval) -> str:
    """The interval of a number of images; "" where it says nothing, as it reaches down to 0."""
    if of.low is None or of.high is None or of.low <= 0:
        return ""
    return f"[{of.low:,.1f}, {of.high:,.1f}]"


def _confusions(by_setting: Mapping[str, Outcomes]) -> Iterator[blocks.Block]:
    drawn = list(by_setting.items())[:MOST_VARIATIONS]
    columns = {name: confusions(outcome)[:MOST_CONFUSIONS] for name, outcome in drawn}
    if not any(columns.values()):
        return
    yield blocks.Heading("Most common confusions")
    yield blocks.Table(
        "Test images, mean over seeds; in brackets a 95 % interval, where it excludes 0",
        ("Rank", *columns),
        [
            (str(rank), [_confusion(of) for of in row])
            for rank, row in enumerate(zip_longest(*columns.values()), 1)
        ],
        numeric=False,
    )


def _confusion(of: Confusion | None) -> blocks.Cell:
    if of is None:
        return blocks.Cell(words.NONE)
    true, predicted = safe_class(of.true), safe_class(of.predicted)
    return blocks.Cell(
        f"{true} taken for {predicted}", f"{of.images.estimate:,.1f} {_interval(of.images)}".strip()
    )
