"""Seeds until decided: real trainings that stop as soon as, and no sooner than, they may.

When they stop is the same whatever process trains, and no report is read here.
"""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from faults.here import run_here
from paribus.errors import ComparisonError
from paribus.events import Event, RunEnded
from paribus.results import read_results
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
    decided: tuple[Path, Study, Counter[str]],
) -> None:
    compared = read_results(decided[0]).comparison.of("same")
    timed = [c for c in compared if c.metric.name != "train_cpu_seconds"]
    assert len(timed) == len(compared) - 1 >= 18  # 8 metrics of a run and ten recalls
    for comparison in timed:
        # NaN where a curve of two epochs has no roughness; every other difference is 0.
        assert comparison.estimate in (0.0, None), comparison.metric.name
        assert comparison.verdict in ("equivalent", "undecided"), comparison.metric.name


def test_the_planted_harm_is_called_worse(decided: tuple[Path, Study, Counter[str]]) -> None:
    comparison = read_results(decided[0]).comparison
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


@pytest.mark.parametrize(
    "changes", [{"seeds": 6}, {"seeds": LOOKS | {"looks": [4, 6]}}, {"margin": 0.05}]
)
def test_the_rule_for_stopping_cannot_be_changed_after_looking(
    decided: tuple[Path, Study, Counter[str]], changes: dict[str, object]
) -> None:
    out, study, _ = decided
    with pytest.raises(ComparisonError, match="changed after looking"):
        run_here(Study.model_validate(study.model_dump() | changes), out, NO_REPORT)


def test_looks_cannot_be_declared_after_seeds_have_been_seen(
    tmp_path: Path, small_study: Callable[..., Study]
) -> None:
    run_here(small_study(), tmp_path, NO_REPORT)
    with pytest.raises(ComparisonError, match="1 seeds, whatever they show"):
        run_here(small_study(seeds=LOOKS), tmp_path, NO_REPORT)
