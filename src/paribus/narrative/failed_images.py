"""What the failed test images of a setting have in common, in sentences with counts."""

from collections.abc import Sequence

import numpy as np

from paribus.claims.samples import value_sample
from paribus.comparison.effects import Effect
from paribus.comparison.study import StudyComparison
from paribus.failures.cases import confusions
from paribus.failures.changes import ChangeCounts
from paribus.failures.outcomes import Outcomes
from paribus.failures.study import Failures
from paribus.metrics.interventions import CENTER_BLANKED, SURROUNDINGS_BLANKED
from paribus.metrics.registry import CAUSES
from paribus.names import safe_class
from paribus.narrative.numbers import PERCENT, p_in_words, seeds, value_of
from paribus.narrative.words import count, listed, whole

#: So many confusions, classes and suspect labels are named.
MOST_CONFUSIONS, MOST_CLASSES, MOST_LABELS = 5, 3, 3
#: A label is called suspicious if its image is in this share of most suspicious ones.
SUSPICIOUS = 0.05


def steadiness(outcome: Outcomes) -> str:
    """How many failures are systematic, and how many a matter of the seed."""
    images, n = len(outcome.labels), len(outcome.seeds)
    always, sometimes = (int((outcome.kinds == k).sum()) for k in ("systematic", "seed-dependent"))
    if n == 1:
        wrong = int((outcome.wrong > 0).sum())
        return (
            f"{outcome.setting} gets {_of(wrong, images)} wrong in its only seed; which of these "
            "failures are systematic, more seeds would tell."
        )
    return (
        f"{outcome.setting} gets {_of(always, images)} wrong in each of its {n} seeds: these "
        f"failures are systematic. Another {_of(sometimes, images, '')} are wrong in some seeds "
        "and right in others: these depend on the luck of a run."
    )


def _of(number: int, images: int, of: str = "test images ") -> str:
    share = PERCENT.number(number / images) if images else "0"
    return f"{whole(number)} of {whole(images)} {of}({share} %)".replace("  ", " ")


def common_confusions(outcome: Outcomes) -> str:
    """The confusions that stand out, and how many of all failures they are."""
    pairs = confusions(outcome)
    if not pairs:
        return ""
    failed = float(np.sum(outcome.wrong)) / len(outcome.seeds)
    named = pairs[:MOST_CONFUSIONS]
    each = [
        f"{safe_class(of.true)} taken for {safe_class(of.predicted)} ({_mean(of.images.estimate)})"
        for of in named
    ]
    share = 100 * sum(of.images.estimate for of in named) / failed
    a_seed = "" if len(outcome.seeds) == 1 else " in a seed, on average"
    alone = "This confusion is" if len(named) == 1 else f"These {len(named)} are"
    among = "the one failure" if failed == 1 else f"the {_mean(failed)} failures"
    occur = "the only one that occurs" if len(pairs) == 1 else f"of {len(pairs):,} that occur"
    return (
        f"What stands out among {among}{a_seed}: {listed(each)}. {alone} {share:.0f} % of all, "
        f"{occur}."
    )


def _mean(images: float) -> str:
    """A number of images, with a decimal where it is small and not whole."""
    return f"{images:,.1f}" if images < 10 and images % 1 else f"{images:,.0f}"


def hardest(outcome: Outcomes) -> str:
    """The classes whose images fail most often."""
    support = np.bincount(outcome.labels, minlength=len(outcome.classes))
    wrong = np.bincount(outcome.labels, weights=outcome.wrong, minlength=len(support))
    known = np.flatnonzero(support)
    if len(known) <= MOST_CLASSES:
        return ""
    shares = wrong[known] / support[known] / len(outcome.seeds)
    worst = known[np.argsort(-shares, kind="stable")][:MOST_CLASSES]
    each = [
        f"{safe_class(outcome.classes[n])} "
        f"({PERCENT.number(wrong[n] / support[n] / len(outcome.seeds))} %)"
        for n in worst.tolist()
    ]
    return f"Most often wrong are the images of {listed(each)}."


def what_they_look_at(
    effects: Sequence[Effect], compared: StudyComparison | None, setting: str
) -> str:
    """What hiding half of an image does to a setting, and what that says of its failures."""
    own = {e.intervention.name: e for e in effects if e.setting == setting}
    center, around = own.get(CENTER_BLANKED), own.get(SURROUNDINGS_BLANKED)
    if center is None or around is None:
        return ""
    accuracies = [float(effect.accuracy.estimate) for effect in (around, center)]
    text = (
        f"Shown only the center of each image, {setting} is right in "
        f"{PERCENT.rounded(accuracies[0])} of the images; shown only the surroundings, in "
        f"{PERCENT.rounded(accuracies[1])} ({PERCENT.rounded(center.chance)} would be chance)."
    )
    return f"{text} {_reliance(compared, setting)}".strip()


def _reliance(compared: StudyComparison | None, setting: str) -> str:
    """Whether wrong answers rest on the surroundings more than on the center."""
    metric = CAUSES["background_in_failures"]
    if compared is None:
        return ""
    sample = value_sample(compared.values, setting, metric)
    if sample.n < 2:
        return ""
    interval = sample.interval()
    if interval.low is None or interval.high is None:
        return ""
    numbers = value_of(metric).told(interval)
    if interval.high < 0:
        says = "Wrong answers too rest on the center more than on the surroundings"
    elif interval.low > 0:
        says = "Wrong answers rest on the surroundings more than on the center"
    else:
        says = "Whether wrong answers rest on the surroundings or the center is undecided"
    return f"{says} (reliance {numbers})."


def suspect_labels(failures: Failures) -> str:
    """How many images all networks take for one and the same other class, by suspicion."""
    suspected, settings = failures.suspicions, list(failures.outcomes.values())
    runs = sum(len(outcome.seeds) for outcome in settings)
    if suspected is None or runs < 2:
        return ""
    labels, votes = settings[0].labels, sum(outcome.votes for outcome in settings)
    agreed = np.asarray(votes).max(axis=1) == runs
    given = np.asarray(votes).argmax(axis=1)
    rows = np.flatnonzero(agreed & (given != labels))
    if not len(rows):
        return f"No image is taken for the same other class by all {runs:,} networks."
    first = rows[np.argsort(suspected.rank[rows])][:MOST_LABELS].tolist()
    each = [
        f"image {settings[0].index[row]}, labeled {failures.names[labels[row]]}, taken for "
        f"{failures.names[given[row]]}"
        for row in first
    ]
    are = "image is" if len(rows) == 1 else "images are"
    most = "" if len(rows) <= len(first) else "; first by suspicion"
    return (
        f"{len(rows):,} {are} taken for one and the same other class by all {runs:,} networks: "
        f"hard images, or wrong labels{most}: {'; '.join(each)}."
    )


def on_changes(name: str, counts: ChangeCounts) -> str:
    """What a variation fixes and breaks, against what chance would."""
    text = (
        f"{name} fixes {count(counts.fixed, 'image')} and breaks {whole(counts.broken)} "
        f"over {seeds(counts.seeds)}"
    )
    if counts.by_chance is not None:
        text += f"; by chance alone it would be about {whole(counts.by_chance.expected)} each"
    return f"{text} ({p_in_words(counts.p)} for fixing as many as it breaks)."


def suspicion_of(failures: Failures, row: int) -> str:
    """That the label of an image may be wrong, where it is among the most suspicious."""
    suspected = failures.suspicions
    if suspected is None or suspected.rank[row] > SUSPICIOUS * len(suspected.rank):
        return ""
    rank, of = int(suspected.rank[row]), len(suspected.rank)
    return f"Is the label right? Rank {rank:,} of {of:,}; 1 is the one the networks believe least."
