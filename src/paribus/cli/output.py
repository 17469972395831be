"""What several commands print on standard output."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from paribus.names import printable

if TYPE_CHECKING:
    import pandas as pd

    from paribus.results import Results


def rows(frame: pd.DataFrame) -> list[dict[Any, Any]]:
    """A table's rows for JSON, which has no NaN."""
    plain = frame.astype(object)
    return plain.where(plain.notna(), None).to_dict("records")


def print_results(results: Results, as_json: bool) -> None:
    """Where the report lies, on standard output; runs that failed, on standard error."""
    if as_json:
        finished = sum(r.facts.status == "finished" for r in results.records)
        click.echo(
            json.dumps(
                {
                    "report": str(results.report),
                    "results": str(results.out / "results.json"),
                    "finished": finished,
                    "failed": list(results.unfinished),
                }
            )
        )
        return
    for sentence in results.unfinished:
        click.echo(f"Failed: {printable(sentence)}", err=True)
    click.echo(results.report)
