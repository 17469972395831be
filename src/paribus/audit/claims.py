"""What a report concludes of its classes, held against its own matrices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from paribus.audit.figures import Network
from paribus.audit.ranks import Extreme, extremes
from paribus.audit.sentences import Reading, Unread, read_sentence
from paribus.audit.spec import Observation, Published
from paribus.study.claims import Ranking, class_figure

Outcome = Literal["holds", "depends on the metric", "fails", "not checked"]

#: Metrics of a run that follow from its matrix, so that nothing but seeds is missing.
OF_A_MATRIX = {"test_accuracy", "macro_f1"}
NEEDS_SEEDS = Unread(
    "one run of each setting can't decide it; what it can tell stands under the accuracies"
)
NEEDS_OTHER_DATA = Unread("it needs curves or times, which the file doesn't hold")
NO_CLASS = Unread("its test names no class")
NOTHING_LEFT = Unread("it names every class, so that none is left to compare with")


@dataclass(frozen=True)
class Failure:
    """A setting in which a ranking fails, and the classes that are really there."""

    setting: str
    found: tuple[str, ...]


@dataclass(frozen=True)
class ByMetric:
    """Where a ranking holds and where it fails by one metric."""

    metric: str
    holds: tuple[str, ...]
    fails: tuple[Failure, ...]


@dataclass(frozen=True)
class Ranked:
    """A ranking claim, checked: these classes are the best, or worst, in these settings."""

    extreme: Extreme
    classes: tuple[str, ...]
    settings: tuple[str, ...]
    by: tuple[ByMetric, ...]


@dataclass(frozen=True)
class Checked:
    """An observation and what the matrices say of it.

    Attributes:
        id, says: the observation.
        outcome: `holds` if it does in all its settings by all its metrics, `fails` if by
            none, `depends on the metric` otherwise.
        rankings: as it was read; a test may have one of the best and one of the worst.
        why: why it isn't checked; "" if it is.
    """

    id: str
    says: str
    outcome: Outcome
    rankings: tuple[Ranked, ...]
    why: str


def check(published: Published, networks: Sequence[Network]) -> tuple[Checked, ...]:
    """Every observation, in the order of the file."""
    return tuple(_check(of, published, networks) for of in published.observations)


def _check(observation: Observation, published: Published, networks: Sequence[Network]) -> Checked:
    found = _readings(observation, published.classes, tuple(published.settings))
    if isinstance(found, Unread):
        return Checked(observation.id, observation.says, "not checked", (), found.why)
    rankings = tuple(_ranked(reading, networks) for reading in found)
    return Checked(observation.id, observation.says, _outcome(rankings), rankings, "")


def _outcome(rankings: Sequence[Ranked]) -> Outcome:
    metrics = {by.metric for ranked in rankings for by in ranked.by}
    failing = {by.metric for ranked in rankings for by in ranked.by if by.fails}
    if not failing:
        return "holds"
    return "fails" if failing == metrics else "depends on the metric"


def _readings(
    observation: Observation, classes: tuple[str, ...], settings: tuple[str, ...]
) -> list[Reading] | Unread:
    """What the observation claims: by its test if it has one, or else by its sentence."""
    test = observation.test
    if test is None:
        read = read_sentence(observation.says, classes, settings)
        found = read if isinstance(read, Unread) else [read]
    elif isinstance(test, Ranking):
        found = _of_test(test, settings)
    else:
        of_a_matrix = test.metric in OF_A_MATRIX or class_figure(test.metric)
        found = NEEDS_SEEDS if of_a_matrix else NEEDS_OTHER_DATA
    if isinstance(found, Unread):
        return found
    if any(set(of.classes) == set(classes) for of in found):
        return NOTHING_LEFT
    return found or NO_CLASS


def _of_test(test: Ranking, settings: tuple[str, ...]) -> list[Reading]:
    among = settings if test.settings == "all" else test.settings
    named: list[tuple[Extreme, tuple[str, ...] | None]] = [
        ("best", test.best),
        ("worst", test.worst),
    ]
    return [Reading(end, classes, among, (test.metric,)) for end, classes in named if classes]


def _ranked(reading: Reading, networks: Sequence[Network]) -> Ranked:
    among = [network for network in networks if network.setting in reading.settings]
    by = tuple(_by_metric(reading, metric, among) for metric in reading.metrics)
    return Ranked(reading.extreme, reading.classes, reading.settings, by)


def _by_metric(reading: Reading, metric: str, networks: Sequence[Network]) -> ByMetric:
    found = {
        network.setting: extremes(network, metric, reading.extreme, len(reading.classes))
        for network in networks
    }
    # A class that ties with one outside stands there too: the claim is of these alone.
    holds = tuple(name for name, there in found.items() if set(there) == set(reading.classes))
    fails = tuple(Failure(name, there) for name, there in found.items() if name not in holds)
    return ByMetric(metric, holds, fails)
