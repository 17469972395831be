"""A whole study in this process: without worker processes, and a report written twice as fast."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import paribus
from paribus.events import Watch, quiet
from paribus.execution.place import Outcome, Task
from paribus.execution.workers import Workers
from paribus.explain.attribution import integrated_gradients
from paribus.io.disk import write_file
from paribus.report.write import write_report
from paribus.results import Results
from paribus.study.spec import Study

Written = dict[str, bytes]


class Here(Workers):
    """Performs tasks in this process, one after another."""

    def needed(self, tasks: Sequence[Task]) -> int:
        return 1

    def perform(
        self, tasks: Sequence[Task], watch: Watch, on_outcome: Callable[[Outcome], None]
    ) -> list[Outcome]:
        outcomes = []
        for task in tasks:
            outcomes.append(task.perform(watch))
            on_outcome(outcomes[-1])
        return outcomes


def run_here(
    study: Study, out: Path, written: Written, watch: Watch = quiet, *, other_machine: bool = False
) -> Results:
    """Run a study in this process.

    Args:
        written: the files of its report by their names in `out`. Where there are none they are
            made and put there; else they are written as they are, for making them takes seconds.
    """
    with in_this_process(), _report(written):
        return paribus.run(study, out, jobs=1, other_machine=other_machine, watch=watch)


@contextmanager
def in_this_process() -> Iterator[None]:
    """Studies are trained and analyzed here, with maps that are as coarse as they are quick."""
    quick = partial(integrated_gradients, steps=1)
    with (
        patch("paribus.execution.session.Workers", Here),
        patch("paribus.places.choose.Workers", Here),
        patch("paribus.execution.gpus.Workers", Here),
        patch("paribus.execution.estimate.SECONDS", 0.0),
        patch("paribus.execution.rehearsal.MAPS", 1),
        patch("paribus.execution.analyze.integrated_gradients", quick),
        patch("paribus.execution.analyze.occlusion", lambda _, images, targets: images.mean(dim=1)),
    ):
        yield


@contextmanager
def _report(written: Written) -> Iterator[None]:
    def keep(path: Path, content: bytes) -> None:
        written[str(path.relative_to(out_of[0]))] = content
        write_file(path, content)

    def make(results: Results, **options: Any) -> Path:
        out_of.append(results.out)
        return write_report(results, **options)

    def write(results: Results, **_: Any) -> Path:
        for name, content in written.items():
            write_file(results.out / name, content)
        return results.report

    out_of: list[Path] = []
    if written:
        with patch("paribus.pipeline.write_report", write):
            yield
    else:
        with (
            patch("paribus.pipeline.write_report", make),
            patch("paribus.report.write.write_file", keep),
        ):
            yield
