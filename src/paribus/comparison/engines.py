"""No comparison mixes engines, but for a variation that is about them."""

from __future__ import annotations

from collections.abc import Iterable

from paribus.errors import ComparisonError
from paribus.records.types import Record
from paribus.study.plan import settings
from paribus.study.spec import Study


def require_one_engine(study: Study, records: Iterable[Record]) -> None:
    """Refuse runs of another engine than their setting names, or than others that leave it open.

    Raises:
        ComparisonError: naming both engines and what to do.
    """
    asked = {setting.name: setting.config.engine for setting in settings(study)}
    first: Record | None = None
    for record in records:
        came, wanted = record.facts.environment.engine_name, asked[record.facts.setting]
        if wanted != "auto":
            if came != wanted:
                raise _mixed(record, f"but the study asks for {wanted}")
            continue
        first = first or record
        if came != (other := first.facts.environment.engine_name):
            raise _mixed(record, f"but {first.facts.setting}, seed {first.facts.seed} by {other}")


def _mixed(record: Record, other: str) -> ComparisonError:
    its = record.facts
    return ComparisonError(
        f"{its.setting}, seed {its.seed} was trained by {its.environment.engine_name}, {other}; "
        "a comparison has one engine, unless the variation changes `engine`. Run the study again, "
        "with --engine torch or native to keep that one's runs: what doesn't fit is trained anew."
    )
