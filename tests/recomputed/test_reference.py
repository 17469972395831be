"""The committed tables of the reference studies follow from one another, without Paribus.

Columns that a committed table doesn't have (yet) aren't compared; the main ones must be there.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from recomputed import numbers, of_reference
from recomputed.agree import SENTENCES, broken, require_equal
from recomputed.compared import alone, family_of, plan, settled, together, verdict
from recomputed.of_claims import claims
from recomputed.of_reference import Reference, over_looks

PLACE = Path(__file__).parents[2] / "docs" / "reference"
MAIN = {
    "runs": {"test_accuracy", "macro_f1", "best_epoch", "best_val_loss", "final_train_loss"},
    "per_class": {"precision", "recall", "f1", "support"},
    "comparisons": {"estimate", "low", "high", "p", "p_adjusted", "p_sign_flip", "verdict"},
    "claims": {"verdict", "estimate", "low", "high", "n_seeds", "p"},
    "interventions": {"accuracy", "chance", "change", "p", "p_adjusted", "verdict"},
    "interventions_by_class": {"p_change"},
}
COMPARED = ["variation", "metric"]
#: With looks, these are known as near as simulations tell.
LEVELED = {"p_adjusted", "p_equivalence_adjusted", "seeds_needed", "power", "verdict_of_finished"}
LEVELED |= {"p_one_sided_adjusted", "verdict", "verdict_robust"}


@cache
def reference(name: str) -> Reference:
    return Reference(PLACE / name)


@pytest.fixture(params=["lenet-stl10", "resolution-stl10"])
def study(request: pytest.FixtureRequest) -> Reference:
    return reference(request.param)


@pytest.fixture
def lenet() -> Reference:
    return reference("lenet-stl10")


def require(name: str, table: pd.DataFrame, expected: pd.DataFrame, keys: list[str]) -> None:
    """The table's columns that were recomputed, its main ones among them."""
    shown = [column for column in table.columns if column in set(expected.columns) - SENTENCES]
    assert MAIN[name] <= set(shown) | LEVELED
    require_equal(table[shown], expected, keys)


def test_runs_follow_from_confusion_matrices_and_curves(study: Reference) -> None:
    require("runs", study.tables["runs"], of_reference.runs(study), ["setting", "seed"])


def test_figures_of_classes_follow_from_confusion_matrices(study: Reference) -> None:
    keys = ["setting", "seed", "class"]
    require("per_class", study.tables["per_class"], of_reference.per_class(study), keys)


def compared(of: Reference) -> pd.DataFrame:
    """The comparisons on metrics whose values stand in a table."""
    rows: list[dict[str, Any]] = []
    known = of.tables["comparisons"]
    pairs = known.loc[known["metric"].isin(of.names), COMPARED]
    for name, metric in pairs.itertuples(index=False):
        n, kind = of.trained(name), of.kind(metric)
        before, after = (of.of(one, metric)[:n] for one in (of.folder.baseline, name))
        failed = of.failed[of.folder.baseline][:n], of.failed[name][:n]
        found = alone(kind, before, after, failed, of.level_of(metric))
        rows.append({"variation": name, "metric": metric, "_kind": kind, "_asked": None} | found)
    for family in {family_of(row["metric"]) for row in rows}:
        ours = [row for row in rows if family_of(row["metric"]) == family]
        together(ours)
        for row in ours:
            plan(row, 0.05 / len(ours))
    return pd.DataFrame(rows)


def test_comparisons_follow_from_runs_and_matrices(study: Reference) -> None:
    expected, table = compared(study), study.tables["comparisons"]
    table = table[table["metric"].isin(study.names)]
    assert len(table) >= 19 * len(study.folder.variations)
    if study.looks is None:
        expected = settled(expected, table)
    else:
        expected = expected.drop(columns=[*LEVELED])
    require("comparisons", table, expected, COMPARED)


def test_comparisons_of_causes_follow_from_their_intervals(study: Reference) -> None:
    table = study.tables["comparisons"]
    table = table[~table["metric"].isin(study.names)]
    assert set(table["metric"].map(family_of)) >= {"drop", "background_learned"}
    shown = ["variation", "metric", "p", "predicted_low", "predicted_high", "predicted_level"]
    require_equal(table[table.columns.intersection(shown)], of_reference.summed(table), COMPARED)


def test_p_values_are_adjusted_over_variations_and_looks(study: Reference) -> None:
    table = study.tables["comparisons"]
    for name, family in table.groupby(table["metric"].map(family_of)):
        low = high = family["p"].to_numpy(float)
        if study.looks and study.level_of(str(name)) != 0.95:
            low, high = over_looks(low, study.looks)
        low, high = (numbers.holm(p.tolist()) for p in (low, high))
        assert (family["p_adjusted"] >= low * (1 - 1e-6)).all()
        assert (family["p_adjusted"] <= high * (1 + 1e-6)).all()


def test_the_level_of_looks_has_an_error_of_five_percent(study: Reference) -> None:
    level = study.tables["comparisons"].query("metric == 'test_accuracy'")["level"]
    if study.looks is None:
        assert (level == 0.95).all()
        return
    low, high = over_looks(1 - level.to_numpy(), study.looks)
    assert (low <= 0.05).all() and (high >= 0.05).all()


def test_verdicts_follow_from_adjusted_p_values(study: Reference) -> None:
    for row in study.tables["comparisons"].to_dict("records"):
        p = {"difference": row["p_adjusted"], "equivalence": row["p_equivalence_adjusted"]}
        kind = study.kind(str(row["metric"]))
        if not row.get("failed"):
            assert row["verdict"] == verdict(kind, row["estimate"], p) or "not " in row["verdict"]


def test_claims_follow_from_runs_and_matrices(study: Reference) -> None:
    table = study.tables["claims"]
    table = table[table["id"].isin([claim["id"] for claim in study.folder.study["claims"]])]
    assert len(table) >= 3
    expected = claims(study, study.level_of("test_accuracy"))
    if study.looks:
        low, high = over_looks(expected.set_index("id")["p"], study.looks)
        p = table.set_index("id")["p"]
        assert ((low <= p) & (p <= high)).all()
        assert ((table["verdict"] != "undecided") == (table["p"] <= 0.05)).all()
        expected = expected.drop(columns=["p", "verdict"])
        table = table.drop(columns=["p", "verdict"])
        require_equal(table[[c for c in table if c not in SENTENCES]], expected, ["id"])
    else:
        require("claims", table, expected, ["id"])


def test_interventions_follow_from_their_classes_and_intervals(study: Reference) -> None:
    keys = ["setting", "intervention"]
    table = study.tables["interventions"]
    require("interventions", table, of_reference.interventions(study), keys)


def test_interventions_of_classes_are_adjusted_over_all_of_a_setting(study: Reference) -> None:
    keys, table = ["setting", "intervention", "class"], study.tables["interventions_by_class"]
    require("interventions_by_class", table, of_reference.p_change(study), keys)


def test_accuracy_above_chance_is_no_surer_than_over_seeds(study: Reference) -> None:
    """The p value of permuted labels, the other one of two, can't be told from tables."""
    keys = ["setting", "intervention"]
    table, ours = (
        frame.set_index(keys)["p_chance"]
        for frame in (study.tables["interventions"], of_reference.p_above_chance(study))
    )
    assert (table >= ours.loc[table.index] * (1 - 1e-6)).all()


@pytest.mark.parametrize("name", ["runs", "per_class", "interventions", "comparisons", "claims"])
def test_another_number_would_be_found(lenet: Reference, name: str) -> None:
    made: Any = {"comparisons": compared, "claims": claims}.get(name)
    expected = (made or getattr(of_reference, name))(lenet)
    keys = {"comparisons": COMPARED, "claims": ["id"], "interventions": ["setting", "intervention"]}
    by = keys.get(name, ["setting", "seed", "class"][: 2 + (name == "per_class")])
    table = lenet.tables[name]
    if name in ("comparisons", "claims"):
        table = table.merge(expected[by], on=by)
        expected = settled(expected, table) if name == "comparisons" else expected
    for column in MAIN[name]:
        with pytest.raises(AssertionError, match=f"^{column}"):
            require(name, broken(table, column), expected, by)
