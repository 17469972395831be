"""To where a team looks: `paribus export`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from paribus.cli.options import JSON, OUT
from paribus.cli.terminal import tell, write, write_json
from paribus.errors import listed

if TYPE_CHECKING:
    from paribus.export.write import To


@click.command()
@OUT
@click.option(
    "--to",
    required=True,
    type=click.Choice(["mlflow", "wandb", "tensorboard", "csv"]),
    help="The tool to write for.",
)
@click.option(
    "--into",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="Write into this folder.  [default: OUT/export/<tool>]",
)
@JSON
def export(out: Path, to: To, into: Path | None, as_json: bool) -> None:
    """Write the runs of OUT for MLflow, W&B or TensorBoard, or as one CSV table.

    Every run that has ended is written with its setting, seed, configuration, metrics, curves
    and status, failed ones too. Nothing is sent anywhere: MLflow gets a database, W&B gets
    offline runs, TensorBoard a folder of event files. Their libraries come with
    `pip install 'paribus[trackers]'`; the table needs none.

    The same command again replaces what it wrote. A folder that holds anything else is refused.

    \b
    Examples:
      paribus export out/digits --to mlflow
      paribus export out/digits --to tensorboard --into runs/digits
      paribus export out/digits --to csv
    """
    from paribus.cli.screen import Screen
    from paribus.export.write import export_runs
    from paribus.results import read_results

    with Screen() as screen:
        made = export_runs(read_results(out), to, into, watch=screen.show)
    folder = str(into or out / "export" / to)
    if as_json:
        write_json(asdict(made) | {"folder": folder})
        return
    for sentence in listed([f"Left out: {one}" for one in made.left_out] + [*made.notes]):
        tell(sentence)
    if made.look:
        tell(f"To look at it: {made.look}")
    write(folder)
