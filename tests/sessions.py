"""A study under way, by PyTorch and without a lock or a log, for tests of its single steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from faults.here import Here
from paribus.events import Event, quiet
from paribus.execution.engines import Choice
from paribus.execution.place import Place
from paribus.execution.session import Session, prepare_data
from paribus.study.plan import settings
from paribus.study.read import read_records
from paribus.study.spec import Study


@contextmanager
def session_of(
    study: Study,
    out: Path,
    place: Place | None = None,
    watch: Callable[[Event], None] = quiet,
) -> Iterator[Session]:
    """By default everything is done in this process."""
    data = prepare_data(study, None, quiet)
    by_torch = Choice(None, "as the test asks")
    choices = dict.fromkeys((setting.name for setting in settings(study)), by_torch)
    with place or Here() as at_work:
        yield Session(study, out, at_work, watch, read_records(out, study), data, choices)


def all_seeds(study: Study) -> dict[str, int]:
    return dict.fromkeys((study.baseline, *study.variations), study.most_seeds)
