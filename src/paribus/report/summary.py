"""A study's records as the numbers that the report shows, each computed once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import pandas as pd

from paribus import tables
from paribus.comparison.effects import Effect, effects
from paribus.comparison.values import NOT_ANALYZED, Analyzed
from paribus.failures.cases import Case, shown_cases
from paribus.failures.explained import Explained
from paribus.failures.outcomes import outcomes
from paribus.failures.telling import telling_images
from paribus.metrics.classification import Figures
from paribus.records.types import Record, RunFacts
from paribus.report import words
from paribus.report.failures import Failures
from paribus.report.findings import Findings, find
from paribus.report.pairing import Pairing, pairing
from paribus.report.words import Spread
from paribus.study.plan import Run, Setting, runs, settings
from paribus.study.spec import Study
from paribus.tables import of_comparisons as comparison_frames


@dataclass(frozen=True)
class Metric:
    """A number of every finished run: its column, what it is called, and how it is written."""

    key: str
    title: str
    unit: words.Unit


METRICS = (
    Metric("test_accuracy", "Test accuracy, last epoch", words.PERCENT),
    Metric("best_test_accuracy", "Test accuracy, best epoch", words.PERCENT),
    Metric("test_loss", "Test loss, last epoch", words.LOSS),
    Metric("best_test_loss", "Test loss, best epoch", words.LOSS),
    Metric("macro_f1", "Macro F1, last epoch", words.SHARE),
    Metric("best_epoch", "Best epoch", words.EPOCHS),
    Metric("best_val_loss", "Validation loss, best epoch", words.LOSS),
    Metric("final_val_loss", "Validation loss, last epoch", words.LOSS),
    Metric("final_train_loss", "Training loss, last epoch", words.LOSS),
    Metric("generalization_gap", "Generalization gap", words.LOSS),
    Metric("train_cpu_seconds", "Training time", words.SECONDS),
)


@dataclass(frozen=True)
class SettingResult:
    """What came of one setting.

    Attributes:
        setting: its name, its configuration and what it changes in the baseline.
        records: one a run that left a record, failed ones too, in the order of seeds.
        by_seed: metrics of its finished runs: a row a seed, a column for each of `METRICS`.
        counts: (classes, classes) confusion matrix, mean over the finished runs.
        per_class: figure ("precision", "recall", "f1", "support") -> a frame of that figure with
            a row a seed and a column a class.
    """

    setting: Setting
    records: tuple[Record, ...]
    by_seed: pd.DataFrame
    counts: Figures
    per_class: Mapping[str, pd.DataFrame]

    @property
    def name(self) -> str:
        """The setting's name."""
        return self.setting.name

    @property
    def facts(self) -> RunFacts | None:
        """What is known of its network and data; None while no run has left a record."""
        return self.records[0].facts if self.records else None

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, safe to show."""
        return words.names(self.facts.data.classes) if self.facts else ()

    @cached_property
    def finished(self) -> tuple[Record, ...]:
        """The records of runs that reached their last epoch."""
        return tuple(record for record in self.records if record.facts.status == "finished")

    @cached_property
    def failed(self) -> tuple[Record, ...]:
        """The records of runs that did not."""
        return tuple(record for record in self.records if record.facts.status == "failed")

    def spread(self, metric: str) -> Spread:
        """A metric over the finished seeds."""
        return Spread.of(self.by_seed[metric])

    def difference(self, metric: str, baseline: SettingResult) -> Spread:
        """The setting minus the baseline, over the seeds that both finished."""
        return Spread.of((self.by_seed[metric] - baseline.by_seed[metric]).dropna())

    def class_spread(self, figure: str, number: int) -> Spread:
        """A figure of one class over the finished seeds."""
        return Spread.of(self.per_class[figure].iloc[:, number])


@dataclass(frozen=True)
class Summary:
    """A whole study's results.

    Attributes:
        settings: the baseline first, then each variation, in the order of the study.
        tables: the tidy tables, by the names of `paribus.tables`.
        cases: the failed cases to show, setting by setting.
        pairings: one a variation.
        absent: the planned runs that left no record.
        findings: comparisons, claims and observations.
        effects: what each intervention does to each setting that has been analyzed.
        failures: what the runs say of every test image, and why.
    """

    study: Study
    settings: tuple[SettingResult, ...]
    tables: Mapping[str, pd.DataFrame]
    cases: tuple[Case, ...]
    pairings: tuple[Pairing, ...]
    absent: tuple[Run, ...]
    findings: Findings
    effects: tuple[Effect, ...]
    failures: Failures

    @property
    def baseline(self) -> SettingResult:
        """The setting that the others are compared with."""
        return self.settings[0]

    @property
    def variations(self) -> tuple[SettingResult, ...]:
        """The settings that change something."""
        return self.settings[1:]

    @property
    def records(self) -> tuple[Record, ...]:
        """Every record, setting by setting."""
        return tuple(record for setting in self.settings for record in setting.records)

    @property
    def failed(self) -> tuple[Record, ...]:
        """The records of failed runs."""
        return tuple(record for setting in self.settings for record in setting.failed)


def summarize(
    study: Study,
    records: Sequence[Record],
    analyzed: Analyzed = NOT_ANALYZED,
    explained: Mapping[str, Explained] = MappingProxyType({}),
) -> Summary:
    """All numbers of a report, from a study, the records of its runs, and their analyses."""
    frames = {
        "runs": tables.runs(records),
        "epochs": tables.epochs(records),
        "steps": tables.steps(records),
        "per_class": tables.per_class(records),
        "confusion": tables.confusion(records),
    }
    results = tuple(_setting(setting, records, frames) for setting in settings(study))
    findings = find(study, records, analyzed)
    found = effects(study, records, analyzed)
    seen = outcomes([record for result in results for record in result.records])
    made = findings.compared.comparisons if findings.compared else ()
    frames |= {
        "comparisons": comparison_frames.comparisons(made),
        "claims": comparison_frames.claims(findings.claims),
        "failures": tables.failures(records, study.baseline),
        "interventions": comparison_frames.interventions(found),
        "interventions_by_class": comparison_frames.interventions_by_class(found),
    }
    return Summary(
        study=study,
        settings=results,
        tables=frames,
        cases=shown_cases([record for result in results for record in result.records]),
        pairings=tuple(pairing(r.name, results[0].records, r.records) for r in results[1:]),
        absent=_absent(study, results),
        findings=findings,
        effects=found,
        failures=Failures(study.baseline, seen, explained, telling_images(seen, study.baseline)),
    )


def _absent(study: Study, results: Sequence[SettingResult]) -> tuple[Run, ...]:
    """Planned runs without a record; where seeds are added, those below the last that has one."""
    trained = {result.name: {r.facts.seed for r in result.records} for result in results}
    begun = {name: max(seeds, default=-1) + 1 for name, seeds in trained.items()}
    planned = runs(study, None if isinstance(study.seeds, int) else begun)
    return tuple(run for run in planned if run.seed not in trained[run.setting.name])


def _setting(
    setting: Setting, records: Sequence[Record], frames: Mapping[str, pd.DataFrame]
) -> SettingResult:
    own = sorted(
        (record for record in records if record.facts.setting == setting.name),
        key=lambda record: record.facts.seed,
    )
    classes = own[0].facts.data.classes if own else ()
    confusion = _rows_of(setting, frames["confusion"])
    seeds = confusion["seed"].nunique()
    counts = confusion["count"].to_numpy(float).reshape(seeds, len(classes), len(classes))
    return SettingResult(
        setting=setting,
        records=tuple(own),
        by_seed=_by_seed(_rows_of(setting, frames["runs"])),
        counts=counts.sum(axis=0) / max(seeds, 1),
        per_class=_per_class(_rows_of(setting, frames["per_class"]), classes),
    )


def _rows_of(setting: Setting, frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["setting"] == setting.name]


def _by_seed(rows: pd.DataFrame) -> pd.DataFrame:
    finished = rows[rows["status"] == "finished"].set_index("seed").sort_index()
    gap = finished["final_val_loss"] - finished["final_train_loss"]
    columns = [metric.key for metric in METRICS]
    return finished.assign(generalization_gap=gap)[columns].astype(float)


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
