"""From a published report: `paribus audit`."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click

from paribus.cli.options import JSON


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--spread",
    metavar="SD",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Standard deviation over seeds of the difference of two settings' accuracies; 0.01 is "
    "one point.  [default: the file's, or 0.01]",
)
@JSON
def audit(file: Path, spread: float | None, as_json: bool) -> None:
    """Check a published report against its own confusion matrices.

    FILE holds the matrices, and optionally what the report prints and concludes from them.
    Every printed figure is computed again, every claim with a test that the matrices can
    decide is checked, and each difference is compared with what one run of each setting can
    show.

    Exit codes: 0 every printed figure matches and every claim that could be checked holds, 1
    one doesn't, 2 the file is wrong.

    \b
    Examples:
      paribus audit published.yaml
      paribus audit published.yaml --spread 0.006 --json
    """
    from paribus.audit import audit as audited
    from paribus.audit.read import read_published

    result = audited(read_published(file), spread)
    if as_json:
        click.echo(json.dumps({"sound": result.sound} | asdict(result), indent=1))
    else:
        from paribus.audit.show import show

        show(result)
    sys.exit(0 if result.sound else 1)
