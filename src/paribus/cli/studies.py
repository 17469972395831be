"""From a study file: `paribus run` and `paribus plan`."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Any

import click

from paribus.cli.options import INTO, JSON, STUDY, read, study_options
from paribus.cli.show import print_results, show_plan, show_script_plan
from paribus.cli.terminal import OutputError, tell, write, write_json
from paribus.errors import SettingsError


@click.command()
@STUDY
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where results go.  [default: out/<name of the study file>]",
)
@INTO
@study_options
@click.option(
    "--other-machine",
    is_flag=True,
    help="Resume runs that were begun under another torch, engine, type of processor or GPU, or "
    "number of threads; the result is not bit-identical, and the report says so.",
)
@click.option(
    "--on",
    metavar="PLACE",
    help="Where runs are made: local, slurm, ray or ray://ADDRESS.  [default: what paribus.toml "
    "says, else local]",
)
@click.option(
    "--open",
    "opens",
    is_flag=True,
    help="Open the report in the browser; while the study trains, it shows the runs so far.",
)
@JSON
def run(
    study_file: Path,
    out: Path | None,
    into: bool,
    jobs: int | None,
    per_device: int,
    data_dir: Path | None,
    other_machine: bool,
    on: str | None,
    opens: bool,
    as_json: bool,
    **changes: Any,
) -> None:
    """Train every setting of STUDY from every seed and write the report.

    A study with a `trainer` has its runs made by a command or a function of yours; it needs
    --allow-code, or `paribus trust`.

    Finished runs are not trained again; after a change to the study, only what changed is.
    After a kill, a full disk or a closed terminal, rerun the same command: it resumes from the
    last checkpoint of each run, with the same results. Only one process can work in a folder of
    results at a time.

    With --open the report is in the browser from the start: how many runs there are, what failed,
    learning curves. It is written again as runs finish, at most once a minute, by a process that
    gives way to the training, and tests nothing before the study does.

    \b
    Examples:
      paribus run study.yaml
      paribus run study.yaml --open
      paribus run studies/lenet-stl10.yaml --data-dir ~/stl10 --out out/stl10
      paribus run study.yaml --seeds 1 --epochs 2               # a quick try
      paribus run study.yaml --looks 5,8,12,20                  # seeds until decided
      paribus run study.yaml --most 40                          # the same, one by one
      paribus run study.yaml --allow-code --on slurm            # as jobs of a cluster
      paribus run study.yaml --device cuda --precision bfloat16 # on this machine's GPUs
    """
    study = read(study_file, **changes)
    from paribus import pipeline
    from paribus.cli.live import LiveReport
    from paribus.cli.screen import Screen
    from paribus.events import to_all

    out = out or Path("out") / study_file.stem
    with stopped_by_signals(), examined(study_file), Screen() as screen, ExitStack() as opened:
        heard_by = [screen.show]
        if opens:
            heard_by.append(opened.enter_context(LiveReport(out, screen.show)).hear)
        results = pipeline.run(
            study,
            out,
            data_dir=data_dir,
            jobs=jobs,
            on=on,
            per_device=per_device,
            other_machine=other_machine,
            into=into,
            watch=to_all(heard_by),
        )
    try:
        print_results(results, out, as_json)
    except OutputError as error:
        tell(str(error))  # the study is done: its outcome counts
    sys.exit(1 if results.unfinished else 0)


@click.command()
@STUDY
@study_options
@JSON
def plan(
    study_file: Path,
    jobs: int | None,
    per_device: int,
    data_dir: Path | None,
    as_json: bool,
    **changes: Any,
) -> None:
    """Show what STUDY will take and what its seeds can show, before anything is trained.

    Says whether the images are there, what each variation changes, how many test images the
    margin is, which difference the seeds can show, which tests they are too few for, and, marked
    by "!", what should be declared otherwise. The time is that of all of `paribus run`, from its
    start to the report: every setting is trained and analyzed for a moment, in as many processes
    as the study will have. If other programs are busy now, the study is taken to have them
    beside it all the time.

    \b
    Examples:
      paribus plan study.yaml
      paribus plan studies/lenet-stl10.yaml --data-dir ~/stl10 --looks 5,10,20
    """
    study = read(study_file, **changes, starts_scripts=False)
    from paribus.study.scripted import ScriptedStudy

    if isinstance(study, ScriptedStudy):
        from paribus.scripts.plan import outlook

        planned = outlook(study, jobs)
        write_json(asdict(planned)) if as_json else show_script_plan(planned)
        return
    from paribus.execution.estimate import estimate

    with examined(study_file):
        estimated = estimate(study, data_dir, jobs, per_device)
    write_json(asdict(estimated)) if as_json else show_plan(estimated)


@contextmanager
def examined(study_file: Path) -> Iterator[None]:
    """Users' code at work: what it prints isn't ours, and what is wrong has a line of the study."""
    try:
        with redirect_stdout(sys.stderr):
            yield
    except SettingsError as error:
        from paribus.study.read import at_their_lines

        raise at_their_lines(study_file, error) from None


@click.command()
@click.argument("study_file", metavar="[STUDY]", required=False, type=click.Path(path_type=Path))
@click.option("--revoke", is_flag=True, help="Forget STUDY: it needs --allow-code again.")
def trust(study_file: Path | None, revoke: bool) -> None:
    """Let STUDY run the code that it names, without --allow-code, while its files stay the same.

    Read the code first: it runs with your rights. The study and the files of its code, with the
    modules that they import from the same folder or package, are remembered by their SHA-256 in
    a file of yours alone. If any of them changes, the study is refused again, with what changed.
    Run it in the folder where you run the study. Without STUDY, lists what is trusted.

    \b
    Examples:
      paribus trust study.yaml
      paribus trust
      paribus trust --revoke study.yaml
    """
    from paribus.study import trust as trusting
    from paribus.study.read import code_named, read_study

    if study_file is None:
        if revoke:
            raise click.UsageError("--revoke needs the study to forget")
        write(*trusting.trusted().studies)
    elif revoke:
        trusting.revoke(study_file)
    else:
        study = read_study(study_file)
        if not code_named(study):
            write(f"{study_file}: names no code, so it needs no trust")
        else:
            write(*trusting.trust(study_file, study))


class Stopped(KeyboardInterrupt):
    """The process was asked to end by a signal."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(signal.Signals(number).name)


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Raise `Stopped` on SIGTERM and SIGHUP, unless the caller ignores them, as nohup does."""
    ours = [s for s in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(s) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, _stop)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def exit_code(interrupt: KeyboardInterrupt) -> int:
    """128 and the signal's number, as a shell has it."""
    return 128 + (interrupt.number if isinstance(interrupt, Stopped) else signal.SIGINT)


def _stop(number: int, _frame: FrameType | None) -> None:
    raise Stopped(number)
