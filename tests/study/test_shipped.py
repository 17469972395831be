"""The studies that Paribus ships: each can be read, and each of its claims can be tested."""

from __future__ import annotations

from pathlib import Path

import pytest

from paribus.claims.judge import require_testable
from paribus.data.stl10 import CLASSES
from paribus.study.read import read_study

SHIPPED = sorted((Path(__file__).parents[2] / "studies").glob("*.yaml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_study_claims_nothing_that_could_not_be_tested(path: Path) -> None:
    study = read_study(path)
    require_testable(study, CLASSES if study.data.source == "stl10" else ())


def test_the_engines_are_held_equivalent_in_every_class() -> None:
    (path,) = (path for path in SHIPPED if path.stem == "engine-equivalence")
    tests = [claim.test.model_dump() for claim in read_study(path).claims]
    claimed = {test["metric"] for test in tests if test["expect"] == "equivalent"}
    assert {f"recall:{name}" for name in CLASSES} <= claimed
    assert all(test["margin"] for test in tests)
