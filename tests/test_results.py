"""Results as their user meets them: what they show of themselves."""

from dataclasses import replace
from pathlib import Path

from paribus.comparison.chance import against_chance
from paribus.results import Results
from paribus.study.spec import Study
from synthetic import make_records, make_study


def test_failed_runs_name_their_setting_and_seed_and_say_why() -> None:
    study = make_study(seeds=2, epochs=2)
    records = tuple(make_records(study, images=60, failing=("l2", 1)))
    results = Results(Path("out"), study, records, ())
    said = "l2, seed 1: the training loss became nan at epoch 2"
    assert repr(results.failed) == f"(<Record {said}>,)"
    assert results.unfinished == (said,)
    assert str(records[0]) == "main, seed 0: finished"


def test_results_are_one_line() -> None:
    study = make_study(seeds=2, epochs=2)
    records = tuple(make_records(study, images=60, failing=("l2", 1)))
    results = Results(Path("/out"), study, records, ())
    name = "LeNet-5 on synthetic images"
    assert repr(results) == f"<Results of '{name}': 5 of 6 runs finished, 1 failed; /out>"


def test_whether_the_baseline_is_above_chance_allows_for_the_looks_of_the_study() -> None:
    seeds = {"until": "decided", "looks": [3, 5]}
    study = Study.model_validate(make_study(epochs=2).model_dump() | {"seeds": seeds})
    records = tuple(make_records(study, images=60))
    results = Results(Path("out"), study, records, ())
    found = results.baseline_chance
    assert found is not None and found.is_above and found.setting == "main"
    assert found == against_chance(results.comparison.values, "main", 2)
    assert found != against_chance(results.comparison.values, "main")


def test_it_is_not_known_where_runs_cant_be_compared() -> None:
    study = make_study(seeds=2, epochs=2)
    records = make_records(study, images=60)
    shown = records[0].predictions
    assert shown is not None
    other = replace(records[0], predictions=replace(shown, labels=shown.labels[::-1]))
    results = Results(Path("out"), study, (other, *records[1:]), ())
    assert results.refused and results.baseline_chance is None
