"""The commands: parse, call, exit code. Nothing else.

Everything heavy is imported inside the command that needs it, so that help comes at once.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import get_completion_class

import paribus
from paribus.errors import ParibusError, printable

if TYPE_CHECKING:
    from paribus.study.spec import Study

INTERRUPTED = 130


class _Commands(click.Group):
    """Turns Paribus's errors into a message on standard error and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ParibusError as error:
            for line in str(error).split("\n"):
                click.echo(printable(line), err=True)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo("Stopped. Finished runs are kept; the same command goes on.", err=True)
            ctx.exit(INTERRUPTED)


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 96},
    epilog="Exit codes: 0 done, 1 a run failed or something could not be done, 2 the study or "
    "the command is wrong, 130 interrupted. Results go to standard output, progress to "
    "standard error; NO_COLOR is respected.",
)
@click.version_option(paribus.__version__, "--version", "-V", prog_name="paribus")
def main() -> None:
    """Change one thing in a network; learn what it really did.

    A study names a baseline and variations of it. Paribus trains every setting from the same
    seeds, evaluates it, and writes a report of what differs.

    \b
    Examples:
      paribus plan studies/digits.yaml
      paribus run studies/digits.yaml --out out/digits
      paribus report out/digits
    """


# ---- options that several commands share ---------------------------------------------------------

STUDY = click.argument("study_file", metavar="STUDY", type=click.Path(path_type=Path))
OUT = click.argument("out", metavar="OUT", type=click.Path(path_type=Path, file_okay=False))
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
DATA_DIR = click.option(
    "--data-dir",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Where STL-10's official binary files lie.",
)


def _looks(
    _context: click.Context, _option: click.Parameter, value: str | None
) -> tuple[int, ...] | None:
    try:
        looks = tuple(int(part) for part in value.split(",")) if value else None
    except ValueError:
        looks = ()
    if looks is not None and (list(looks) != sorted(set(looks)) or min(looks, default=0) < 3):
        raise click.BadParameter(
            f"{value!r} came; numbers of seeds from 3 on, each larger than the one before, as "
            "5,8,12,20"
        )
    return looks


def _study_options(command: Callable[..., None]) -> Callable[..., None]:
    options = [
        click.option("--seeds", type=click.IntRange(1, 1000), help="Instead of the study's."),
        click.option(
            "--looks",
            metavar="N,N,...",
            callback=_looks,
            help="Add seeds at these looks until every variation is decided, as 5,8,12,20.",
        ),
        click.option("--epochs", type=click.IntRange(1), help="Instead of the study's."),
        click.option(
            "--jobs", type=click.IntRange(1, 256), help="Processes; one a core by default."
        ),
        DATA_DIR,
        click.option(
            "--allow-code",
            is_flag=True,
            help="Let the study run Python code that it names (network.kind: module:callable).",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def _read(
    study_file: Path,
    seeds: int | None,
    looks: tuple[int, ...] | None,
    epochs: int | None,
    allow_code: bool,
) -> Study:
    from paribus.study.read import demand_permission, read_study

    if seeds and looks:
        raise click.UsageError("--seeds is a fixed number and --looks adds seeds: name one of them")
    until = {"until": "decided", "looks": looks} if looks else None
    study = read_study(study_file, seeds=seeds or until, epochs=epochs)
    if not allow_code:
        demand_permission(study, study_file)
    return study


# ---- commands ------------------------------------------------------------------------------------


@main.command()
@STUDY
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where results go.  [default: out/<name of the study file>]",
)
@_study_options
@JSON
def run(
    study_file: Path,
    out: Path | None,
    seeds: int | None,
    looks: tuple[int, ...] | None,
    epochs: int | None,
    jobs: int | None,
    data_dir: Path | None,
    allow_code: bool,
    as_json: bool,
) -> None:
    """Train every setting of STUDY from every seed and write the report.

    Runs that finished before are not trained again; a changed study trains what changed.

    \b
    Examples:
      paribus run studies/digits.yaml
      paribus run studies/lenet-stl10.yaml --data-dir ~/stl10 --out out/stl10
      paribus run studies/digits.yaml --seeds 1 --epochs 2      # a quick try
      paribus run studies/digits.yaml --looks 5,8,12,20         # seeds until decided
    """
    study = _read(study_file, seeds, looks, epochs, allow_code)
    from paribus import pipeline
    from paribus.screen import Screen

    with Screen() as screen:
        results = pipeline.run(
            study,
            out or Path("out") / study_file.stem,
            data_dir=data_dir,
            jobs=jobs,
            watch=screen.show,
        )
    _print_results(results, as_json)
    sys.exit(1 if results.failed else 0)


@main.command()
@OUT
@click.option(
    "--no-pictures", is_flag=True, help="Leave out the pictures, where they may not be published."
)
@JSON
def report(out: Path, no_pictures: bool, as_json: bool) -> None:
    """Write the report of OUT again, from its records alone.

    Needs neither the data set nor PyTorch.

    \b
    Examples:
      paribus report out/digits
      paribus report out/stl10 --no-pictures
    """
    from paribus import pipeline

    _print_results(pipeline.rebuild_report(out, pictures=not no_pictures), as_json)


@main.command()
@OUT
@JSON
def check(out: Path, as_json: bool) -> None:
    """Test the claims of the study in OUT again, from its records alone.

    The exit code is 0 if every claim is supported and 1 if one is refuted or undecided, so
    that a study's conclusions can be kept true like any other test.

    \b
    Examples:
      paribus check out/stl10
      paribus check out/stl10 --json
    """
    from paribus import pipeline
    from paribus.screen import show_claims

    results = pipeline.read_results(out)
    if as_json:
        found = results.table("claims").astype(object)
        rows = found.where(found.notna(), None).to_dict("records")
        click.echo(json.dumps({"study": results.study.name, "claims": rows}, indent=1))
    else:
        show_claims(results.study.name, results.claims)
    sys.exit(0 if all(claim.verdict == "supported" for claim in results.claims) else 1)


def _print_results(results: Any, as_json: bool) -> None:
    if as_json:
        finished = sum(r.facts.status == "finished" for r in results.records)
        click.echo(
            json.dumps(
                {
                    "report": str(results.report),
                    "results": str(results.out / "results.json"),
                    "finished": finished,
                    "failed": list(results.failed),
                }
            )
        )
        return
    for sentence in results.failed:
        click.echo(f"Failed: {printable(sentence)}", err=True)
    click.echo(results.report)


@main.command()
@STUDY
@_study_options
@JSON
def plan(
    study_file: Path,
    seeds: int | None,
    looks: tuple[int, ...] | None,
    epochs: int | None,
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
    study = _read(study_file, seeds, looks, epochs, allow_code)
    from paribus.execution.estimate import estimate
    from paribus.screen import show_outlook

    outlook = estimate(study, data_dir, jobs)
    if as_json:
        click.echo(json.dumps(asdict(outlook), indent=1))
    else:
        show_outlook(outlook)


@main.command()
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
    """Hold a published report against its own confusion matrices.

    FILE holds the matrices, and optionally what the report prints and concludes of them.
    Every figure is computed again; claims that the matrices can decide are checked; and it is
    said what one run of each setting can tell, and how many seeds it would have taken.

    Exit codes: 0 all that is printed follows and every claim that could be checked holds, 1
    something doesn't, 2 the file is wrong.

    \b
    Examples:
      paribus audit published.yaml
      paribus audit published.yaml --spread 0.006 --json
    """
    from paribus.audit.audit import audit as audited
    from paribus.audit.read import read_published

    found = audited(read_published(file), spread)
    if as_json:
        click.echo(json.dumps({"sound": found.sound} | asdict(found), indent=1))
    else:
        from paribus.audit.show import show

        show(found)
    sys.exit(0 if found.sound else 1)


@main.group()
def data() -> None:
    """List, fetch and verify the pictures that studies use."""


@data.command("list")
@DATA_DIR
@JSON
def list_sources(data_dir: Path | None, as_json: bool) -> None:
    """List the sources of pictures and whether they are ready.

    \b
    Example:
      paribus data list
    """
    from paribus.data.verify import states

    found = states(data_dir)
    if as_json:
        click.echo(json.dumps([asdict(state) for state in found], indent=1, default=str))
        return
    for state in found:
        click.echo(f"{state.name:8} {state.state}\n         {state.description}")
        if state.where:
            click.echo(f"         {state.where}")


@data.command()
@click.argument("source", type=click.Choice(["stl10"]))
@DATA_DIR
def fetch(source: str, data_dir: Path | None) -> None:
    """Download a source's pictures into the cache (or --data-dir).

    STL-10's archive is read as it arrives and left as soon as the labelled pictures are
    complete; a cut connection is taken up again.

    \b
    Example:
      paribus data fetch stl10
    """
    from paribus.data.dataset import cache_folder
    from paribus.data.download import fetch_stl10
    from paribus.events import DataRead
    from paribus.screen import Screen

    with Screen() as screen:
        folder = fetch_stl10(
            data_dir or cache_folder(), progress=lambda *seen: screen.show(DataRead(*seen))
        )
    click.echo(folder)


@data.command()
@click.argument("source", metavar="SOURCE")
@DATA_DIR
def verify(source: str, data_dir: Path | None) -> None:
    """Check a source: stl10, digits, or a folder of your own pictures.

    Every problem is printed; the exit code is 1 if there is any.

    \b
    Examples:
      paribus data verify stl10 --data-dir ~/stl10
      paribus data verify ~/pictures
    """
    from paribus.data.verify import verify as problems_of

    problems = problems_of(source, data_dir)
    for problem in problems:
        click.echo(problem)
    if not problems:
        click.echo(f"{source}: good")
    sys.exit(1 if problems else 0)


@main.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print a script that completes Paribus's commands in your shell.

    \b
    Example:
      paribus completion bash >> ~/.bashrc
    """
    kind = get_completion_class(shell)
    assert kind is not None  # click.Choice lets no other shell through
    click.echo(kind(main, {}, "paribus", "_PARIBUS_COMPLETE").source())
