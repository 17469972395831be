"""What was found, in words: for a terminal and the log, before anything is compared."""

from collections.abc import Iterator, Sequence

from paribus.events import RunsFound
from paribus.found.find import Finding
from paribus.found.grouping import IS_MEASURED, IS_NAME, IS_SEED
from paribus.found.keys import written
from paribus.records.sources import Sources
from paribus.study.found import NO_SEEDS, FoundStudy, in_short
from paribus.study.plan import settings

#: Reasons to ignore a key that need no mention, since no reader expects such a key to count.
EXPECTED = (IS_SEED, IS_MEASURED, IS_NAME)
#: Changes of a setting that a line names.
MOST_CHANGES = 6
#: Runs that are named of those left out for one reason.
MOST_NAMED = 5


def told(finding: Finding, study: FoundStudy, sources: Sources) -> RunsFound:
    """Settings with their runs and seeds, how they are compared, and what was left out."""
    rows = []
    for setting in settings(study):
        of = setting.changes.items()
        changes = [f"{key}: {written(a)} -> {written(b)}" for key, (a, b) in of]
        more = [f"and {len(changes) - MOST_CHANGES} more"] * (len(changes) > MOST_CHANGES)
        shown = "; ".join([*changes[:MOST_CHANGES], *more])
        first = "(baseline)" if setting.name == study.baseline else "(by its name)"
        seeds = finding.seeds(setting.name)
        rows.append(
            (
                setting.name,
                len(seeds),
                "none" if study.compare.seed == NO_SEEDS else in_short(seeds),
                shown or first,
            )
        )
    runs = list(_by_reason(sources.left_out))
    keys = [f"the key {key}: {why}" for key, why in sources.passed_over if why not in EXPECTED]
    return RunsFound(
        tuple(rows), tuple(_notes(finding, study, sources)), sources.warnings, (*runs, *keys)
    )


def _by_reason(left_out: Sequence[tuple[str, str]]) -> Iterator[str]:
    """A line a reason: the runs that are left out for it, the first by name."""
    names: dict[str, list[str]] = {}
    for name, why in left_out:
        names.setdefault(why, []).append(name)
    for why, of in names.items():
        more = [f"and {len(of) - MOST_NAMED:,} more"] * (len(of) > MOST_NAMED)
        yield f"{', '.join([*of[:MOST_NAMED], *more])}: {why}"


def _notes(finding: Finding, study: FoundStudy, sources: Sources) -> Iterator[str]:
    yield finding.pairing
    if not sources.statuses_known:
        yield (
            "These files don't say whether a run finished, so runs that failed without a value "
            "aren't counted as failures."
        )
    failed = [key for key, one in finding.runs.items() if one.outcome.status == "failed"]
    if failed:
        runs = "1 run counts" if len(failed) == 1 else f"{len(failed):,} runs count"
        yield f"{runs} as failed."
    yield from sources.notes
