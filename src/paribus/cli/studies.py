"""From a study file: `paribus run` and `paribus plan`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from paribus.cli.options import JSON, STUDY, read, study_options
from paribus.cli.output import print_results
from paribus.cli.signals import stopped_by_signals

if TYPE_CHECKING:
    from paribus.study.config import Engine


@click.command()
@STUDY
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where results go.  [default: out/<name of the study file>]",
)
@study_options
@click.option(
    "--other-machine",
    is_flag=True,
    help="Go on with runs begun under another torch, engine, processor type or number of threads, "
    "where the last bits differ; the report says so.",
)
@JSON
def run(
    study_file: Path,
    out: Path | None,
    seeds: int | None,
    looks: tuple[int, ...] | None,
    epochs: int | None,
    engine: Engine | None,
    jobs: int | None,
    data_dir: Path | None,
    allow_code: bool,
    other_machine: bool,
    as_json: bool,
) -> None:
    """Train every setting of STUDY from every seed and write the report.

    Runs that finished before are not trained again; a changed study trains what changed. After
    a kill, a full disk or a closed terminal the same command goes on, from the last checkpoint
    inside each run, to the same results. One process at a time works in a folder of results.

    \b
    Examples:
      paribus run studies/digits.yaml
      paribus run studies/lenet-stl10.yaml --data-dir ~/stl10 --out out/stl10
      paribus run studies/digits.yaml --seeds 1 --epochs 2      # a quick try
      paribus run studies/digits.yaml --looks 5,8,12,20         # seeds until decided
    """
    study = read(study_file, seeds, looks, epochs, engine, allow_code)
    from paribus import pipeline
    from paribus.cli.screen import Screen

    with stopped_by_signals(), Screen() as screen:
        results = pipeline.run(
            study,
            out or Path("out") / study_file.stem,
            data_dir=data_dir,
            jobs=jobs,
            other_machine=other_machine,
            watch=screen.show,
        )
    print_results(results, as_json)
    sys.exit(1 if results.unfinished else 0)


@click.command()
@STUDY
@study_options
@JSON
def plan(
    study_file: Path,
    seeds: int | None,
    looks: tuple[int, ...] | None,
    epochs: int | None,
    engine: Engine | None,
    jobs: int | None,
    data_dir: Path | None,
    allow_code: bool,
    as_json: bool,
) -> None:
    """Show every run of STUDY, what each variation changes, and how long it will take.

    The time is measured: a few training steps of every setting, on this machine, now.

    \b
    Example:
      paribus plan studies/lenet-stl10.yaml --jobs 2
    """
    study = read(study_file, seeds, looks, epochs, engine, allow_code)
    from paribus.cli.screen import show_outlook
    from paribus.execution.estimate import estimate

    outlook = estimate(study, data_dir, jobs)
    if as_json:
        click.echo(json.dumps(asdict(outlook), indent=1))
    else:
        show_outlook(outlook)
