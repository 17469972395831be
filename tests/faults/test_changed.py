"""A study that was changed since its records: said in words, never mixed."""

from pathlib import Path

from faults.here import run_here
from faults.small import content, differing, small_study
from paribus.events import Event, RunBegins, StudyChanged
from paribus.study.spec import Study

REPORT = {"report.html": b""}


def study_of(pictures: Path, **l2: object) -> Study:
    plain = small_study(pictures, "adam", epochs=1).model_dump()
    variations = {"l2": l2, "slow": {"optimizer.lr": 1e-4}}
    return Study.model_validate(plain | {"variations": variations})


def test_what_changed_is_said_and_only_that_is_trained_again(
    pictures: Path, tmp_path: Path
) -> None:
    run_here(study_of(pictures, **{"optimizer.weight_decay": 0.02}), tmp_path, REPORT)
    before = content(tmp_path, frozenset())
    heard: list[Event] = []
    changed = study_of(pictures, **{"optimizer.weight_decay": 0.03, "network.dropout": 0.1})
    run_here(changed, tmp_path, REPORT, heard.append)
    assert [event for event in heard if isinstance(event, StudyChanged)] == [
        StudyChanged(
            changes=(
                "l2: network.dropout: 0.0 -> 0.1",
                "l2: optimizer.weight_decay: 0.02 -> 0.03",
            ),
            again=1,
            kept=2,
        )
    ]
    assert [event.setting for event in heard if isinstance(event, RunBegins)] == ["l2"]
    different = differing(before, content(tmp_path, frozenset()))
    assert different
    assert all(name.startswith("l2/") for name in different)


def test_a_study_that_did_not_change_has_nothing_to_say(pictures: Path, tmp_path: Path) -> None:
    study, heard = study_of(pictures, **{"optimizer.weight_decay": 0.02}), list[Event]()
    run_here(study, tmp_path, REPORT)
    run_here(study, tmp_path, REPORT, heard.append)
    assert not [event for event in heard if isinstance(event, StudyChanged | RunBegins)]
