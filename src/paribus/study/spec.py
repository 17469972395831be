"""What a study may say: a baseline, variations of it, seeds, metrics and claims."""

from collections.abc import Mapping
from pathlib import PurePath
from typing import Annotated, Any, Self

import numpy as np
from pydantic import (
    BaseModel,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from paribus.errors import Problem, StudyError
from paribus.metrics.registry import PRIMARY
from paribus.study.check import AS_RAISED, faults_of, sameness_faults, study_faults
from paribus.study.claims import Claim
from paribus.study.config import DEFAULT_LOOKS, Config, Line, Positive, Seeds, SettingName
from paribus.study.faults import Fault, in_words
from paribus.study.metrics import DeclaredMetric, MetricName, default_margin

#: The context in which a study kept with its results is validated: what was allowed then stays so.
KEPT = object()


class Study(Config):
    """A baseline, variations of it, and the seeds to train each from.

    Paths and NumPy's numbers are taken for text and numbers; anything else that isn't as declared
    raises a StudyError with every problem.

    Attributes:
        name: the title of the report.
        baseline: the baseline's name in reports and folders.
        seeds: how many seeds (0, 1, 2, ...), or when to stop adding them.
        paired: whether equal seeds of two settings correspond, as all that Paribus trains do;
            False for runs whose seeds don't, such as those of another tool.
        metrics: metrics that the study's records report, and margins of built-in ones.
        primary: the metric that decides the study; all others are exploratory.
        margin: the largest difference in the primary metric that doesn't matter (0.01 of test
            accuracy: one percentage point); by default the metric's own margin, if it has one.
        variations: named overrides by dotted path: `{"l2": {"optimizer.weight_decay": 1e-5}}`;
            `{"same": True}` for one that is to change nothing, as an A/A test.
        claims: sentences about the settings, each bound to a test.
    """

    name: Line
    baseline: SettingName = "baseline"
    seeds: Seeds = 5
    paired: bool = True
    metrics: dict[MetricName, DeclaredMetric] = Field(default_factory=dict, max_length=1_000)
    primary: Line = PRIMARY
    margin: Positive | None = None
    variations: dict[SettingName, dict[str, Any]] = Field(default_factory=dict)
    claims: Annotated[tuple[Claim, ...], Field(strict=False, max_length=1_000)] = ()

    @property
    def most_seeds(self) -> int:
        """The number of seeds if no look decides early."""
        if isinstance(self.seeds, int):
            return self.seeds
        return self.seeds.most or (self.seeds.looks or DEFAULT_LOOKS)[-1]

    @property
    def looks(self) -> tuple[int, ...] | None:
        """The numbers of seeds at which the study looks; None where it declares none."""
        return None if isinstance(self.seeds, int) else self.seeds.looks

    @property
    def one_by_one(self) -> bool:
        """Whether seeds are added one by one until the comparisons are decided."""
        return not isinstance(self.seeds, int) and self.seeds.looks is None

    def __repr__(self) -> str:
        """One line: its name, its settings and its seeds."""
        names = ", ".join((self.baseline, *self.variations))
        seeds = f"until decided, at most {self.most_seeds}" if self.one_by_one else self.seeds
        if self.looks is not None:
            seeds = f"looks at {', '.join(map(str, self.looks))}"
        return f"<Study {self.name!r}: {names}; seeds: {seeds}>"

    __str__ = __repr__

    @model_validator(mode="wrap")
    @classmethod
    def _validated(
        cls, values: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo
    ) -> Self:
        if info.context is AS_RAISED:
            return handler(values)
        values = _plain(values) if isinstance(values, Mapping) else values
        try:
            study = handler(values)
        except ValidationError as error:
            faults = faults_of(error, cls)
            faults += study_faults(values) if isinstance(values, Mapping) else []
            faults = faults or [Fault((), in_words(error.errors()[0]))]
        else:
            if study.margin is None:
                margin = default_margin(study.primary, study.metrics)
                object.__setattr__(study, "margin", margin)
            values = study.model_dump()
            faults = study_faults(values)
            if info.context is not KEPT:
                faults = faults or sameness_faults(values)
            if not faults:
                return study
        raise StudyError("study", [_problem(fault) for fault in faults])


def _problem(fault: Fault) -> Problem:
    return Problem(0, 0, ".".join(map(str, fault.at)), fault.message)


def _plain(value: Any) -> Any:
    """Values from Python as a study file would have them."""
    match value:
        case Mapping():
            return {key: _plain(each) for key, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
        case BaseModel():
            return value.model_dump()
        case PurePath():
            return str(value)
        case np.generic() | np.ndarray():
            return value.tolist()
    return value
