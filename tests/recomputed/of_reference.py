"""The committed tables of a reference study, from one another.

Its records are too large to be committed. But its confusion matrices, curves and runs give most of
its other tables; and where a value of each run isn't in any, the mean and its interval give the
rest of a row.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from sklearn import metrics

from recomputed import numbers
from recomputed.compared import Kind, kind_of
from recomputed.of_comparisons import Values
from recomputed.of_runs import roughness
from recomputed.raw import Declared

Array = Any


@dataclass(frozen=True, eq=False)
class Published(Declared):
    """What of a study and its runs stands in tables and results.json."""

    classes: list[str]


class Reference(Values):
    """A reference study's tables, and its runs' values as far as these give them."""

    folder: Any

    def __init__(self, place: Path) -> None:
        self.tables = {path.stem: _read(path) for path in (place / "tables").glob("*.csv")}
        study = json.loads((place / "results.json").read_text())["study"]
        defaults = {"primary": "test_accuracy", "metrics": {}, "claims": []}
        classes = self.tables["confusion"]["true"].unique().tolist()
        self.folder = Published(defaults | study, classes)
        self.looks = None if isinstance(study["seeds"], int) else tuple(study["seeds"]["looks"])
        self.seeds = range(study["seeds"] if self.looks is None else self.looks[-1])
        runs = self.tables["runs"].set_index(["setting", "seed"])
        finished = runs[runs["status"] == "finished"].select_dtypes("number")
        self.by_run = {}
        self.worked_out: dict[tuple[str, int], dict[str, float]] = {}
        for key, row in finished.iterrows():
            assert isinstance(key, tuple)
            run, told = (str(key[0]), int(key[1])), row.items()
            self.worked_out[run] = self.of_classes(*run) | self.curves(*run)
            self.by_run[run] = {str(name): float(v) for name, v in told} | self.worked_out[run]
        self.names = list(next(iter(self.by_run.values())))
        shown = {*self.names, "recall", "precision", "f1"}
        claims = [one for one in self.folder.study["claims"] if one["test"]["metric"] in shown]
        self.folder.study["claims"] = claims
        failed = set(runs.index[runs["status"] == "failed"])
        self.failed = {
            name: np.array([(name, seed) in failed for seed in self.seeds])
            for name in self.folder.settings
        }

    def of_classes(self, setting: str, seed: int) -> dict[str, float]:
        """What follows from a confusion matrix, each cell as so many images."""
        cells = self._rows("confusion", setting, seed)
        true, predicted, count = (cells[name] for name in ("true", "predicted", "count"))
        figures = metrics.precision_recall_fscore_support(
            true, predicted, labels=self.folder.classes, sample_weight=count, zero_division=0
        )
        names = ("precision", "recall", "f1", "support")
        return {
            "test_accuracy": metrics.accuracy_score(true, predicted, sample_weight=count),
            "balanced_accuracy": float(figures[1].mean()),
            "macro_f1": float(figures[2].mean()),
        } | {
            f"{figure}:{name}": float(value)
            for figure, values in zip(names, figures, strict=True)
            for name, value in zip(self.folder.classes, values, strict=True)
        }

    def curves(self, setting: str, seed: int) -> dict[str, float]:
        """What follows from a training's course."""
        rows = self._rows("epochs", setting, seed).sort_values("epoch")
        train, val = (rows[f"{name}_loss"].to_numpy() for name in ("train", "val"))
        reached = np.flatnonzero(train <= self.target)
        return {
            "best_epoch": float(val.argmin() + 1),
            "best_val_loss": val.min(),
            "final_val_loss": val[-1],
            "final_val_accuracy": rows["val_accuracy"].iloc[-1],
            "final_train_loss": train[-1],
            "epochs_to_loss": float(reached[0] + 1 if len(reached) else len(train) + 1),
            "roughness": roughness(val),
            "generalization_gap": val[-1] - train[-1],
        }

    @cached_property
    def target(self) -> float:
        epochs = self.tables["epochs"]
        ours = epochs[epochs["setting"] == self.folder.baseline]
        mean = ours.groupby("epoch")["train_loss"].mean()
        return float(mean.iloc[0] + mean.min()) / 2

    def level_of(self, metric: str) -> float:
        """The confidence that intervals of a metric are asked for: with looks that of all looks."""
        table = self.tables["comparisons"]
        shown = metric if metric == self.folder.study["primary"] else "test_loss"
        return float(table.loc[table["metric"] == shown, "level"].iloc[0])

    def trained(self, setting: str) -> int:
        return sum((setting, seed) in self.by_run for seed in self.seeds)

    def kind(self, metric: str) -> Kind:
        return replace(super().kind(metric), worst=np.nan)

    def _rows(self, table: str, setting: str, seed: int) -> pd.DataFrame:
        frame = self.tables[table]
        return frame[(frame["setting"] == setting) & (frame["seed"] == seed)]


def _read(path: Path) -> pd.DataFrame:
    frame = pd.read_csv(path)
    if path.name != "epochs.csv":
        return frame
    # Of 32 bits, in so many digits as tell them apart.
    return frame.assign(**frame.select_dtypes(float).astype(np.float32).astype(float))


def runs(of: Reference) -> pd.DataFrame:
    keys = pd.MultiIndex.from_tuples(of.by_run, names=["setting", "seed"])
    return pd.DataFrame(list(of.worked_out.values()), index=keys).reset_index()


def per_class(of: Reference) -> pd.DataFrame:
    figures = ("precision", "recall", "f1", "support")
    rows = [
        {"setting": setting, "seed": seed, "class": name}
        | {figure: values[f"{figure}:{name}"] for figure in figures}
        for (setting, seed), values in of.by_run.items()
        for name in of.folder.classes
    ]
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class Summary:
    """Mean and standard error of differences over n seeds, as an interval has them."""

    mean: float
    error: float
    n: int

    @classmethod
    def of(cls, mean: float, low: float, high: float, n: int, level: float = 0.95) -> Summary:
        """From the end that isn't cut off."""
        half = high - mean if high < 1 else mean - low
        return cls(mean, half / float(stats.t.ppf((1 + level) / 2, n - 1)), n)

    def p(self, bound: float = 0.0, side: str = "two-sided") -> float:
        t = (self.mean - bound) / self.error
        above, below = float(stats.t.sf(t, self.n - 1)), float(stats.t.cdf(t, self.n - 1))
        return {"greater": above, "less": below, "two-sided": 2 * min(above, below)}[side]

    def equivalence(self, margin: float) -> float:
        return max(self.p(-margin, "greater"), self.p(margin, "less"))


def summed(table: pd.DataFrame) -> pd.DataFrame:
    """Comparisons whose values stand nowhere: what mean and interval give of the rest."""
    rows = []
    for row in table.to_dict("records"):
        mean, low, high = (float(row[name]) for name in ("estimate", "low", "high"))
        s = Summary.of(mean, low, high, int(row["n_seeds"]), float(row["level"]))
        kind = kind_of(str(row["metric"]))
        half = stats.t.ppf(0.975, s.n - 1) * s.error * np.sqrt(s.n + 1)
        low, high = np.clip([s.mean - half, s.mean + half], -kind.most, kind.most)
        rows.append(
            {"variation": row["variation"], "metric": row["metric"], "p": s.p()}
            | {"predicted_low": low, "predicted_high": high, "predicted_level": 0.95}
        )
    return pd.DataFrame(rows)


def interventions(of: Reference) -> pd.DataFrame:
    """From the rows of the classes, and from each mean with its interval."""
    by_class = of.tables["interventions_by_class"]
    mean = by_class.groupby(["setting", "intervention"])[["recall", "chance", "change"]].mean()
    parts = []
    for setting, table in of.tables["interventions"].groupby("setting", sort=False):
        shown = table[["change", "change_low", "change_high", "n_seeds"]].to_numpy().tolist()
        changes = [Summary.of(m, low, high, int(n)) for m, low, high, n in shown]
        p = [s.p() for s in changes]
        inside = numbers.holm([s.equivalence(of.folder.study["margin"]) for s in changes])
        adjusted = numbers.holm(p)
        whole = mean.loc[[(setting, name) for name in table["intervention"]]]
        parts.append(
            pd.DataFrame({"setting": setting, "intervention": table["intervention"].tolist()})
            .assign(p=p, p_adjusted=adjusted)
            .assign(
                accuracy=whole["recall"].to_numpy(),
                chance=whole["chance"].to_numpy(),
                change=whole["change"].to_numpy(),
            )
            .assign(
                verdict=[_verdict(s, *p) for s, *p in zip(changes, adjusted, inside, strict=True)]
            )
        )
    return pd.concat(parts, ignore_index=True)


def _verdict(change: Summary, p: float, inside: float) -> str:
    if inside <= 0.05:
        return "equivalent"
    return ("better" if change.mean > 0 else "worse") if p <= 0.05 else "undecided"


def p_change(of: Reference) -> pd.DataFrame:
    """By class, adjusted over the classes and changes of a setting."""
    parts = []
    for _, table in of.tables["interventions_by_class"].groupby("setting", sort=False):
        shown = table[["change", "change_low", "change_high", "n_seeds"]].to_numpy().tolist()
        # Without an interval all differences are one: sign flips decide.
        p = [
            (2.0 ** (1 - n) if m else 1.0)
            if np.isnan(low)
            else Summary.of(m, low, high, int(n)).p()
            for m, low, high, n in shown
        ]
        keys = table[["setting", "intervention", "class"]]
        parts.append(keys.assign(p_change=numbers.holm(p)))
    return pd.concat(parts, ignore_index=True)


def p_above_chance(of: Reference) -> pd.DataFrame:
    """Over seeds; as all classes have as many images, chance is 1 / classes in every run."""
    parts = []
    for _, table in of.tables["interventions"].groupby("setting", sort=False):
        shown = table[["accuracy", "low", "high", "n_seeds"]].to_numpy().tolist()
        bound = 1 / len(of.folder.classes)
        p = [Summary.of(m, low, high, int(n)).p(bound) for m, low, high, n in shown]
        parts.append(table[["setting", "intervention"]].assign(p_chance=numbers.holm(p)))
    return pd.concat(parts, ignore_index=True)


@cache
def smallest_p(looks: tuple[int, ...], draws: int = 200_000) -> Array:
    """Sorted draws of the smallest p of a series of looks at nothing."""
    d = np.random.default_rng(3).normal(size=(draws, looks[-1]))
    p: Array = [stats.ttest_1samp(d[:, :n], 0, axis=1).pvalue for n in looks]
    return np.sort(np.min(p, axis=0))


def over_looks(p: Array, looks: tuple[int, ...]) -> tuple[Array, Array]:
    """Between which p lies over looks that stop at the first one this small (4 sd)."""
    smallest = smallest_p(looks)
    found = np.searchsorted(smallest, p) / len(smallest)
    # What is compared with them has an error of its own, of at most 0.0005 (statistics.md).
    error = 4 * np.sqrt((found + 1e-5) / len(smallest)) + 0.0005
    return np.maximum(p, found - error), np.minimum(len(looks) * p, found + error)
