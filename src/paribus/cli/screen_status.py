"""The progress of a study on standard output."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from paribus.names import printable
from paribus.status import RunState, Status

_STYLES = {
    "done": "green",
    "running": "bold",
    "failed": "bold red",
    "damaged": "bold red",
    "interrupted": "yellow",
    "left": "dim",
}


def show_status(status: Status) -> None:
    """Print how far a study has come: who is at work, the counts, and every run."""
    console = Console(highlight=False)

    def say(line: str) -> None:
        console.print(printable(line), markup=False, soft_wrap=True)

    console.print(Text(printable(status.study), style="bold"))
    say(f"Being worked on by {status.holder}" if status.holder else "Nobody is at work on it.")
    if status.last:
        say(f"Last: {status.last.get('says', '')}, {status.last.get('time', '')}")
    table = Table("setting", "seed", "state", "epoch", Column(overflow="fold"), box=SIMPLE_HEAD)
    for run in status.runs:
        table.add_row(*_row(run))
    console.print(table)
    say(", ".join(f"{number} {state}" for state, number in status.counts.items() if number))
    for where in status.set_aside:
        say(f"Set aside: {where}")


def _row(run: RunState) -> tuple[Text, ...]:
    return (
        Text(run.setting),
        Text(str(run.seed)),
        Text(run.state, style=_STYLES[run.state]),
        Text(f"{run.epoch} of {run.epochs}"),
        Text(printable(run.message)),
    )
