"""From what is on disk: `paribus report`, `status`, `check`, `verify`, `failures`, `audit`."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from paribus.cli.options import JSON, OUT
from paribus.cli.show import (
    print_results,
    rows,
    show_claims,
    show_failures,
    show_files,
    show_status,
)
from paribus.cli.terminal import tell, write, write_json
from paribus.names import harmless, printable


@click.command()
@OUT
@click.option(
    "--no-images",
    is_flag=True,
    help="Leave out the images, for data sets whose images may not be published.",
)
@click.option(
    "--handin",
    is_flag=True,
    help="Write handin.html too: six to eight pages to print, or to save as PDF from a browser.",
)
@click.option(
    "--format",
    "formats",
    multiple=True,
    type=click.Choice(["md", "latex"]),
    help="Also write tables and figures for a paper, into OUT/paper. May be given twice.",
)
@JSON
def report(
    out: Path, no_images: bool, handin: bool, formats: tuple[str, ...], as_json: bool
) -> None:
    """Write the report of OUT again, from its records alone.

    Needs no data set and no PyTorch. Works while the study is still training: the report
    then shows the finished runs.

    For a paper, --format latex writes tables (booktabs) into OUT/paper/tables, figures one or two
    columns wide, as PDF and SVG, into OUT/paper/figures, and OUT/paper/paper.tex, which has all of
    them and compiles as it stands; --format md writes the tables in Markdown. Files of the same
    names are replaced, so copy what you want to edit; other files there are left alone.

    \b
    Examples:
      paribus report out/digits
      paribus report out/stl10 --no-images
      paribus report out/stl10 --handin       # then print out/stl10/handin.html
      paribus report out/stl10 --format latex
    """
    from paribus import pipeline
    from paribus.cli.screen import Screen

    with Screen() as screen:
        results = pipeline.rebuild_report(
            out,
            images=not no_images,
            formats=[*formats, *["handin"] * handin],
            watch=screen.show,
        )
    print_results(results, out, as_json)
    if handin and not as_json:
        write(str(out / "handin.html"))


@click.command()
@OUT
@JSON
def status(out: Path, as_json: bool) -> None:
    """Show the progress of the study in OUT, also while it is training.

    Every run is done, running, failed, damaged, interrupted (it will resume from a checkpoint)
    or left. Needs no data set and no PyTorch, and changes nothing.

    \b
    Examples:
      paribus status out/digits
      paribus status out/digits --json
    """
    from paribus.status import status as status_of

    progress = status_of(out)
    if as_json:
        write_json(asdict(progress) | {"counts": progress.counts})
    else:
        show_status(progress)


@click.command()
@OUT
@JSON
def check(out: Path, as_json: bool) -> None:
    """Test the claims of the study in OUT again, from its records alone.

    The exit code is 0 if every claim is supported, and 1 if any is refuted or undecided, so you
    can run it in CI like any other test. The runs that finished may be the lucky ones, so failed
    runs count at their worst wherever that speaks against a verdict.

    \b
    Examples:
      paribus check out/stl10
      paribus check out/stl10 --json
    """
    from paribus.results import read_results

    results = read_results(out)
    failed = results.comparison.values.failed_runs()
    if as_json:
        tested = {"study": results.study.name, "failed": [asdict(of) for of in failed]}
        write_json(tested | {"claims": rows(results.table("claims"))})
    else:
        from paribus.narrative.planned import on_ledger

        show_claims(results.study.name, results.claims, failed)
        if results.ledger.changes or not results.ledger.known:
            write(printable(on_ledger(results.ledger)))
    sys.exit(0 if all(claim.verdict == "supported" for claim in results.claims) else 1)


@click.command()
@OUT
@JSON
def verify(out: Path, as_json: bool) -> None:
    """Check every file that the results in OUT rest on, and name those that are damaged.

    Records and weights are compared with their checksums, checkpoints, analyses, the names of
    test images and the ledger with those they carry, and kept images are decoded. The report isn't
    checked: `paribus report` writes it again. Needs no data set and no PyTorch, and changes
    nothing.

    The exit code is 0 if all files are whole, and 1 if any is damaged or missing.

    \b
    Examples:
      paribus verify out/digits
      paribus verify out/digits --json
    """
    from paribus.verify import verify as verify_files

    files = verify_files(out)
    damaged = [file for file in files if file.fault]
    if as_json:
        counted = {"files": len(files), "bytes": sum(file.size for file in files)}
        write_json(counted | {"damaged": [asdict(file) for file in damaged]})
    else:
        show_files(files)
    sys.exit(1 if damaged else 0)


@click.command()
@OUT
@click.option("--setting", help="Of this setting only.")
@click.option("--true", metavar="CLASS", help="Images of this class.")
@click.option(
    "--predicted", metavar="CLASS", help="Images that at least one seed predicts as this class."
)
@click.option(
    "--kind",
    type=click.Choice(["systematic", "seed-dependent", "one-seed", "fixed", "broken"]),
    help="Wrong in every seed, in some, or in the only one; or fixed or broken by a variation.",
)
@click.option(
    "--sort",
    type=click.Choice(["wrong", "confidence", "boundary", "suspicion", "fixed", "broken"]),
    default="wrong",
    show_default=True,
    help="What comes first: wrong in most seeds; most confidently wrong; nearest to the decision "
    "boundary; most likely mislabeled; fixed, or broken, in most seeds.",
)
@click.option(
    "--limit",
    type=click.IntRange(0),
    default=20,
    show_default=True,
    help="Show at most this many; 0 shows all.",
)
@JSON
def failures(out: Path, limit: int, as_json: bool, **choice: Any) -> None:
    """List the test images that OUT's networks get wrong, from its records alone.

    An image is a failure of a setting if at least one seed gets it wrong. An image that a
    variation fixes is listed with the variation, even if no seed gets it wrong any more.

    \b
    Examples:
      paribus failures out/stl10 --true dog --predicted cat --kind systematic
      paribus failures out/stl10 --setting batch-norm --kind fixed --sort fixed
      paribus failures out/stl10 --sort suspicion --limit 0 --json
    """
    from paribus.results import read_results

    results = read_results(out)
    if not any(record.predictions for record in results.records):
        tell("No run has predictions, so it isn't known which test images it gets wrong.")
    matching = results.failures(**choice)
    listed = matching.head(limit or len(matching))
    if as_json:
        counted = {"study": results.study.name, "matching": len(matching), "shown": len(listed)}
        write_json(counted | {"failures": rows(listed)})
    else:
        show_failures(listed, len(matching))


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
        write_json({"sound": result.sound} | asdict(result))
    else:
        from paribus.audit.show import parts

        write(*parts(harmless(result)))
    sys.exit(0 if result.sound else 1)
