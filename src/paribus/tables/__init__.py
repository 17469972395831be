"""Records as tidy tables: one row each, every column documented in `COLUMNS`.

Settings and classes are categorical columns, so that a million rows stay small.
"""

from paribus.tables.columns import COLUMNS, ROWS, tables_page
from paribus.tables.frames import to_csv, to_csv_gz
from paribus.tables.of_comparisons import (
    claims,
    comparisons,
    interventions,
    interventions_by_class,
)
from paribus.tables.of_failures import (
    FAILURE_KINDS,
    ORDERS,
    FailureKind,
    Order,
    chosen_failures,
    failures,
)
from paribus.tables.of_runs import confusion, confusion_of, epochs, per_class, runs, steps

__all__ = [
    "COLUMNS",
    "FAILURE_KINDS",
    "ORDERS",
    "ROWS",
    "FailureKind",
    "Order",
    "chosen_failures",
    "claims",
    "comparisons",
    "confusion",
    "confusion_of",
    "epochs",
    "failures",
    "interventions",
    "interventions_by_class",
    "per_class",
    "runs",
    "steps",
    "tables_page",
    "to_csv",
    "to_csv_gz",
]
