"""The studies that Paribus ships: each can be read, and each of its claims can be tested."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from paribus.claims.judge import require_testable
from paribus.comparison.expected import expected
from paribus.data.stl10 import CLASSES
from paribus.narrative.expected import advice
from paribus.study.read import parse_study, read_study
from trained import trained

ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / "studies").rglob("*.yaml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_shipped_study_claims_nothing_that_could_not_be_tested(path: Path) -> None:
    study = trained(read_study(path))
    require_testable(study, CLASSES if study.data.source == "stl10" else ())


@pytest.mark.parametrize("page", ["README.md", "docs/for-teachers.md"])
def test_a_study_to_be_copied_from_a_page_is_complete_and_needs_no_advice(page: str) -> None:
    (text,) = re.findall(r"```yaml\n(name:.*?)```", (ROOT / page).read_text(), re.DOTALL)
    study = trained(parse_study(text))
    require_testable(study, CLASSES)
    assert study.data.source == "stl10" and study.variations
    assert not [line for line in advice(expected(study, 5000)) if "margin would" not in line]


def test_the_engines_are_held_equivalent_in_every_class() -> None:
    (path,) = (path for path in SHIPPED if path.stem == "engine-equivalence")
    tests = [claim.test.model_dump() for claim in read_study(path).claims]
    claimed = {test["metric"] for test in tests if test["expect"] == "equivalent"}
    assert {f"recall:{name}" for name in CLASSES} <= claimed
    assert all(test["margin"] for test in tests)
