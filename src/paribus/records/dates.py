"""When runs were trained, as far as their records can be believed: a clock may be wrong."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from paribus.records.types import RunFacts

#: Older than any record.
EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)
#: What clocks of two machines may differ.
AHEAD = timedelta(days=1)


def span(runs: Sequence[RunFacts]) -> tuple[datetime, datetime] | None:
    """The first and the last date (UTC) of runs; None where none is known."""
    dates = [date.astimezone(UTC) for run in runs for date in _dates(run)]
    return (min(dates), max(dates)) if dates else None


def are_possible(run: RunFacts, now: datetime) -> bool:
    """Whether a run's dates can be right: none before 2020 or to come, the start before the end."""
    dates = _dates(run)
    return dates == sorted(dates) and all(EARLIEST <= date <= now + AHEAD for date in dates)


def _dates(run: RunFacts) -> list[datetime]:
    """Start and end, where they are known; one without a zone is in UTC."""
    dates = [datetime.fromisoformat(text) for text in (run.started, run.ended) if text]
    return [date if date.tzinfo else date.replace(tzinfo=UTC) for date in dates]
