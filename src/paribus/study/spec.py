"""What a study may say: a baseline, variations of it, seeds, metrics and claims."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from paribus.study.check import study_faults
from paribus.study.claims import Claim
from paribus.study.config import Config
from paribus.study.metrics import DeclaredMetric, MetricName, default_margin
from paribus.study.section import Line, SettingName
from paribus.study.seeds import Seeds


class Study(Config):
    """A baseline, variations of it, and the seeds to train each from.

    Attributes:
        name: what the report is headed with.
        baseline: the baseline's own name, as reports and folders show it.
        seeds: how many seeds; they are 0, 1, 2, ... Or until when to add them.
        metrics: metrics of the study's own that its records report, and margins for built-in ones.
        primary: the metric that the study's conclusion rests on; all others explore.
        margin: differences in the primary metric up to this size don't matter (0.01 of test
            accuracy: one point); by default that metric's own margin, if it has one.
        variations: a named set of overrides each, by dotted path:
            `{"l2": {"optimizer.weight_decay": 1e-5}}`.
        claims: sentences about the settings, each bound to a test.
    """

    name: Line
    baseline: SettingName = "baseline"
    seeds: Seeds = 5
    metrics: dict[MetricName, DeclaredMetric] = Field(default_factory=dict)
    primary: Line = "test_accuracy"
    margin: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    variations: dict[SettingName, dict[str, Any]] = Field(default_factory=dict)
    claims: Annotated[tuple[Claim, ...], Field(strict=False)] = ()

    @property
    def most_seeds(self) -> int:
        """The seeds of a run that is never decided early."""
        return self.seeds if isinstance(self.seeds, int) else self.seeds.looks[-1]

    @property
    def looks(self) -> tuple[int, ...] | None:
        """The numbers of seeds at which the study looks; None if their number is fixed."""
        return None if isinstance(self.seeds, int) else self.seeds.looks

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        if self.margin is None:
            object.__setattr__(self, "margin", default_margin(self.primary, self.metrics))
        found = study_faults(self.model_dump())
        if found:
            raise ValueError("; ".join(f"{'.'.join(map(str, f.at))}: {f.message}" for f in found))
        return self
