"""A table of runs in columns: the names that mean something, and the curves in it."""

import itertools
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from paribus.errors import SourceError
from paribus.sources.cells import is_number
from paribus.sources.run import Axis, Points, Status, Value

#: Names of columns, in small letters, that say what a run is. The first that is there counts.
SEEDS = ("seed", "random_seed", "random_state", "manual_seed")
RUNS = ("run", "run_id", "run_name", "name", "id")
#: `setting` is said to be it; of the others one alone must be there, or settings aren't clear.
SETTING, OTHER_SETTINGS = "setting", ("group", "variant", "method", "model")
#: With one of these columns, a log is a table of several runs.
OF_TABLES = frozenset((*SEEDS, *RUNS, SETTING, *OTHER_SETTINGS, "metric"))
#: Columns that say how a run ended, and their words.
STATUS = ("status", "state")
STATUSES: dict[str, Status] = {
    **dict.fromkeys(("finished", "complete", "completed", "success", "succeeded"), "finished"),
    **dict.fromkeys(("failed", "crashed", "killed", "error", "aborted", "timeout"), "failed"),
    **dict.fromkeys(("running", "pending", "queued", "scheduled", "preempting"), "running"),
}
AXES: dict[str, Axis] = {"step": "step", "global_step": "step", "epoch": "epoch"}
#: Of a stranger's table these say that its rows are runs or steps of them; `name` doesn't.
_TELLING = frozenset((*SEEDS, SETTING, "run", "run_id", "run_name", *AXES))
#: What metrics are called, as words of a column's name.
METRIC = re.compile(
    r"(?<![a-z])(acc|accuracy|auc|auroc|bleu|cer|dice|error|f1|fid|iou|loss|mae|map|mse|perplexity|"
    r"ppl|precision|psnr|recall|return|reward|rmse|rouge|score|ssim|top1|top5|wer)(?![a-z])"
)
#: Columns that differ in every row and say nothing of a run.
INCIDENTAL = {"", "index", "unnamed: 0", "timestamp", "time", "wall_time", "date", "created"}


def tells_of_runs(names: Iterable[str]) -> bool:
    """Whether columns of these names, in small letters, are those of a table of runs.

    A column for the run, seed, setting or step is enough; `name`, `id`, `model` and the like
    count only next to a metric.
    """
    given = set(names)
    if given & _TELLING or {"metric", "value"} <= given:
        return len(given) > 1
    return bool(given & OF_TABLES) and any(map(METRIC.search, given))


@dataclass(frozen=True)
class Table:
    """Columns of equal length.

    Attributes:
        source: what messages and runs are named after.
        columns: name -> values; None where nothing stands.
        lines: of each row, its line in the file; empty where it is no file of lines.
        percent: column -> its rows that were written in per cent and are shares now.
        missing: whether NaN means that nothing stands there, as in a frame, where a row is a run.
        files, lost: as a `FoundRun` has them.
    """

    source: str
    columns: Mapping[str, Sequence[Value]]
    lines: Sequence[int] = ()
    percent: Mapping[str, frozenset[int]] = field(default_factory=dict)
    missing: bool = False
    files: tuple[Path, ...] = ()
    lost: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    def named(self, names: Iterable[str]) -> str | None:
        """The column with the first of these names that is there, in letters of any size."""
        known = {name.lower(): name for name in reversed(list(self.columns))}
        return next((known[name] for name in names if name in known), None)

    def at(self, row: int, column: str) -> str:
        """The place of a cell, as messages begin with."""
        line = f":{self.lines[row]}" if self.lines else f": row {row + 1}"
        return f"{self.source}{line}: column {column!r}"


class Curves:
    """The points of a table's runs by a column of places, if it has one."""

    def __init__(self, table: Table, axis: str | None) -> None:
        self._table, self._axis = table, axis
        self._numbers: dict[str, npt.NDArray[np.float64]] = {}

    def of(self, value: str, rows: Sequence[int]) -> Points:
        """The points of one run in a column; raises SourceError if two have one place."""
        table, axis, places = self._table, self._axis, None
        if axis is not None and any(table.columns[axis][row] is not None for row in rows):
            places = self._column(axis)[rows]
            if len(unknown := np.flatnonzero(np.isnan(places))):
                row = rows[unknown[0]]
                what = f"expected a number, got {table.columns[axis][row]!r}"
                raise SourceError(f"{table.at(row, axis)}: {what}")
        elif len(rows) > 1:
            what = f"stands twice in one run, also at {table.at(rows[0], value)}"
            advice = "give curves a column `step`, or two runs a column `run`"
            raise SourceError(f"{table.at(rows[1], value)}: {what}; {advice}")
        at = np.zeros(len(rows)) if places is None else places
        order = np.argsort(at, kind="stable")
        for before, after in itertools.pairwise(order) if _twice(at[order]) else ():
            if at[before] == at[after]:
                what = f"{axis} {at[after]:g} of one run also stands"
                where = f"{table.at(rows[after], value)}: {what} at {table.at(rows[before], value)}"
                raise SourceError(f"{where}; tell runs apart by a column `run`")
        kind = "step" if axis is None else AXES[axis.lower()]
        return Points(at[order], self._column(value)[rows][order], kind)

    def _column(self, name: str) -> npt.NDArray[np.float64]:
        """(rows,) the numbers of a column; NaN where none stands."""
        if name not in self._numbers:
            cells = self._table.columns[name]
            if not set(map(type, cells)) <= {int, float}:
                cells = [cell if is_number(cell) else math.nan for cell in cells]
            self._numbers[name] = np.array(cells, dtype=np.float64)
        return self._numbers[name]


def _twice(at: npt.NDArray[np.float64]) -> bool:
    return bool((at[1:] == at[:-1]).any())
