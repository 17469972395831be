"""The records of a study's runs: each read once, and none believed that isn't of its run."""

from dataclasses import dataclass, field
from pathlib import Path

from paribus.errors import RecordError
from paribus.io.reading import leads_out
from paribus.records.store import read_record, run_folder
from paribus.records.types import Record
from paribus.study.plan import Run, runs
from paribus.study.spec import Study

NOT_TRAINED = "not trained yet"
EARLIER_STUDY = "its record is of an earlier version of the study; run the study again"

Key = tuple[str, int]


@dataclass
class StudyRecords:
    """What lies in a folder of results, run by run; a record may be of an earlier configuration."""

    out: Path
    study: Study
    read: dict[Key, Record] = field(default_factory=dict)
    unreadable: dict[Key, str] = field(default_factory=dict)  # run -> why

    def look(self, run: Run) -> None:
        """Read a run's record, again if it was read before."""
        self.read.pop(run.key, None)
        self.unreadable.pop(run.key, None)
        folder = run_folder(self.out, *run.key)
        if not folder.is_dir():
            return
        try:
            if leads_out(folder, self.out):
                raise RecordError(f"{folder}: a link that leads out of {self.out}")
            record = read_record(folder)
            if record.key != run.key:
                raise RecordError(f"{folder}: the record of another run")
            self.read[run.key] = record
        except RecordError as error:
            self.unreadable[run.key] = str(error)

    def sorted(self) -> tuple[dict[Key, Record], dict[Key, str]]:
        """The records that count, in the order of the runs; of the other runs, why they don't."""
        records: dict[Key, Record] = {}
        reasons: dict[Key, str] = {}
        for run in runs(self.study):
            record = self.read.get(run.key)
            if record is None:
                reasons[run.key] = self.unreadable.get(run.key, NOT_TRAINED)
            elif record.facts.config != run.setting.config.recorded():
                reasons[run.key] = EARLIER_STUDY
            elif any(_tested(record) != _tested(first) for first in [*records.values()][:1]):
                reasons[run.key] = "it was tested on other classes or images; run the study again"
            else:
                records[run.key] = record
        return records, reasons


def _tested(record: Record) -> tuple[tuple[str, ...], int | None]:
    return record.classes, record.facts.data.test


def read_records(out: Path, study: Study) -> StudyRecords:
    """Look at every run that the study allows."""
    records = StudyRecords(out, study)
    for run in runs(study):
        records.look(run)
    return records
