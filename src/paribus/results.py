"""What a study has come to: its records, read once, and everything that follows from them.

What a notebook shows of it is made by the report, and imported when it is asked for.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from paribus import tables
from paribus.claims.judge import ClaimVerdict, judge
from paribus.comparison.chance import AgainstChance, against_chance
from paribus.comparison.compare import Comparison
from paribus.comparison.confusions import ConfusionDifference, compare_confusions
from paribus.comparison.effects import Effect, effects
from paribus.comparison.pairs import SettingPairs
from paribus.comparison.sequential import seeds_wanted
from paribus.comparison.study import StudyComparison, compare
from paribus.comparison.values import Analyzed
from paribus.errors import ChoiceError, ComparisonError, RecordError
from paribus.failures.cases import telling_images
from paribus.failures.outcomes import outcomes
from paribus.failures.study import Failures, read_explained
from paribus.metrics.metric import Metric
from paribus.metrics.registry import CAUSES
from paribus.narrative.differences import Observation
from paribus.narrative.missing import on_missing
from paribus.narrative.observations import Observations, observe
from paribus.narrative.planned import on_claim, on_verdict
from paribus.records.analyses import read_all_interventions
from paribus.records.file_names import read_file_names
from paribus.records.pairing import Drawn, Pairing, drawn_alike, pairing
from paribus.records.sources import Sources, read_sources
from paribus.records.types import Record
from paribus.study import plan
from paribus.study.faults import nearest
from paribus.study.ledger import (
    NO_LEDGER,
    By,
    Ledger,
    holds_anytime,
    note_look,
    read_ledger,
)
from paribus.study.metrics import study_metrics
from paribus.study.plan import Run
from paribus.study.read import StudyRecords, read_records, read_study_copy
from paribus.study.spec import Question
from paribus.tables.by_setting import SettingResult, setting_results

if TYPE_CHECKING:
    from paribus.report.figures import DrawnFigure


@dataclass(frozen=True, repr=False)
class Results:
    """What a study has come to; everything else is worked out when it is first asked for.

    Attributes:
        out: the folder of the study's results, an absolute path.
        records: one per run that has ended, in the order of the plan.
        absent: the runs without a record, each with the reason.
        ledger: what was planned, and what was changed after results had been seen.
    """

    out: Path
    study: Question
    records: tuple[Record, ...]
    absent: tuple[tuple[Run, str], ...]
    ledger: Ledger = NO_LEDGER

    def __repr__(self) -> str:
        """One line: the study, how its runs ended, and where they lie."""
        total, finished = len(self.records) + len(self.absent), len(self.records) - len(self.failed)
        runs = f"{finished} of {total} runs finished, {len(self.failed)} failed"
        return f"<Results of {self.study.name!r}: {runs}; {self.out}>"

    def _repr_html_(self) -> str:
        """As a notebook shows it: the verdicts, each setting's accuracy, and their chart."""
        return self._card

    @cached_property
    def _card(self) -> str:
        from paribus.report.card import card

        return card(self)

    @property
    def report(self) -> Path:
        """The report to open in a browser."""
        return self.out / "report.html"

    def show(self, height: int = 800) -> None:
        """Show the report: in a notebook below the cell, else in the browser.

        A report of up to 2 MB becomes part of the notebook; a larger one is shown from its file,
        as long as that lies below the notebook's folder. Where there is no browser either, it
        prints where the report is.

        Args:
            height: of the frame in the notebook, in pixels.

        Raises:
            RecordError: no report has been written.
        """
        from paribus.report.embedded import show

        show(self.report, height)

    def figure(self, name: str) -> "DrawnFigure":
        """A figure of the report; a notebook shows it, and its `save` writes SVG, PDF or PNG.

        Args:
            name: as its file in `figures/` is called, "learning-curves" or "recall"; of a section
                ("loss", "confusion", "comparison"), its first figure; "primary" (where it is one,
                "accuracy"), the values of every setting.

        Raises:
            ChoiceError: there is no such figure; the message names the valid ones.
            ChartsError: charts can't be drawn here.
        """
        from paribus.report.figures import figure

        return figure(self, name)

    # ---- settings and runs ----------------------------------------------------------------------

    @cached_property
    def settings(self) -> tuple[SettingResult, ...]:
        """The baseline first, then each variation, in the order of the study."""
        frames = {name: self.table(name) for name in ("runs", "per_class", "confusion")}
        return setting_results(plan.settings(self.study), self.records, frames)

    @property
    def baseline(self) -> SettingResult:
        """The setting that the others are compared with."""
        return self.settings[0]

    @property
    def variations(self) -> tuple[SettingResult, ...]:
        """The settings that change something."""
        return self.settings[1:]

    @property
    def failed(self) -> tuple[Record, ...]:
        """The records of runs that didn't reach their last epoch."""
        return tuple(record for record in self.records if not record.finished)

    @property
    def unfinished(self) -> tuple[str, ...]:
        """A sentence for every run that didn't reach its last epoch, or has no record."""
        failed = [str(record) for record in self.records if record.facts.failure]
        lost = [f"{run.setting.name}, seed {run.seed}: {why}" for run, why in self.absent]
        return (*failed, *lost)

    @cached_property
    def missing(self) -> tuple[str, ...]:
        """What the records lack, a sentence a part: in how many runs, and what can't be shown."""
        return on_missing(self.records, self.analyzed, own=self.study.is_trained_here)

    @cached_property
    def pairings(self) -> tuple[Pairing, ...]:
        """What each variation's runs share with the baseline's; nothing where seeds don't pair."""
        if not self.study.paired:
            return ()
        before = self.baseline.records
        return tuple(pairing(one.name, before, one.records) for one in self.variations)

    @cached_property
    def drawn(self) -> tuple[Drawn, ...]:
        """What each variation's scripts drew as the baseline's did; nothing where none says so."""
        if not self.study.paired or not any(record.facts.drawn for record in self.records):
            return ()
        before = self.baseline.records
        return tuple(drawn_alike(one.name, before, one.records) for one in self.variations)

    @cached_property
    def proven(self) -> bool:
        """Whether hashes of random streams show in any seed that equal seeds are pairs.

        Of scripts, that each variation drew from some stream as the baseline did, in every seed.
        """
        if self.drawn:
            return all(of.is_proof for of in self.drawn)
        return any(pairing.seeds for pairing in self.pairings)

    # ---- comparisons and claims -----------------------------------------------------------------

    @cached_property
    def comparison(self) -> StudyComparison:
        """Every variation against the baseline on every metric.

        Raises:
            ComparisonError: the runs can't be compared, as when tested on different images.
        """
        anytime = holds_anytime(self.study, self.ledger)
        return compare(self.study, self.records, self.analyzed, anytime=anytime)

    def planned(self, c: Comparison) -> str:
        """How a comparison stands to what was planned before results were seen."""
        return on_verdict(self.ledger, self.study, c)

    def claim_planned(self, of: ClaimVerdict) -> str:
        """How the verdict on a claim stands to it."""
        return on_claim(self.ledger, of.claim)

    @cached_property
    def metrics(self) -> tuple[Metric, ...]:
        """The metrics of whole runs, as the study has them."""
        known = study_metrics(self.study, ())
        return tuple(metric for metric in known.values() if metric.name not in CAUSES)

    @property
    def primary(self) -> Metric:
        """The metric that the study's conclusion rests on."""
        return next(metric for metric in self.metrics if metric.name == self.study.primary)

    @cached_property
    def claims(self) -> tuple[ClaimVerdict, ...]:
        """What the runs say of each claim of the study, in its order.

        Raises:
            ComparisonError: as `comparison`, or a claim can't be tested as it is written.
        """
        return judge(self.study, self.comparison.values)

    @cached_property
    def refused(self) -> tuple[str, ...]:
        """Why there are no comparisons, or no verdicts on claims; mostly none."""
        try:
            self.claims  # noqa: B018  # asks for the comparison first
        except ComparisonError as error:
            return (str(error),)
        return ()

    @cached_property
    def compared(self) -> StudyComparison | None:
        """The comparison; None where it is refused, for a report that is written all the same."""
        try:
            return self.comparison
        except ComparisonError:
            return None

    @cached_property
    def judged(self) -> tuple[ClaimVerdict, ...]:
        """The verdicts on the claims; none where they are refused."""
        return () if self.refused else self.claims

    @cached_property
    def observed(self) -> Observations:
        """What the runs show, in sentences, and what they leave undecided."""
        return observe(self.compared, self.study.looks) if self.compared else Observations()

    @property
    def observations(self) -> tuple[Observation, ...]:
        """What the runs show, the most useful first."""
        return self.observed.points

    @cached_property
    def baseline_chance(self) -> AgainstChance | None:
        """Whether the baseline's test accuracy is shown to be above chance; None if not known."""
        if self.compared is None:
            return None
        looks = 1 if self.study.looks is None else len(self.study.looks)
        return against_chance(self.compared.values, self.study.baseline, looks)

    @cached_property
    def confusion_changes(self) -> Mapping[str, ConfusionDifference]:
        """Variation -> its confusion matrix minus the baseline's, from two paired seeds on."""
        if self.compared is None:
            return {}
        counts = {r.key: tables.confusion_of(r) for r in self.records if r.predictions}
        changes = {}
        for name in self.study.variations:
            pairs = [
                (counts[self.study.baseline, seed], counts[name, seed])
                for seed in self.study.every_seed
                if (name, seed) in counts and (self.study.baseline, seed) in counts
            ]
            if len(pairs) > 1:
                before, after = zip(*pairs, strict=True)
                changes[name] = compare_confusions(np.stack(before), np.stack(after))
        return changes

    # ---- failures and their causes --------------------------------------------------------------

    @cached_property
    def analyzed(self) -> Analyzed:
        """What each analyzed network predicts for changed images."""
        return read_all_interventions(self.out, self.records)

    @cached_property
    def effects(self) -> tuple[Effect, ...]:
        """What each intervention does to each setting whose networks were analyzed."""
        return effects(self.study, self.records, self.analyzed)

    @cached_property
    def image_files(self) -> Mapping[int, str]:
        """A test image's number -> its path below the folder of the images; empty without one."""
        return read_file_names(self.out, {record.facts.data.fingerprint for record in self.records})

    @cached_property
    def sources(self) -> Sources | None:
        """What runs were read from that something else trained; None of Paribus's own."""
        return None if self.study.is_run_here else read_sources(self.out)

    @cached_property
    def failed_cases(self) -> Failures:
        """What the runs predict for every test image, and why."""
        by_setting, baseline = outcomes(self.records), self.study.baseline
        explained = read_explained(self.out, self.records)
        telling = telling_images(by_setting, baseline)
        return Failures(baseline, by_setting, explained, telling, self.image_files)

    def failures(
        self,
        *,
        setting: str | None = None,
        true: str | None = None,
        predicted: str | None = None,
        kind: tables.FailureKind | None = None,
        sort: tables.Order = "wrong",
    ) -> pd.DataFrame:
        """The failed cases that are asked for, as `paribus.tables.chosen_failures` has them."""
        return tables.chosen_failures(
            self.records, self.study.baseline, self.image_files,
            setting=setting, true=true, predicted=predicted, kind=kind, sort=sort,
        )  # fmt: skip

    # ---- tables ---------------------------------------------------------------------------------

    def table(self, name: str) -> pd.DataFrame:
        """One of the tables of docs/tables.md by its name, as "runs" or "comparisons".

        Raises:
            ChoiceError: there is no such table; the message names the valid ones.
        """
        if name not in _TABLES:
            raise ChoiceError(f"no table is called {name!r}{nearest(name, _TABLES)}")
        return _TABLES[name](self)

    @cached_property
    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Every table by its name; those of what is refused have no rows."""
        made = self.compared.comparisons if self.compared else ()
        pairs = self.compared.setting_pairs if self.compared else SettingPairs(self.primary)
        known = {
            "comparisons": tables.comparisons(made, self.planned),
            "pairs": tables.pairs(pairs),
            "claims": tables.claims(self.judged, self.claim_planned),
        }
        return {name: known[name] if name in known else self.table(name) for name in _TABLES}


_TABLES: Mapping[str, Callable[[Results], pd.DataFrame]] = {
    "runs": lambda results: tables.runs(results.study, results.records),
    "epochs": lambda results: tables.epochs(results.records),
    "steps": lambda results: tables.steps(results.records),
    "per_class": lambda results: tables.per_class(results.records),
    "confusion": lambda results: tables.confusion(results.records),
    "failures": lambda results: tables.failures(
        results.records, results.study.baseline, results.image_files
    ),
    "comparisons": lambda results: tables.comparisons(
        results.comparison.comparisons, results.planned
    ),
    "pairs": lambda results: tables.pairs(results.comparison.setting_pairs),
    "claims": lambda results: tables.claims(results.claims, results.claim_planned),
    "interventions": lambda results: tables.interventions(results.effects),
    "interventions_by_class": lambda results: tables.interventions_by_class(results.effects),
}


def collect(on_disk: StudyRecords) -> Results:
    """The results in a folder, from its records as they were read.

    Of a study that adds seeds until it is decided, seeds beyond the decision don't count.

    Raises:
        RecordError: no run has a record.
    """
    results = so_far(on_disk)
    if not results.records:
        why = "; ".join(sorted({reason for _, reason in results.absent}))
        raise RecordError(f"{on_disk.out}: no run of {on_disk.study.name!r} has a record ({why})")
    return results


def so_far(on_disk: StudyRecords) -> Results:
    """The same of a study that may not have any run yet."""
    study = on_disk.study
    records, reasons = on_disk.sorted()
    ledger = read_ledger(on_disk.out)
    anytime = holds_anytime(study, ledger)
    wanted = plan.runs(study, seeds_wanted(study, tuple(records.values()), anytime))
    return Results(
        on_disk.out.absolute(),  # what is read later must not depend on the current folder then
        study,
        tuple(records[run.key] for run in wanted if run.key in records),
        tuple((run, reasons[run.key]) for run in wanted if run.key in reasons),
        ledger,
    )


def read_results(out: Path | str, *, by: By = "read") -> Results:
    """What lies in the folder of a study's results; that it was read is added to its ledger.

    Raises:
        RecordError: there is no study, or none of its runs has a record.
    """
    out = Path(out)
    results = collect(read_records(out, read_study_copy(out)))
    note_look(out, len(results.records), by)
    return results
