"""How far a study has come, while it trains: counts and values of its runs, and no verdict."""

from collections.abc import Iterator, Mapping

from paribus.narrative import words
from paribus.narrative.numbers import value_of
from paribus.report.blocks import Block, Cell, Paragraph, Table, note
from paribus.report.sections.alerts import of_runs
from paribus.report.sections.answer import values
from paribus.report.sections.cells import label
from paribus.results import Results

#: One stands on every such page; without letters that HTML escapes, since the first is replaced.
UNDER_WAY = (
    "The study is under way: the page is written again as runs finish, at most once a minute, and "
    "loads itself until the report is there. Where the time it was written is long past, runs take "
    "long, or the study was killed: paribus status says which."
)
STOPPED = (
    "The study was stopped, and the page is not written any more. The same command goes on with "
    "it; paribus report writes the whole report of the runs that there are."
)


def progress(results: Results, written: str) -> Iterator[Block]:
    """How many runs there are, what failed, and the primary metric of each setting so far.

    `written`: the time, in words.
    """
    done, total = len(results.records), len(results.records) + len(results.absent)
    yield Paragraph(f"{done} of {words.count(total, 'run')} so far", strong=True)
    yield note(f"Written at {written}. {UNDER_WAY}")
    yield from of_runs(results)
    yield _counts(results)
    yield from values(results)
    yield note(_untested(results, total))


def _counts(results: Results) -> Table:
    title = f"{label(results.primary)} so far"
    left: Mapping[str, int] = {
        setting.name: sum(run.setting.name == setting.name for run, _ in results.absent)
        for setting in results.settings
    }
    rows = []
    for setting in results.settings:
        numbers = (len(setting.finished), len(setting.failed), left[setting.name])
        spread = setting.spread(results.primary.name)
        value = value_of(results.primary).spread(spread) if spread.n else words.NONE
        rows.append((setting.name, [*(Cell(str(number)) for number in numbers), Cell(value)]))
    caption = "Runs of each setting; mean over its finished ones ± one standard deviation"
    return Table(caption, ("Setting", "Finished", "Failed", "Left", title), rows)


def _untested(results: Results, total: int) -> str:
    """Why no difference is tested here, and what having seen this page means."""
    study = results.study
    when = f"before all {words.count(total, 'run')} are there"
    if study.adds_seeds:
        when = (
            "here: the study tests them itself at its looks, may train more seeds after each, and "
            "its report shows what came of it"
        )
    return (
        f"No difference is tested {when}. A test of the runs that happen to be there, and again of "
        "a few more, finds differences where there are none far too often. That these values were "
        "shown is noted in ledger.jsonl: if you change the number of seeds now, the tests will "
        "allow for your having looked."
    )
