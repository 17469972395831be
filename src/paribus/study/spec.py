"""What a study may say: a baseline, variations of it, seeds, metrics and claims."""

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from paribus.errors import listed
from paribus.metrics.registry import PRIMARY
from paribus.study.check import study_faults
from paribus.study.claims import Claim
from paribus.study.config import Config, Line, Positive, Seeds, SettingName
from paribus.study.metrics import DeclaredMetric, MetricName, default_margin


class Study(Config):
    """A baseline, variations of it, and the seeds to train each from.

    Attributes:
        name: the title of the report.
        baseline: the baseline's name in reports and folders.
        seeds: how many seeds (0, 1, 2, ...), or when to stop adding them.
        metrics: metrics that the study's records report, and margins of built-in ones.
        primary: the metric that decides the study; all others are exploratory.
        margin: the largest difference in the primary metric that doesn't matter (0.01 of test
            accuracy: one percentage point); by default the metric's own margin, if it has one.
        variations: named overrides by dotted path: `{"l2": {"optimizer.weight_decay": 1e-5}}`.
        claims: sentences about the settings, each bound to a test.
    """

    name: Line
    baseline: SettingName = "baseline"
    seeds: Seeds = 5
    metrics: dict[MetricName, DeclaredMetric] = Field(default_factory=dict, max_length=1_000)
    primary: Line = PRIMARY
    margin: Positive | None = None
    variations: dict[SettingName, dict[str, Any]] = Field(default_factory=dict)
    claims: Annotated[tuple[Claim, ...], Field(strict=False, max_length=1_000)] = ()

    @property
    def most_seeds(self) -> int:
        """The number of seeds if no look decides early."""
        return self.seeds if isinstance(self.seeds, int) else self.seeds.looks[-1]

    @property
    def looks(self) -> tuple[int, ...] | None:
        """The numbers of seeds at which the study looks; None for a fixed number of seeds."""
        return None if isinstance(self.seeds, int) else self.seeds.looks

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        if self.margin is None:
            object.__setattr__(self, "margin", default_margin(self.primary, self.metrics))
        faults = study_faults(self.model_dump())
        if faults:
            problems = [f"{'.'.join(map(str, fault.at))}: {fault.message}" for fault in faults]
            raise ValueError("; ".join(listed(problems)))
        return self
