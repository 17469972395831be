"""Results as their user meets them: what they show of themselves."""

from pathlib import Path

from paribus.results import Results
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
