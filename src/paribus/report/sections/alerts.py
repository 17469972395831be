"""What a reader must not miss: failed and missing runs, odd images, a baseline at chance."""

from collections import defaultdict
from collections.abc import Iterator

from paribus.names import safe_name
from paribus.narrative import words
from paribus.narrative.images import on_images, on_training_images
from paribus.narrative.numbers import PERCENT, p_in_words
from paribus.records.types import Record
from paribus.report.blocks import Alert
from paribus.results import Results
from paribus.study.read import NOT_TRAINED
from paribus.study.scripted import ScriptedStudy

#: More lines than this, and the rest are counted.
MOST_ALERTS = 8


def alerts(results: Results) -> Iterator[Alert]:
    """The alerts of the first screen, the one that most concerns the verdicts first."""
    yield from _at_chance(results)
    yield from of_runs(results)
    if results.sources is not None and results.sources.warnings:
        yield Alert("What may make the values wrong", list(results.sources.warnings))
    if odd := [*on_images(results.baseline.data), *_other_training_images(results)]:
        yield Alert("About the images", odd)
    if results.refused:
        yield Alert("Not everything could be tested", results.refused)
    if results.absent:
        title = (
            f"{words.count(len(results.absent), 'run')} without a usable record, not trained yet "
            "or damaged; run the same command again to train what is missing"
        )
        yield Alert(title, _absent(results))


def of_runs(results: Results) -> Iterator[Alert]:
    """What runs show of themselves, without any comparison: that they failed, or are all alike."""
    yield from _seedless(results)
    if results.failed:
        items = [_failure(record) for record in results.failed]
        them = "it" if len(items) == 1 else "them"
        runs = words.count(len(items), "run")
        title = f"{runs} failed; estimates leave {them} out, verdicts count {them} at the worst"
        yield Alert(title, _first(items, ": see tables/runs.csv"))


def _other_training_images(results: Results) -> Iterator[str]:
    """What variations declare of their training images, where that differs from the baseline's."""
    before = on_training_images(results.baseline.data)
    for setting in results.variations:
        lines = on_training_images(setting.data)
        yield from (f"{setting.name}: {line}" for line in lines if line not in before)


def _at_chance(results: Results) -> Iterator[Alert]:
    """That the baseline isn't shown to have learned anything, which makes all else idle."""
    found = results.baseline_chance
    if found is None or found.is_above:
        return
    accuracy, chance = PERCENT.value(found.accuracy), PERCENT.value(found.chance)
    p = words.typeset(p_in_words(found.p))
    yield Alert(
        f"{found.setting} is not shown to do better than chance",
        [
            f"Its test accuracy is {accuracy}; the same answers given to random images would be "
            f"right in {chance} ({p}). Until it learns something, no difference from it means much."
        ],
    )


def _seedless(results: Results) -> Iterator[Alert]:
    """That all seeds of a script's setting came to one value, as where it doesn't use its seed."""
    if not isinstance(results.study, ScriptedStudy):
        return
    values = {r.name: r.spread(results.primary.name).values for r in results.settings}
    same = [name for name, of in values.items() if len(of) > 1 and len(set(of)) == 1]
    if same:
        label = safe_name(results.primary.label)
        yield Alert(
            f"All seeds came to the same {label}: does the script use its seed?",
            [
                f"{words.listed([safe_name(name) for name in same[:MOST_ALERTS]])}: without luck "
                "that differs from seed to seed, the seeds say no more than one run."
            ],
        )


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
