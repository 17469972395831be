"""What a study may say: a baseline, variations of it, seeds, metrics and claims."""

from collections.abc import Mapping, Sequence
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
from paribus.study.config import DEFAULT_LOOKS, Config, Line, Seeds, SettingName, Source
from paribus.study.faults import Fault, in_words
from paribus.study.metrics import DeclaredMetric, MetricName, default_margin
from paribus.study.sections import Positive, Section

#: The context in which a study kept with its results is validated: what was allowed then stays so.
KEPT = object()


class Question(Section):
    """What a study asks, whoever trains its runs.

    Paths and NumPy's numbers are taken for text and numbers; anything else that isn't as declared
    raises a StudyError with every problem.

    Attributes:
        name: the title of the report.
        baseline: the baseline's name in reports and folders.
        paired: whether equal seeds of two settings correspond, as they do in all that Paribus
            trains.
        metrics: metrics that the study's records report, and margins of built-in ones.
        primary: the metric that decides the study; all others are exploratory.
        margin: the largest difference in the primary metric that doesn't matter (0.01 of test
            accuracy: one percentage point); by default the metric's own margin, if it has one.
        variations: what each changes in the baseline, by dotted path.
        claims: sentences about the settings, each bound to a test.
    """

    name: Line
    baseline: SettingName = "baseline"
    seeds: Any  # each kind of study has its own
    paired: bool = True
    metrics: dict[MetricName, DeclaredMetric] = Field(default_factory=dict, max_length=1_000)
    primary: Line = PRIMARY
    margin: Positive | None = None
    variations: dict[SettingName, dict[str, Any]] = Field(default_factory=dict)
    claims: Annotated[tuple[Claim, ...], Field(strict=False, max_length=1_000)] = ()

    @property
    def every_seed(self) -> Sequence[int]:
        """All seeds that a setting may have, increasing."""
        raise NotImplementedError

    @property
    def is_trained_here(self) -> bool:
        """Whether Paribus trains its runs by its own loop."""
        return False

    @property
    def is_run_here(self) -> bool:
        """Whether Paribus has its runs made, by whatever trainer; else they were found."""
        return False

    @property
    def varied(self) -> tuple[Source, ...] | None:
        """What of a run its seed decides; None where that isn't known."""
        return None

    @property
    def most_seeds(self) -> int:
        """How many seeds these are."""
        return len(self.every_seed)

    @property
    def adds_seeds(self) -> bool:
        """Whether seeds are added until the comparisons are decided."""
        return False

    @property
    def looks(self) -> tuple[int, ...] | None:
        """The numbers of seeds at which the study looks; None where it declares none."""
        return None

    @property
    def one_by_one(self) -> bool:
        """Whether seeds are added one by one until the comparisons are decided."""
        return False

    @classmethod
    def faults_between_parts(cls, values: Mapping[str, Any]) -> list[Fault]:
        """What is wrong between parts that are each valid alone."""
        raise NotImplementedError

    @classmethod
    def faults_at_first(cls, values: Mapping[str, Any]) -> list[Fault]:
        """What is refused in a study that somebody writes, but not in one that is kept."""
        return []

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
            faults += cls.faults_between_parts(values) if isinstance(values, Mapping) else []
            faults = faults or [Fault((), in_words(error.errors()[0]))]
        else:
            if study.margin is None:
                margin = default_margin(study.primary, study.metrics)
                object.__setattr__(study, "margin", margin)
            values = study.model_dump()
            faults = cls.faults_between_parts(values)
            if info.context is not KEPT:
                faults = faults or cls.faults_at_first(values)
            if not faults:
                return study
        raise StudyError("study", [_problem(fault) for fault in faults])


class Planned(Question):
    """A study whose runs Paribus has made, from seeds that the study plans.

    Attributes:
        seeds: how many seeds (0, 1, 2, ...), or when to stop adding them.
    """

    seeds: Seeds = 5

    @property
    def every_seed(self) -> Sequence[int]:
        """The seeds 0, 1, 2, ..., as many as there are if no look decides early."""
        if isinstance(self.seeds, int):
            return range(self.seeds)
        return range(self.seeds.most or (self.seeds.looks or DEFAULT_LOOKS)[-1])

    @property
    def is_run_here(self) -> bool:
        """Paribus has its runs made."""
        return True

    @property
    def adds_seeds(self) -> bool:
        """Whether seeds are added until the comparisons are decided."""
        return not isinstance(self.seeds, int)

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
        return f"<{type(self).__name__} {self.name!r}: {names}; seeds: {seeds}>"

    __str__ = __repr__


class Study(Planned, Config):
    """A study that Paribus trains: a baseline, variations of it, and the seeds to train each from.

    Attributes:
        variations: named overrides by dotted path: `{"l2": {"optimizer.weight_decay": 1e-5}}`;
            `{"same": true}` for one that is to change nothing, as an A/A test.
    """

    @property
    def is_trained_here(self) -> bool:
        """Paribus trains its runs."""
        return True

    @property
    def varied(self) -> tuple[Source, ...]:
        """What of a run its seed decides."""
        return self.vary

    @classmethod
    def faults_between_parts(cls, values: Mapping[str, Any]) -> list[Fault]:
        """What is wrong between parts that are each valid alone."""
        return study_faults(values)

    @classmethod
    def faults_at_first(cls, values: Mapping[str, Any]) -> list[Fault]:
        """Variations that change nothing and don't say so, or do and say not."""
        return sameness_faults(values)


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
