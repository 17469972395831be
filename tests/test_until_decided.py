"""Seeds until decided: real trainings that stop as soon as, and no sooner than, they may.

When they stop is the same whatever process trains, and no report is read here.
"""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from faults.here import run_here
from paribus.events import Event, PlanChanged, RunEnded
from paribus.results import Results, read_results
from paribus.study.ledger import LEDGER
from paribus.study.spec import Study

NO_REPORT = {"report.html": b""}
LOOKS = {"until": "decided", "looks": [4, 5]}
VARIATIONS = {
    "same": {"same": True},  # an A/A variation
    "harm": {"optimizer.lr": 1e-9},  # planted: it can't learn
    "alike": {"optimizer.weight_decay": 1e-4},
}


@pytest.fixture(scope="module")
def decided(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Study, Counter[str]]:
    study = Study.model_validate(
        {
            "name": "until decided",
            "data": {"source": "digits", "size": 16},
            "epochs": 2,
            "seeds": LOOKS,
            "variations": VARIATIONS,
        }
    )
    out = tmp_path_factory.mktemp("until") / "out"
    trained: Counter[str] = Counter()

    def count(event: Event) -> None:
        if isinstance(event, RunEnded):
            trained[event.setting] += 1

    run_here(study, out, NO_REPORT, count)
    return out, study, trained


@pytest.fixture(scope="module")
def results(decided: tuple[Path, Study, Counter[str]]) -> Results:
    return read_results(decided[0])


def test_a_planted_harm_is_found_at_the_first_look(
    decided: tuple[Path, Study, Counter[str]],
) -> None:
    _, _, trained = decided
    assert trained["harm"] == 4


def test_what_is_undecided_gets_more_seeds_and_the_baseline_with_it(
    decided: tuple[Path, Study, Counter[str]],
) -> None:
    _, _, trained = decided
    # Two epochs of digits leave several points between seeds: nothing to decide with four.
    assert trained["alike"] == trained["baseline"] == 5
    # Four equal pairs are not yet proof: by sign flips alone they happen once in sixteen.
    assert trained["same"] == 5


def test_a_variation_that_changes_nothing_is_exactly_zero_on_every_metric_and_no_verdict_says_else(
    results: Results,
) -> None:
    compared = results.comparison.of("same")
    timed = [c for c in compared if c.metric.name != "train_cpu_seconds"]
    assert len(timed) == len(compared) - 1 >= 18  # 8 metrics of a run and ten recalls
    for comparison in timed:
        # NaN where a curve of two epochs has no roughness; every other difference is 0.
        assert comparison.estimate in (0.0, None), comparison.metric.name
        assert comparison.verdict in ("equivalent", "undecided"), comparison.metric.name


def test_the_planted_harm_is_called_worse(results: Results) -> None:
    comparison = results.comparison
    (harm,) = [c for c in comparison.on("test_accuracy") if c.variation == "harm"]
    assert harm.verdict == "worse"
    assert comparison.seed_paths["harm"].decided


def test_a_decided_study_trains_nothing_more(
    decided: tuple[Path, Study, Counter[str]],
) -> None:
    out, study, _ = decided
    heard: list[Event] = []
    run_here(study, out, NO_REPORT, heard.append)
    assert not [event for event in heard if isinstance(event, RunEnded)]


def test_seeds_beyond_the_plan_are_said_before_they_train_and_tested_at_any_time(
    tmp_path: Path, small_study: Callable[..., Study]
) -> None:
    run_here(small_study(seeds=1), tmp_path, NO_REPORT)
    heard: list[Event] = []
    run_here(small_study(seeds=2), tmp_path, NO_REPORT, heard.append)
    (said,) = [number for number, event in enumerate(heard) if isinstance(event, PlanChanged)]
    assert said < min(n for n, event in enumerate(heard) if isinstance(event, RunEnded))
    event = heard[said]
    assert isinstance(event, PlanChanged)
    assert event.message.startswith("Changed after 2 runs had been seen: seeds 1 -> 2.")
    results = read_results(tmp_path)
    assert results.comparison.comparisons
    assert all(c.anytime for c in results.comparison.comparisons)
    # Reading the results again is no new look.
    assert (tmp_path / LEDGER).read_bytes().count(b'"looked"') == 2


def test_a_plan_that_is_kept_is_tested_as_planned(results: Results) -> None:
    assert results.ledger.known
    assert results.ledger.changes == ()
    assert not results.comparison.anytime
