"""Every number of every table of two studies, worked out again from the raw files.

By NumPy, SciPy, statsmodels and scikit-learn, never by Paribus. One study is of digits and trained
here, once; in the other, of synthetic runs, one failed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from paribus.tables.columns import COLUMNS
from recomputed import of_claims, of_comparisons, of_images, of_interventions, of_pairs, of_runs
from recomputed.agree import SENTENCES, broken, require_equal
from recomputed.compared import settled
from recomputed.numbers import mean_squares
from recomputed.of_comparisons import Values
from recomputed.of_images_added import brier, right
from recomputed.raw import Folder, Run, read
from recomputed.studies import train_digits, write_failing

Array = Any
KEYS = {
    "runs": ["setting", "seed"],
    "epochs": ["setting", "seed", "epoch"],
    "steps": ["setting", "seed", "step"],
    "per_class": ["setting", "seed", "class"],
    "confusion": ["setting", "seed", "true", "predicted"],
    "failures": ["setting", "image"],
    "comparisons": ["variation", "metric"],
    "pairs": ["first", "second"],
    "claims": ["id"],
    "interventions": ["setting", "intervention"],
    "interventions_by_class": ["setting", "intervention", "class"],
}
OF_RUNS = {
    "runs": of_runs.runs,
    "epochs": of_runs.epochs,
    "steps": of_runs.steps,
    "per_class": of_runs.per_class,
    "confusion": of_runs.confusion,
    "failures": of_images.failures,
}
OF_VALUES = {
    "comparisons": of_comparisons.comparisons,
    "pairs": of_pairs.pairs,
    "claims": of_claims.claims,
    "interventions": of_interventions.interventions,
    "interventions_by_class": of_interventions.by_class,
}


#: Tables that a folder with nothing but records has.
OF_RECORDS = [*OF_RUNS, "comparisons", "pairs", "claims"]


@dataclass
class Study:
    """A folder of results, its tables, and what these should hold."""

    out: Path

    @cached_property
    def folder(self) -> Folder:
        return read(self.out)

    @cached_property
    def values(self) -> Values:
        return Values(self.folder)

    @cache  # noqa: B019  # two studies, as long as the tests
    def table(self, name: str) -> pd.DataFrame:
        file = next((self.out / "tables").glob(f"{name}.csv*"))
        return pd.read_csv(file, dtype=dict.fromkeys(("class", "true", "predicted"), object))

    @cache  # noqa: B019
    def expected(self, name: str) -> pd.DataFrame:
        if name in OF_RUNS:
            return OF_RUNS[name](self.folder)
        frame = OF_VALUES[name](self.values)
        return settled(frame, self.table(name)) if name == "comparisons" else frame

    def __hash__(self) -> int:
        return hash(self.out)


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Study:
    out = tmp_path_factory.mktemp("digits") / "out"
    train_digits(out)
    return Study(out)


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Study:
    out = tmp_path_factory.mktemp("failing")
    write_failing(out)
    return Study(out)


def test_all_tables_are_recomputed() -> None:
    assert set(KEYS) == set(COLUMNS) == {*OF_RUNS, *OF_VALUES}


@pytest.mark.parametrize("name", KEYS)
def test_every_number_of_digits_is_recomputed(digits: Study, name: str) -> None:
    assert set(digits.table(name).columns) >= set(COLUMNS[name])
    require_equal(digits.table(name), digits.expected(name), KEYS[name])


def test_what_was_planned_is_said_as_far_as_it_is_known(digits: Study, failing: Study) -> None:
    for name in ("comparisons", "claims"):
        assert set(digits.table(name)["planned"]) == {"planned"}
        assert set(failing.table(name)["planned"]) == {"not known what was planned"}


@pytest.mark.parametrize("name", OF_RECORDS)
def test_every_number_of_runs_that_fail_is_recomputed(failing: Study, name: str) -> None:
    require_equal(failing.table(name), failing.expected(name), KEYS[name])


@pytest.mark.parametrize("name", KEYS)
def test_another_number_in_any_column_would_be_found(
    digits: Study, failing: Study, name: str
) -> None:
    for column in set(COLUMNS[name]) - SENTENCES:
        empty = digits.table(name)[column].isna().all()
        study = failing if empty and name in OF_RECORDS else digits
        with pytest.raises(AssertionError, match=f"^{column}|^other rows by .*{column}"):
            require_equal(broken(study.table(name), column), study.expected(name), KEYS[name])


def test_a_column_that_nobody_recomputes_is_found(digits: Study) -> None:
    table = digits.table("comparisons").assign(p_of_something=0.5)
    with pytest.raises(AssertionError, match=r"recomputed by nobody: .*p_of_something"):
        require_equal(table, digits.expected("comparisons"), KEYS["comparisons"])


@pytest.mark.parametrize("metric", [right, brier])
def test_mean_squares_are_statsmodels(digits: Study, metric: Callable[[Run], Array]) -> None:
    """Class by class a two-way table without repetition; what is within classes adds up."""
    folder = digits.folder
    table = np.array([metric(run) for run in folder.of("batch-norm")])
    squares, freedom = np.zeros(2), np.zeros(2)
    for k in range(len(folder.classes)):
        part = pd.DataFrame(table[:, folder.labels == k]).melt(ignore_index=False).reset_index()
        fit = ols("value ~ C(index) + C(variable)", part).fit()
        rows = anova_lm(fit).loc[["C(variable)", "Residual"]]
        squares, freedom = squares + rows["sum_sq"], freedom + rows["df"]
    ms, df = mean_squares(table, folder.labels)
    np.testing.assert_allclose(ms[1:] * df[1:], squares, rtol=1e-6)
