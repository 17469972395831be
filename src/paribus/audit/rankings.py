"""Best and worst classes: which they are, whether one matrix tells them from the next, claims."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from paribus.audit.networks import ClassResult, Network
from paribus.audit.spec import Observation, Published
from paribus.metrics.registry import class_figure
from paribus.stats.intervals import ALPHA
from paribus.stats.multiplicity import holm
from paribus.stats.proportions import fisher_p, share
from paribus.study.claims import Ranking, Test

Extreme = Literal["best", "worst"]
Outcome = Literal["holds", "fails", "not checked"]

ENDS: tuple[Extreme, Extreme] = ("worst", "best")
RANKED_BY = ("recall", "precision", "f1")
#: Metrics of a run that follow from its matrix, so that nothing but seeds is missing.
OF_A_MATRIX = {"test_accuracy", "macro_f1"}
NO_TEST = "no test. To have it checked, add one, as test: {worst: [CLASS], metric: recall}"
NO_CLASS = "the test names no best or worst class"
EVERY_CLASS = "the test names every class, which leaves none to compare with"
NEEDS_SEEDS = "it needs several seeds of each setting, and the file has one run of each"
NEEDS_OTHER_DATA = "it needs more than confusion matrices, such as training curves or times"


@dataclass(frozen=True)
class Ends:
    """The best and worst classes of a setting by one metric; more than one where they tie."""

    setting: str
    metric: str
    best: tuple[str, ...]
    worst: tuple[str, ...]


@dataclass(frozen=True)
class Rank:
    """The best or worst class of a setting by recall, and the one next to it (by name in a tie).

    The gap between their recalls is 0 or more; p is of "they are the same", adjusted by Holm over
    all ranks of the audit. Certain is a rank whose adjusted p is at most 0.05.
    """

    setting: str
    extreme: Extreme
    first: str
    second: str
    gap: float
    p: float
    p_adjusted: float
    certain: bool


@dataclass(frozen=True)
class Failure:
    """A setting in which a claim fails, and the classes that are really best or worst there."""

    setting: str
    found: tuple[str, ...]


@dataclass(frozen=True)
class Ranked:
    """A claim, checked: these classes are the best, or worst, in every one of the settings."""

    extreme: Extreme
    classes: tuple[str, ...]
    metric: str
    holds: tuple[str, ...]
    fails: tuple[Failure, ...]


@dataclass(frozen=True)
class Checked:
    """An observation and what the matrices say of it: it holds if it does in all its settings.

    Its test claims a ranking of the best classes, of the worst, or of both. `why` it isn't checked
    is "" if it is.
    """

    id: str
    says: str
    outcome: Outcome
    rankings: tuple[Ranked, ...]
    why: str


def ends(networks: Sequence[Network]) -> tuple[Ends, ...]:
    """Best and worst of each setting by recall, precision and F1, as the matrices have them."""
    return tuple(
        Ends(of.setting, by, extremes(of, by, "best", 1), extremes(of, by, "worst", 1))
        for of in networks
        for by in RANKED_BY
    )


def extremes(network: Network, metric: str, extreme: Extreme, places: int) -> tuple[str, ...]:
    """The so many best or worst classes, the first first, and those that tie with the last."""
    ordered = _ordered(network, metric, extreme)
    last = getattr(ordered[places - 1], metric)
    tied = [result for result in ordered[places:] if getattr(result, metric) == last]
    return tuple(result.name for result in [*ordered[:places], *tied])


def ranks(networks: Sequence[Network]) -> tuple[Rank, ...]:
    """The worst and the best class of each setting by recall, tested against the next one.

    Two classes have different test images, so Fisher's exact test of two independent
    shares applies. That the two were picked by what is tested needs no correction: the
    two-sided test of the first against the second is valid for "it is the first" (Hung and
    Fithian 2019, for classes of equal support). It is about these trained networks and new
    images.
    """
    tested = [(of.setting, end, _ordered(of, "recall", end)) for of in networks for end in ENDS]
    p = [fisher_p(*(share(of.right, of.support) for of in ordered[:2])) for *_, ordered in tested]
    return tuple(
        Rank(
            setting,
            extreme,
            first.name,
            second.name,
            gap=abs(first.recall - second.recall),
            p=raw,
            p_adjusted=adjusted,
            certain=adjusted <= ALPHA,
        )
        for (setting, extreme, (first, second, *_)), raw, adjusted in zip(
            tested, p, holm(p).tolist(), strict=True
        )
    )


def check(published: Published, networks: Sequence[Network]) -> tuple[Checked, ...]:
    """Every observation, in the order of the file."""
    return tuple(_check(of, published.classes, networks) for of in published.observations)


def _check(of: Observation, classes: tuple[str, ...], networks: Sequence[Network]) -> Checked:
    why = _why_not(of.test, classes)
    if why or not isinstance(of.test, Ranking):
        return Checked(of.id, of.says, "not checked", (), why)
    test = of.test
    among = [n for n in networks if test.settings == "all" or n.setting in test.settings]
    rankings = tuple(
        _ranked(extreme, names, test.metric, among) for extreme, names in _claimed(test)
    )
    outcome: Outcome = "fails" if any(ranked.fails for ranked in rankings) else "holds"
    return Checked(of.id, of.says, outcome, rankings, "")


def _why_not(test: Test | None, classes: tuple[str, ...]) -> str:
    """Why the matrices can't decide a test; "" if they can."""
    if test is None:
        return NO_TEST
    if not isinstance(test, Ranking):
        of_a_matrix = test.metric in OF_A_MATRIX or class_figure(test.metric)
        return NEEDS_SEEDS if of_a_matrix else NEEDS_OTHER_DATA
    claimed = _claimed(test)
    if any(set(names) == set(classes) for _, names in claimed):
        return EVERY_CLASS
    return "" if claimed else NO_CLASS


def _claimed(test: Ranking) -> list[tuple[Extreme, tuple[str, ...]]]:
    ends: tuple[Extreme, Extreme] = ("best", "worst")
    named = zip(ends, (test.best, test.worst), strict=True)
    return [(extreme, names) for extreme, names in named if names]


def _ranked(
    extreme: Extreme, classes: tuple[str, ...], metric: str, among: Sequence[Network]
) -> Ranked:
    actual = {of.setting: extremes(of, metric, extreme, len(classes)) for of in among}
    # A class that ties with one outside stands there too: the claim is of these alone.
    holds = tuple(name for name, names in actual.items() if set(names) == set(classes))
    fails = tuple(Failure(name, names) for name, names in actual.items() if name not in holds)
    return Ranked(extreme, classes, metric, holds, fails)


def _ordered(network: Network, metric: str, extreme: Extreme) -> list[ClassResult]:
    # Equal shares of counts are equal floats: a division of whole numbers is rounded correctly.
    sign = 1 if extreme == "worst" else -1
    return sorted(network.classes, key=lambda of: (sign * getattr(of, metric), of.name))
