"""A study whose runs a command or a function of the user's makes.

`trainer` says what makes a run, `parameters` what it is given, variations what of them changes.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import Field, model_validator

from paribus.metrics.registry import OF_PREDICTIONS
from paribus.study.check import claim_faults, name_faults, run_faults
from paribus.study.faults import Fault, nearest
from paribus.study.metrics import metric_faults
from paribus.study.parameters import parameter_faults, same_faults
from paribus.study.spec import Planned
from paribus.study.trainer import GIVEN, Call, Trainer


class ScriptedStudy(Planned):
    """A study whose runs a command or a function of the user's makes.

    Attributes:
        trainer: what makes a run; by default a function that Python is given.
        parameters: what it is given in the baseline; sections may hold others.
        variations: what each has otherwise, by dotted name: `{"mixup": {"mixup": 0.2}}`;
            `{"same": True}` for one that is to change nothing. `trainer.command` and
            `trainer.call` may be changed too.
    """

    trainer: Trainer = Call(call=f"{GIVEN}train")
    parameters: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _one_metric_decides(cls, values: Any) -> Any:
        return with_primary(values) if isinstance(values, Mapping) else values

    @classmethod
    def faults_between_parts(cls, values: Mapping[str, Any]) -> list[Fault]:
        """What is wrong between parts that are each valid alone."""
        return scripted_faults(values)

    @classmethod
    def faults_at_first(cls, values: Mapping[str, Any]) -> list[Fault]:
        """Variations that change nothing and don't say so, or do and say not."""
        return same_faults(values)


def scripted_faults(study: Mapping[str, Any]) -> list[Fault]:
    """What is wrong between the parts of a study, even where each is valid alone."""
    return [
        *run_faults(study),
        *name_faults(study),
        *parameter_faults(study),
        *metric_faults(study, reported=True),
        *_primary_faults(study),
        *claim_faults(study, reported=True),
    ]


def with_primary(study: Mapping[str, Any]) -> Mapping[str, Any]:
    """A study whose only metric is the primary one, where none is declared."""
    metrics = study.get("metrics")
    if "primary" in study or not isinstance(metrics, Mapping) or len(metrics) != 1:
        return study
    return {**study, "primary": next(iter(metrics))}


def _primary_faults(study: Mapping[str, Any]) -> Iterator[Fault]:
    """No primary metric where several may decide, or one that no script can have."""
    declared, primary = study.get("metrics") or {}, study.get("primary")
    if not isinstance(declared, Mapping):
        return
    if "primary" not in study and len(declared) > 1:
        named = ", ".join(map(str, declared))
        yield Fault((), f"primary: missing: name the metric that decides, one of {named}")
    elif isinstance(primary, str) and primary not in {*declared, *OF_PREDICTIONS}:
        known = [*map(str, declared), *OF_PREDICTIONS]
        yield Fault(("primary",), f"no metric is called {primary!r}{nearest(primary, known)}")
