"""What a study's seeds decide: initial values, what is drawn in training, and the split."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from faults.here import run_here
from paribus.data.dataset import draw_parts, prepare
from paribus.errors import StudyError
from paribus.narrative.varied import bound_to, by_seed, decided, held_fixed
from paribus.records.types import Record
from paribus.results import Results
from paribus.study.data import Digits
from paribus.study.plan import runs
from paribus.study.spec import Study

Build = Callable[..., Study]
NO_REPORT = {"report.html": b""}
VARIATIONS = {"init": {"vary": ["init", "split"]}, "order": {"vary": ["split", "order"]}}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    study = Study.model_validate(
        {
            "name": "vary",
            "data": {"source": "digits", "size": 16},
            "epochs": 1,
            "seeds": 2,
            "vary": ["init", "order", "split"],
            "variations": VARIATIONS,
        }
    )
    return run_here(study, tmp_path_factory.mktemp("vary"), NO_REPORT)


def of(results: Results, setting: str) -> list[Record]:
    return [record for record in results.records if record.facts.setting == setting]


def test_only_what_is_varied_differs_between_the_seeds(results: Results) -> None:
    same = {}
    for name in ("baseline", "init", "order"):
        one, other = (record.facts.streams for record in of(results, name))
        assert one is not None
        assert other is not None
        same[name] = (one.initial_values == other.initial_values, one.order == other.order)
    # The order is drawn of the training images, which are others in each seed.
    assert same == {"baseline": (False, False), "init": (False, False), "order": (True, False)}


def test_seeds_split_the_images_anew_and_settings_of_a_seed_share_the_parts(
    results: Results,
) -> None:
    tested = {
        record.key: record.predictions.index for record in results.records if record.predictions
    }
    for seed in (0, 1):
        assert (tested["baseline", seed] == tested["order", seed]).all()
    assert len(np.intersect1d(tested["baseline", 0], tested["baseline", 1])) < 0.5 * len(
        tested["baseline", 0]
    )


def test_the_comparison_pairs_seeds_and_has_an_interval_for_new_images(results: Results) -> None:
    comparison = results.comparison.primary[0]
    assert comparison.n_seeds == 2
    ratio = results.comparison.values.resampled
    assert ratio is not None
    assert ratio == pytest.approx(359 / 1079, abs=0.01)
    assert comparison.new_images is not None
    assert comparison.sd is not None
    assert comparison.new_images.error == pytest.approx(comparison.sd * np.sqrt(1 / 2 + ratio))


def test_what_follows_images_over_the_seeds_is_left_out_and_said(results: Results) -> None:
    assert results.failures().empty
    assert any("no image can be followed over the seeds" in line for line in results.missing)
    assert not any("`paribus run` analyzes them" in line for line in results.missing)


def test_a_second_run_reuses_all(results: Results) -> None:
    study = results.study
    assert isinstance(study, Study)
    again = run_here(study, results.out, NO_REPORT)
    assert [r.facts.ended for r in again.records] == [r.facts.ended for r in results.records]


def test_seed_0_stands_for_what_is_not_varied(small_study: Build) -> None:
    study = small_study(seeds=2, vary=["order"], variations={})
    last = runs(study)[-1]
    assert [last.seed_of("init"), last.seed_of("order"), last.seed_of("split")] == [0, 1, 0]


def test_the_usual_sources_are_not_recorded_so_that_older_records_stay(small_study: Build) -> None:
    config = runs(small_study())[0].setting.config
    assert config.vary == ("init", "order")
    assert "vary" not in config.recorded()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"vary": []}, "vary: expected"),
        ({"vary": ["init", "init"]}, "each source once"),
        ({"vary": ["data"]}, "vary"),
        ({"variations": {"a": {"vary": ["split"]}}}, "vary the split in both, or in neither"),
    ],
)
def test_what_can_not_be_varied_is_refused(
    small_study: Build, changes: dict[str, object], why: str
) -> None:
    with pytest.raises(StudyError, match=why):
        small_study(**changes)


def test_parts_that_are_drawn_anew_fit_the_images() -> None:
    data = Digits(source="digits", size=8)
    dataset, originals = prepare(data)
    one, other = (draw_parts(data, dataset, originals, seed) for seed in (1, 2))
    assert one.fingerprint != other.fingerprint != dataset.fingerprint
    assert one.mean != other.mean
    again = one.of(dataset)
    assert len(again.splits.test) == len(dataset.splits.test)
    assert again.facts.fingerprint == one.fingerprint


def test_what_intervals_are_bound_to_is_said() -> None:
    assert bound_to(("init", "order")) == "with this training set, split and test set"
    assert bound_to(("order", "split")) == (
        "with these images, split anew for each seed and the initial values of seed 0"
    )
    assert held_fixed(("init", "order")).startswith("Training images, split and tuning are")
    assert held_fixed(("init", "split")).startswith("The images, the order of images, augm")
    assert by_seed(("init", "order")) == ""
    assert by_seed(["init"]) == " (the seed decides: initial values)"
    assert decided(("init", "split")) == "initial values; split of the images"
