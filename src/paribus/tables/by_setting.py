"""What came of each setting: its tables' rows, put together over the seeds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import pandas as pd

from paribus.metrics.classification import Figures
from paribus.names import safe_classes
from paribus.narrative.numbers import Spread
from paribus.records.types import DataFacts, Environment, NetworkFacts, Record
from paribus.study.metrics import RESERVED
from paribus.study.plan import Setting

Facts = TypeVar("Facts", DataFacts, NetworkFacts, Environment)


@dataclass(frozen=True)
class SettingResult:
    """What came of one setting.

    `per_class` has a frame for each figure ("precision", "recall", "f1", "support") with a row a
    tested seed and a column a class.
    """

    setting: Setting
    records: tuple[Record, ...]  # failed runs' too, in the order of seeds
    by_seed: pd.DataFrame  # metrics of its finished runs: one row per seed, one column per metric
    counts: Figures  # (classes, classes) confusion matrix, mean over the `tested` runs
    per_class: Mapping[str, pd.DataFrame]

    @property
    def name(self) -> str:
        """The setting's name."""
        return self.setting.name

    @cached_property
    def data(self) -> DataFacts:
        """What is known of its images, by the first run that tells."""
        return _first_told((record.facts.data for record in self.records), DataFacts())

    @cached_property
    def network(self) -> NetworkFacts:
        """What is known of its network, by the first run that tells."""
        return _first_told((record.facts.network for record in self.records), NetworkFacts())

    @cached_property
    def environment(self) -> Environment:
        """What trained it, by the first run that tells."""
        return _first_told((record.facts.environment for record in self.records), Environment())

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, safe to show; none where no run tells."""
        return safe_classes(_classes(self.records))

    @cached_property
    def finished(self) -> tuple[Record, ...]:
        """The records of runs that reached their last epoch."""
        return tuple(record for record in self.records if record.finished)

    @cached_property
    def tested(self) -> tuple[Record, ...]:
        """The records with predictions for the test images."""
        return tuple(record for record in self.records if record.predictions)

    @cached_property
    def failed(self) -> tuple[Record, ...]:
        """The records of runs that did not."""
        return tuple(record for record in self.records if not record.finished)

    def spread(self, metric: str) -> Spread:
        """A metric over the finished seeds that have a value of it."""
        return Spread.of(self.by_seed[metric].dropna() if metric in self.by_seed else ())

    def difference(self, metric: str, baseline: SettingResult) -> Spread:
        """The setting minus the baseline, over the seeds that both finished."""
        if not (self.finished and baseline.finished and metric in self.by_seed):
            return Spread(())
        return Spread.of((self.by_seed[metric] - baseline.by_seed[metric]).dropna())

    def class_spread(self, figure: str, number: int) -> Spread:
        """A figure of one class over the tested seeds."""
        return Spread.of(self.per_class[figure].iloc[:, number])


def setting_results(
    settings: Sequence[Setting], records: Sequence[Record], frames: Mapping[str, pd.DataFrame]
) -> tuple[SettingResult, ...]:
    """The result of each setting, in their order; `frames` are the records' tables by name."""
    return tuple(_setting(setting, records, frames) for setting in settings)


def _setting(
    setting: Setting, records: Sequence[Record], frames: Mapping[str, pd.DataFrame]
) -> SettingResult:
    ours = (record for record in records if record.facts.setting == setting.name)
    runs = sorted(ours, key=lambda record: record.facts.seed)
    classes = _classes(runs)
    rows = _rows_of(setting, frames["runs"])
    finished = rows[rows["status"] == "finished"].set_index("seed").sort_index()
    confusion = _rows_of(setting, frames["confusion"])
    seeds = confusion["seed"].nunique()
    counts = confusion["count"].to_numpy(float).reshape(seeds, len(classes), len(classes))
    return SettingResult(
        setting=setting,
        records=tuple(runs),
        by_seed=finished.drop(columns=[*RESERVED], errors="ignore").astype(float),
        counts=counts.sum(axis=0) / max(seeds, 1),
        per_class=_per_class(_rows_of(setting, frames["per_class"]), classes),
    )


def _first_told(facts: Iterable[Facts], unknown: Facts) -> Facts:
    return next((known for known in facts if known != unknown), unknown)


def _classes(records: Sequence[Record]) -> tuple[str, ...]:
    return next((record.classes for record in records if record.classes), ())


def _rows_of(setting: Setting, frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["setting"] == setting.name]


def _per_class(rows: pd.DataFrame, classes: Sequence[str]) -> dict[str, pd.DataFrame]:
    seeds = rows["seed"].unique()
    return {
        figure: pd.DataFrame(
            rows[figure].to_numpy(float).reshape(len(seeds), len(classes)),
            index=seeds,
            columns=list(classes),
        )
        for figure in ("precision", "recall", "f1", "support")
    }
