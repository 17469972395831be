"""No comparison mixes engines, but for a variation that is about them."""

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
        engine, wanted = record.facts.environment.engine_name, asked[record.facts.setting]
        if not engine:
            continue  # trained by something else than Paribus
        if wanted != "auto":
            if engine != wanted:
                raise _mixed(record, f"but the study asks for {wanted}")
            continue
        first = first or record
        if engine != (other := first.facts.environment.engine_name):
            raise _mixed(record, f"but {first.facts.setting}, seed {first.facts.seed} by {other}")


def _mixed(record: Record, other: str) -> ComparisonError:
    facts = record.facts
    return ComparisonError(
        f"{facts.setting}, seed {facts.seed} was trained by {facts.environment.engine_name}, "
        f"{other}; a comparison needs one engine, unless the variation changes `engine`. Run the "
        "study again: what doesn't fit is retrained; --engine torch (or native) keeps those runs."
    )
