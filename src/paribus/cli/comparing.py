"""Runs that are there already: `paribus compare`."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from paribus.cli.options import INTO, JSON
from paribus.cli.studies import stopped_by_signals
from paribus.cli.terminal import tell, write, write_json

if TYPE_CHECKING:
    from paribus.found.unsettled import Choice, UnsettledError
    from paribus.results import Results
    from paribus.study.found import Declared


@click.command()
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--study",
    "study_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="A study file with `compare`, which declares the same, and claims.",
)
@click.option(
    "--baseline",
    metavar="NAME",
    help="What the others are compared with: the name of a setting, or KEY=VALUE[,KEY=VALUE...].",
)
@click.option("--metric", metavar="NAME", help="The metric that decides.")
@click.option("--higher-better", is_flag=True, help="A higher value of the metric is better.")
@click.option("--lower-better", is_flag=True, help="A lower value of the metric is better.")
@click.option(
    "--margin",
    type=click.FloatRange(0, min_open=True),
    help="The largest difference that doesn't matter, in the metric's unit.",
)
@click.option(
    "--at",
    metavar="POINT",
    help="The value that counts: last, best:METRIC (where that one is best), or a step or epoch.  "
    "[default: last]",
)
@click.option(
    "--pattern",
    metavar="TEXT",
    help="Read setting and seed from names of runs, files or folders, as '{setting}_seed{seed}'.",
)
@click.option(
    "--seed", metavar="KEY", help="The key that is the seed; none: the runs have no seeds."
)
@click.option(
    "--ignore", metavar="KEY", multiple=True, help="A key that makes no setting. May be repeated."
)
@click.option("--last", is_flag=True, help="Of runs with the same setting and seed, the last one.")
@click.option("--mean", is_flag=True, help="Of runs with the same setting and seed, their mean.")
@click.option(
    "--predictions",
    metavar="FILE",
    help="Predictions for the test set: one file, or one a run, as 'preds/{setting}-{seed}.npz'.",
)
@click.option(
    "--images",
    type=click.Path(exists=True, file_okay=False),
    help="The folder in which the predictions' paths of images lie.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where results go.  [default: out/<name of the study file or the first path>]",
)
@INTO
@JSON
def compare(
    paths: tuple[Path, ...],
    study_file: Path | None,
    out: Path | None,
    into: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Compare runs that are there already, whatever trained them, and write the report.

    PATH is a file or folder: MLflow, W&B (offline, or exported as CSV), TensorBoard, Lightning,
    Keras, Hugging Face, Hydra, timm, DVCLive, Sacred, Trackio, or tables (CSV, JSON, Parquet).
    Settings are what differs between the runs' configurations, beside the seed. What was found is
    printed first; where it can't be known, the command ends with 2 and prints the commands that
    would settle it. Nothing is trained, no tracker's library is needed, and no file is changed.

    \b
    Examples:
      paribus compare mlruns/
      paribus compare wandb/ --baseline lr=0.1 --metric test_acc
      paribus compare runs.csv --metric fid --lower-better --margin 0.5 --out out/fid
      paribus compare logs/ --pattern '{setting}_seed{seed}' --at best:val_loss
      paribus compare lightning_logs/ tb/ --study compare.yaml   # declared in a file, with claims
    """
    from paribus import pipeline
    from paribus.cli.screen import Screen
    from paribus.errors import StudyError
    from paribus.found.unsettled import UnsettledError
    from paribus.study.read import located

    if not paths and study_file is None:
        raise click.UsageError("give the runs' files or folders, or a study file with --study")
    for one, other in (("higher_better", "lower_better"), ("last", "mean")):
        if options[one] and options[other]:
            names = " and ".join(f"--{name.replace('_', '-')}" for name in (one, other))
            raise click.UsageError(f"{names} exclude each other")
    for path in paths:
        if path.suffix.lower() in (".yaml", ".yml") and path.is_file():
            raise click.UsageError(f"{path} looks like a study file: write --study {path}")
    declared = _declared(paths, study_file, options)
    given_out = out
    out = out or Path("out") / _stem(study_file or Path(declared.compare.runs[0]))
    try:
        with stopped_by_signals(), Screen() as screen:
            results = pipeline.compare(declared, out, into=into, watch=screen.show)
    except UnsettledError as error:
        kept = {"out": given_out, "into": into, "json": as_json}
        tell("\n".join(error.found))
        tell(error.told(_commands(error, paths, study_file, options | kept)))
        raise click.exceptions.Exit(error.exit_code) from None
    except StudyError as error:
        at_options = StudyError("compare", error.problems)
        raise (located(study_file, error) if study_file else at_options) from None
    _print(results, out, as_json)


def _declared(
    paths: Sequence[Path], study_file: Path | None, options: Mapping[str, Any]
) -> Declared:
    """What the study file and the options declare; options count before the file."""
    from paribus.errors import Problem, StudyError
    from paribus.found.declared import declaration, declared_of
    from paribus.study.read import read_declared

    given = {key: value for key, value in options.items() if value}
    higher, lower = given.pop("higher_better", False), given.pop("lower_better", False)
    given["better"] = "higher" if higher else "lower" if lower else None
    given["repeated"] = next((name for name in ("last", "mean") if given.pop(name, False)), None)
    values = declaration(list(map(str, paths)), **given)
    if study_file is None:
        return declared_of(values)
    declared = read_declared(study_file, values)
    if not declared.compare.runs:
        what = "expected files or folders of runs, here or as arguments of the command"
        raise StudyError(str(study_file), [Problem(1, 1, "compare.runs", what)])
    return declared


def _stem(path: Path) -> str:
    """The name of a folder for results: a path's own name without its ending."""
    return path.resolve().stem or "compared"


def _commands(
    error: UnsettledError,
    paths: Sequence[Path],
    study_file: Path | None,
    options: Mapping[str, Any],
) -> list[str]:
    """The whole command for each choice, ready to be pasted."""
    study = {"study": str(study_file)} if study_file else {}
    return [
        shlex.join(
            ["paribus", "compare", *map(str, paths), *_words({**study, **options, **_own(choice)})]
        )
        for choice in error.choices
    ]


def _own(choice: Choice) -> dict[str, str | bool]:
    """A choice under the names of options: `repeated` has two."""
    return {
        str(v) if k == "repeated" else k: True if k == "repeated" else v for k, v in choice.items()
    }


def _words(options: Mapping[str, Any]) -> list[str]:
    words: list[str] = []
    for name, value in options.items():
        flag = f"--{name.replace('_', '-')}"
        if value is True:
            words.append(flag)
        elif value not in (None, False, ()):
            each = value if isinstance(value, tuple) else (value,)
            words += [word for one in each for word in (flag, str(one))]
    return words


def _print(results: Results, out: Path, as_json: bool) -> None:
    """The verdicts in short, and where the report lies."""
    from paribus.cli.show import print_results, rows
    from paribus.narrative.answer import in_short

    if as_json:
        compared = results.table("comparisons") if results.compared else None
        write_json(
            {
                "report": str(out / results.report.name),
                "results": str(out / "results.json"),
                "paired": results.study.paired,
                "comparisons": [] if compared is None else rows(compared),
                "refused": list(results.refused),
            },
            indent=None,
        )
        return
    if results.compared is not None and results.compared.primary:
        write(in_short(results.compared))
    for sentence in results.refused:
        tell(sentence)
    print_results(results, out, as_json)
