"""A study that was changed since its records: said in words, never mixed."""

import hashlib
import json
from pathlib import Path

from faults.here import run_here
from faults.small import content, differing, small_study
from paribus.events import Event, RunBegins, StudyChanged
from paribus.records.types import EngineFacts
from paribus.study.spec import Study

REPORT = {"report.html": b""}


def study_of(images: Path, **l2: object) -> Study:
    plain = small_study(images, "adam", epochs=1).model_dump()
    variations = {"l2": l2, "slow": {"optimizer.lr": 1e-4}}
    return Study.model_validate(plain | {"variations": variations})


def test_what_changed_is_said_and_only_that_is_trained_again(images: Path, tmp_path: Path) -> None:
    run_here(study_of(images, **{"optimizer.weight_decay": 0.02}), tmp_path, REPORT)
    before = content(tmp_path, frozenset())
    heard: list[Event] = []
    changed = study_of(images, **{"optimizer.weight_decay": 0.03, "network.dropout": 0.1})
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


def test_a_study_that_did_not_change_has_nothing_to_say(images: Path, tmp_path: Path) -> None:
    study, heard = study_of(images, **{"optimizer.weight_decay": 0.02}), list[Event]()
    run_here(study, tmp_path, REPORT)
    run_here(study, tmp_path, REPORT, heard.append)
    assert not [event for event in heard if isinstance(event, StudyChanged | RunBegins)]


def begins(study: Study, out: Path) -> list[str]:
    """The settings that a study trains when it is run in `out`."""
    heard: list[Event] = []
    run_here(study, out, REPORT, heard.append)
    return [event.setting for event in heard if isinstance(event, RunBegins)]


def age(out: Path) -> None:
    """Make records what they were before there was a choice of engines."""
    for path in out.glob("runs/*/*/record.json"):
        facts = json.loads(path.read_text())
        assert facts["environment"].pop("engine") is None
        path.write_text(json.dumps(facts))
        files = [file for file in sorted(path.parent.iterdir()) if file.name != "SHA256SUMS"]
        sums = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}" for file in files]
        (path.parent / "SHA256SUMS").write_text("".join(f"{line}\n" for line in sums))


def test_old_records_stay_where_torch_trains_however_that_was_asked_for(
    images: Path, tmp_path: Path, native: EngineFacts
) -> None:
    plain = small_study(images, "adam", epochs=1).model_dump() | {"variations": {}}
    by_torch = Study.model_validate(plain | {"engine": "torch"})
    assert begins(by_torch, tmp_path) == ["baseline"]
    age(tmp_path)
    compared = plain | {"engine": "torch", "variations": {"native": {"engine": "native"}}}
    assert begins(Study.model_validate(compared), tmp_path) == ["native"]
    assert begins(Study.model_validate(compared), tmp_path) == []
    # And the other way round: what the engine trained isn't torch's.
    assert begins(Study.model_validate(plain | {"engine": "native"}), tmp_path) == ["baseline"]
    assert begins(Study.model_validate(plain), tmp_path) == []
    assert begins(by_torch, tmp_path) == ["baseline"]
