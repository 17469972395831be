"""What a study's records were made of: the runs that count and the sums of their files."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from paribus.errors import RecordError
from paribus.found.early import stopped_early
from paribus.found.find import Finding
from paribus.io.reading import UnfitError, file_sha256
from paribus.names import whole_text
from paribus.records.sources import ReadFile, ReadRun, Sources
from paribus.records.types import Record
from paribus.sources.run import FoundRun


def sources_of(finding: Finding, records: Sequence[Record], notes: Iterable[str]) -> Sources:
    """What a study's records were made of; reads every source file once more, for its sum.

    Raises:
        ReadError: a source can't be read any more.
    """
    runs = {key: placed.run for key, placed in finding.runs.items()}
    paths = list(dict.fromkeys(path for run in runs.values() for path in run.files))
    number = {path: n for n, path in enumerate(paths)}
    return Sources(
        files=tuple(ReadFile(path=whole_text(str(path)), sha256=_sum(path)) for path in paths),
        runs=tuple(
            ReadRun(
                setting=record.facts.setting,
                seed=record.facts.seed,
                name=whole_text(runs[record.key].name),
                digest=record.facts.digest,
                files=tuple(number[path] for path in runs[record.key].files),
            )
            for record in records
        ),
        pairing=finding.pairing,
        left_out=tuple((whole_text(one.name), one.why) for one in finding.left_out),
        passed_over=tuple((whole_text(key), why) for key, why in finding.passed_over.items()),
        notes=tuple(map(whole_text, (*finding.notes, *notes, *_lost(runs.values())))),
        warnings=(*stopped_early(finding.runs, finding.metrics), *_of_frames(finding)),
        statuses_known=all(run.status != "unknown" for run in runs.values()),
    )


def _of_frames(finding: Finding) -> list[str]:
    """That NaN in a frame may have been a diverged run."""
    runs = [placed.run for placed in finding.runs.values()]
    without = [one for one in finding.left_out if one.why.startswith("it has no value")]
    if not without or any(run.files for run in runs):
        return []
    count = "1 run is" if len(without) == 1 else f"{len(without):,} runs are"
    return [
        f"{count} left out without a value. NaN in a frame is taken for nothing; if it means that "
        "a run diverged, say so in a column `status` ('finished' or 'failed'), and it counts."
    ]


def _sum(path: Path) -> str:
    try:
        return file_sha256(path)
    except UnfitError as error:
        raise RecordError(f"{path}: it was read, and now can't be ({error.strerror})") from None


def _lost(runs: Iterable[FoundRun]) -> list[str]:
    return list(dict.fromkeys(text for run in runs for text in (*run.notes, *run.lost)))
