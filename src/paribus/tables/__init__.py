"""Records as tidy tables: one row each, every column documented in `COLUMNS`.

Settings and classes are categorical columns, so that a million rows stay small.
"""

from paribus.tables.columns import COLUMNS as COLUMNS
from paribus.tables.columns import tables_page as tables_page
from paribus.tables.frames import to_csv as to_csv
from paribus.tables.frames import to_csv_gz as to_csv_gz
from paribus.tables.of_comparisons import claims as claims
from paribus.tables.of_comparisons import comparisons as comparisons
from paribus.tables.of_comparisons import interventions as interventions
from paribus.tables.of_comparisons import interventions_by_class as interventions_by_class
from paribus.tables.of_comparisons import pairs as pairs
from paribus.tables.of_failures import FailureKind as FailureKind
from paribus.tables.of_failures import Order as Order
from paribus.tables.of_failures import chosen_failures as chosen_failures
from paribus.tables.of_failures import failures as failures
from paribus.tables.of_runs import confusion as confusion
from paribus.tables.of_runs import confusion_of as confusion_of
from paribus.tables.of_runs import epochs as epochs
from paribus.tables.of_runs import per_class as per_class
from paribus.tables.of_runs import runs as runs
from paribus.tables.of_runs import steps as steps
