"""`command.py` without charts: they take half of the time of a small study's report."""

# isort: off
from undrawn import leave_charts_out  # first: the command forgets where it itself lies

from paribus.__main__ import main

if __name__ == "__main__":
    leave_charts_out()
    main(prog_name="paribus")
