"""Seeds one by one: who stops when, and how the comparison there is tested."""

from __future__ import annotations

import numpy as np
import pytest

from paribus.comparison.sequential import SeedPath, follow_seeds, seed_paths_of, seeds_wanted
from paribus.comparison.study import compare
from paribus.metrics.registry import METRICS
from paribus.narrative.comparisons import notes
from paribus.stats.anytime import anytime_interval, anytime_p, anytime_p_values
from paribus.stats.intervals import Floats
from paribus.stats.sample import equivalence_p
from paribus.study.config import FIRST_STOP
from paribus.study.spec import Study
from synthetic import make_records, make_study

ACCURACY = METRICS["test_accuracy"]
MOST = 20
STOPS = range(FIRST_STOP, MOST + 1)
RNG = np.random.default_rng(20261202)
BASELINE = RNG.normal(0.5, 0.01, MOST)
CLEAR = BASELINE + 0.05 + RNG.normal(0, 0.01, MOST)
SAME = BASELINE + RNG.normal(0, 0.002, MOST)
NOISY = BASELINE + np.where(np.arange(MOST) % 2, 0.06, -0.05)


def follow(seeds: int = MOST, **variations: Floats) -> dict[str, SeedPath]:
    seen = {name: values[:seeds] for name, values in variations.items()}
    return follow_seeds(BASELINE[:seeds], seen, ACCURACY, STOPS)


def test_every_variation_first_needs_the_first_stop() -> None:
    path = follow(2, clear=CLEAR)["clear"]
    assert path.path == ()
    assert path.next_look == FIRST_STOP


def test_a_variation_stops_at_the_first_seed_that_decides_it() -> None:
    path = follow(clear=CLEAR)["clear"]
    p = anytime_p_values(np.round(CLEAR - BASELINE, 12))
    (last,) = path.path
    assert last.n_seeds == max(FIRST_STOP, int(np.argmax(p <= 0.05)) + 1) < MOST
    assert last.p == pytest.approx(p[last.n_seeds - 1])
    assert last.verdict == "better"
    assert path.next_look is None
    assert path.decided
    assert any("Stopped once decided" in note for note in notes(last))


def test_equivalence_stops_too() -> None:
    (last,) = follow(same=SAME)["same"].path
    d = (SAME - BASELINE)[: last.n_seeds]
    assert last.verdict == "equivalent"
    assert last.p_equivalence == pytest.approx(equivalence_p(d, 0.01, anytime_p))


def test_the_undecided_get_one_seed_more_up_to_the_most() -> None:
    assert follow(9, noisy=NOISY)["noisy"].next_look == 10
    whole = follow(noisy=NOISY)["noisy"]
    assert whole.next_look is None
    assert not whole.decided
    low, high = anytime_interval(NOISY - BASELINE)
    assert [whole.path[0].low, whole.path[0].high] == pytest.approx([low, high])


def test_seeds_beyond_a_decision_change_nothing() -> None:
    stopped = follow(clear=CLEAR)["clear"]
    turned = CLEAR.copy()
    turned[stopped.path[0].n_seeds :] = BASELINE[stopped.path[0].n_seeds :] - 1
    assert follow(clear=turned)["clear"] == stopped


def test_p_values_are_adjusted_over_all_variations() -> None:
    alone, both = follow(clear=CLEAR)["clear"], follow(clear=CLEAR, noisy=NOISY)["clear"]
    assert both.path[0].p_adjusted == pytest.approx(2 * (both.path[0].p or 0))
    assert both.path[0].n_seeds >= alone.path[0].n_seeds


def test_seeds_without_a_value_are_left_out_and_still_count_as_trained() -> None:
    holes = NOISY.copy()
    holes[[1, 5]] = np.nan
    (last,) = follow(noisy=holes)["noisy"].path
    assert (last.n_seeds, last.missing) == (MOST - 2, 2)


@pytest.fixture(scope="module")
def study() -> Study:
    return Study.model_validate(
        make_study(seeds=6, epochs=3).model_dump() | {"seeds": {"until": "decided", "most": 6}}
    )


def test_a_study_trains_what_its_records_ask_for(study: Study) -> None:
    records = make_records(study, images=100)
    first = [record for record in records if record.facts.seed < FIRST_STOP]
    assert seeds_wanted(study, []) == dict.fromkeys(("main", "batch-norm", "l2"), FIRST_STOP)
    paths, wanted = seed_paths_of(study, first), seeds_wanted(study, first)
    for name, path in paths.items():
        assert wanted[name] == (FIRST_STOP if path.decided else FIRST_STOP + 1)
    assert wanted["main"] == max(wanted.values())


def test_all_metrics_of_such_a_study_are_tested_so(study: Study) -> None:
    compared = compare(study, make_records(study, images=100), anytime=True)
    for c in compared.comparisons:
        assert c.anytime
    (loss,) = [c for c in compared.on("test_loss") if c.variation == "l2"]
    values = compared.values.settings
    seeds = slice(loss.n_seeds)
    d = (values["l2"].of("test_loss") - values["main"].of("test_loss"))[seeds]
    assert loss.p == pytest.approx(anytime_p_values(d)[-1])


def test_changed_looks_are_tested_at_any_time_and_still_stop_at_looks() -> None:
    looks = {"until": "decided", "looks": [5, 6]}
    study = Study.model_validate(make_study(seeds=6, epochs=3).model_dump() | {"seeds": looks})
    records = make_records(study, images=100)
    planned, changed = (seed_paths_of(study, records, anytime) for anytime in (False, True))
    assert {c.n_seeds for path in changed.values() for c in path.path} <= {5, 6}
    assert all(c.anytime for path in changed.values() for c in path.path)
    assert not any(c.anytime for path in planned.values() for c in path.path)


class TestFailedRuns:
    """They count at their worst, so they can delay a stop and never cause one."""

    def path(self, failed: int) -> SeedPath:
        after = CLEAR.copy()
        after[:failed] = np.nan
        return follow_seeds(BASELINE, {"x": after}, ACCURACY, STOPS, worst=0.1)["x"]

    def test_a_variation_that_fails_now_and_then_is_not_decided(self) -> None:
        path = self.path(2)
        (last,) = path.path
        assert (last.verdict, last.overruled) == ("undecided", "better")
        assert (path.next_look, last.n_seeds + last.missing) == (None, MOST)

    def test_failures_of_the_baseline_do_not_help(self) -> None:
        before = BASELINE.copy()
        before[:2] = np.nan
        path = follow_seeds(before, {"x": NOISY}, ACCURACY, STOPS, worst=0.1)["x"]
        assert path.path[-1].verdict == "undecided"

    def test_a_large_gain_outweighs_a_failure_after_more_seeds(self) -> None:
        rng = np.random.default_rng(3)
        before, after = rng.normal(0.3, 0.01, 60), rng.normal(0.9, 0.01, 60)
        whole = follow_seeds(before, {"x": after}, ACCURACY, range(FIRST_STOP, 61), worst=0.1)["x"]
        after[0] = np.nan
        path = follow_seeds(before, {"x": after}, ACCURACY, range(FIRST_STOP, 61), worst=0.1)["x"]
        assert path.path[-1].verdict == whole.path[-1].verdict == "better"
        assert path.path[-1].n_seeds > whole.path[-1].n_seeds

    def test_what_is_asked_stops_too(self) -> None:
        rng = np.random.default_rng(4)
        after = BASELINE + rng.normal(0.004, 0.006, MOST)
        alone = follow_seeds(BASELINE, {"x": after}, ACCURACY, STOPS)["x"]
        asked = follow_seeds(BASELINE, {"x": after}, ACCURACY, STOPS, asked={"x": "not worse"})["x"]
        (last,) = asked.path
        assert last.verdict == "not worse"
        assert last.n_seeds < alone.path[-1].n_seeds
