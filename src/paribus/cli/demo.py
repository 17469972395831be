"""`paribus demo`: a study that comes with Paribus, from its images to its report."""

from __future__ import annotations

from pathlib import Path

import click

import paribus
from paribus.cli.studies import run

STUDY = Path(paribus.__file__).parent / "examples" / "digits.yaml"


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("out", "digits"),
    help="Where results go.  [default: out/digits in the current folder]",
)
@click.pass_context
def demo(context: click.Context, out: Path) -> None:
    """Train 30 small networks on handwritten digits and write the report.

    It takes minutes and downloads nothing: the images come with scikit-learn. It is `paribus run`
    with a study that comes with Paribus, of LeNet-5 as it is, with batch normalization and with
    L2, from ten seeds each. After a kill, rerun it: it resumes.

    \b
    Examples:
      paribus demo
      paribus demo --out ~/demo
    """
    context.invoke(run, study_file=STUDY, out=out)
