"""Small reports on disk, each made once for all tests that read it."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PIL import Image

from paribus.failures.cases import shown_cases
from paribus.records.types import Record
from paribus.report.write import write_report
from paribus.results import Results
from paribus.study.spec import Question, Study
from synthetic import make_records, make_study
from undrawn import drawn

#: Class names that would do harm wherever they were not escaped, and some that are merely hard.
HOSTILE = (
    "<script>document.title='run'</script>",
    '"><img src=x onerror="document.title=\'run\'">',
    "=1+1",
    "|`*_pipe_*`|",
    "{{ 7*7 }}",
    "\u202eevil",
    "犬と猫",
    "كلب",
    "w" * 300,
    "plain",
)


def results_of(study: Question, records: Sequence[Record], out: Path = Path("nowhere")) -> Results:
    """What a study has come to by these records, with nothing else in its folder."""
    return Results(out, study, tuple(records), ())


@dataclass(frozen=True)
class Written:
    """A report on disk and what it was made from."""

    out: Path
    study: Question
    records: Sequence[Record]

    def text(self, name: str) -> str:
        return (self.out / name).read_text("utf-8")


@cache
def ordinary() -> Written:
    """Three settings and three seeds, one run of which failed."""
    study = claiming(make_study(seeds=3, epochs=5))
    return written(study, make_records(study, images=200, failing=("l2", 1)))


def claiming(study: Study) -> Study:
    """The study with claims of every kind of place in the report."""
    claims = [
        {
            "id": "faster",
            "says": "Batch normalization speeds up learning.",
            "test": {
                "setting": "batch-norm", "against": "main", "metric": "epochs_to_loss",
                "expect": "lower",
            },
        },
        {
            "id": "time",
            "says": "It takes up to a quarter longer.",
            "test": {
                "setting": "batch-norm", "against": "main", "metric": "train_cpu_seconds",
                "between": [1.0, 1.25],
            },
        },
        {"id": "worst", "says": "Dog is worst.", "test": {"worst": ["dog"], "metric": "recall"}},
    ]  # fmt: skip
    return Study.model_validate(study.model_dump() | {"claims": claims})


@cache
def hostile() -> Written:
    """Every name is somebody else's text."""
    name = "<img src=x onerror=\"document.title='run'\"> & {{ 7*7 }} | `x`"
    study = make_study(seeds=2, epochs=4, name=name, settings=["main", "l2"])
    return written(study, make_records(study, classes=HOSTILE, images=200))


def written(study: Question, records: Sequence[Record]) -> Written:
    out = Path(tempfile.mkdtemp(prefix="paribus-report-"))
    atexit.register(shutil.rmtree, out)
    _keep_images(out, records)
    with drawn():
        write_report(results_of(study, records, out), formats=["handin"])
    return Written(out, study, records)


def _keep_images(out: Path, records: Sequence[Record]) -> None:
    """Gray squares in place of the failed cases' images, named as the pipeline names them."""
    (out / "images").mkdir()
    for case in shown_cases(records):
        Image.new("L", (96, 96), 90).save(out / "images" / case.original)
        Image.new("L", (28, 28), 90).save(out / "images" / case.seen)
