"""Dates of runs: those that can be right, and those that are no facts."""

from datetime import UTC, datetime

import pytest

from paribus.records.dates import are_possible, span
from paribus.records.types import RunFacts
from records.test_store import a_record

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


def run(started: str, ended: str) -> RunFacts:
    return a_record().facts.model_copy(update={"started": started, "ended": ended})


@pytest.mark.parametrize(
    ("started", "ended", "possible"),
    [
        ("2026-05-04T10:00:00+00:00", "2026-05-04T10:00:50+00:00", True),
        ("2026-05-04T10:00:00+00:00", "2026-05-04T10:00:00+00:00", True),
        ("2026-05-04T10:00:00", "2026-05-04T10:00:50+00:00", True),  # without a zone: UTC
        ("2026-05-04T12:00:00+02:00", "2026-05-04T10:00:50+00:00", True),
        ("2026-11-30T11:00:00+00:00", "2026-11-30T11:59:00+00:00", True),  # another clock
        ("", "2026-05-04T10:00:50+00:00", True),
        ("", "", True),
        ("2026-05-04T10:00:50+00:00", "2026-05-04T10:00:00+00:00", False),
        ("1970-01-01T00:00:00+00:00", "2026-05-04T10:00:00+00:00", False),
        ("2026-05-04T10:00:00+00:00", "2262-04-11T23:47:16+00:00", False),
        ("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", False),
    ],
)
def test_dates_before_2020_to_come_or_in_the_wrong_order_are_impossible(
    started: str, ended: str, possible: bool
) -> None:
    assert are_possible(run(started, ended), NOW) == possible


def test_runs_span_from_the_first_date_to_the_last_in_utc() -> None:
    runs = [run("", "2026-05-04T10:00:50"), run("2026-05-04T11:00:00+02:00", "")]
    first, last = datetime(2026, 5, 4, 9, tzinfo=UTC), datetime(2026, 5, 4, 10, 0, 50, tzinfo=UTC)
    assert span(runs) == (first, last)
    assert span([run("", "")]) is None
