"""The commands: parse, call, exit code. Nothing else.

Everything heavy is imported inside the command that needs it, so that help comes at once.
"""

import sys
from typing import Any

import click
from click.shell_completion import get_completion_class

import paribus
from paribus.cli.comparing import compare
from paribus.cli.data import data
from paribus.cli.demo import demo
from paribus.cli.exporting import export
from paribus.cli.new import new
from paribus.cli.results import audit, check, failures, report, status, verify
from paribus.cli.studies import exit_code, plan, run, trust
from paribus.cli.terminal import ReaderGoneError, open_streams, piped, tell
from paribus.errors import ParibusError
from paribus.names import printable


class _Commands(click.Group):
    """Turns errors into a message on standard error and an exit code."""

    def main(self, *args: Any, **options: Any) -> Any:
        open_streams()
        try:
            return super().main(*args, **options)
        except ReaderGoneError as error:
            sys.exit(error.exit_code)
        except OSError as error:  # of a folder or file that no better message is about
            tell(
                f"{error.filename}: {error.strerror}"
                if error.filename
                else error.strerror or str(error)
            )
            sys.exit(1)

    def make_context(self, *args: Any, **options: Any) -> click.Context:
        with piped():  # of the help, which click prints here
            return super().make_context(*args, **options)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with piped():
                return super().invoke(ctx)
        except click.UsageError as error:
            lines = error.format_message().expandtabs().split("\n")  # it quotes what was typed
            raise click.UsageError("\n".join(map(printable, lines)), error.ctx) from None
        except ParibusError as error:
            tell(str(error))
            ctx.exit(error.exit_code)
        except KeyboardInterrupt as interrupt:
            tell("Stopped. Finished runs are kept; rerun to resume.")
            ctx.exit(exit_code(interrupt))


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 96},
    epilog="Exit codes: 0 done; 1 a run failed or something could not be done; 2 the study or "
    "the command is wrong; 130, 143 or 129 stopped by Ctrl-C, SIGTERM or a closed terminal; "
    "141 the reader of a pipe, such as head, had enough. "
    "Results go to standard output, progress to standard error; NO_COLOR is respected.",
)
@click.version_option(paribus.__version__, "--version", "-V", prog_name="paribus")
def main() -> None:
    """Change one thing in a network; learn what it really did.

    A study names a baseline and variations of it. Paribus trains every setting from the same
    seeds, evaluates it, and writes a report of what differs.

    \b
    Examples:
      paribus demo
      paribus new my-study --data ~/photos      # my-study/study.yaml, to begin with
      paribus plan study.yaml
      paribus run study.yaml --out results
      paribus report results
      paribus compare mlruns/                   # runs that are there already
    """


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print a script that completes Paribus's commands in your shell.

    \b
    Example:
      paribus completion bash >> ~/.bashrc
    """
    whole = click.get_current_context().find_root().command
    kind = get_completion_class(shell)
    assert kind is not None  # click.Choice lets no other shell through
    click.echo(kind(whole, {}, "paribus", "_PARIBUS_COMPLETE").source())


_OF_RESULTS = (status, report, check, verify, failures, export, audit)
for command in (demo, new, run, plan, compare, trust, *_OF_RESULTS, data, completion):
    main.add_command(command)
