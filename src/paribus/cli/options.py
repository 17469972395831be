"""Arguments and options that several commands share."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from paribus.study.config import Engine
    from paribus.study.scripted import ScriptedStudy
    from paribus.study.spec import Study

STUDY = click.argument("study_file", metavar="STUDY", type=click.Path(path_type=Path))
OUT = click.argument("out", metavar="OUT", type=click.Path(path_type=Path, file_okay=False))
INTO = click.option(
    "--into",
    is_flag=True,
    help="Write even into a folder that holds other files; those of the same names are replaced.",
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
DATA_DIR = click.option(
    "--data-dir",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of a published set's official files.",
)


def _looks(
    _context: click.Context, _option: click.Parameter, value: str | None
) -> tuple[int, ...] | None:
    if not value:
        return None
    with suppress(ValueError):
        looks = tuple(int(part) for part in value.split(","))
        if list(looks) == sorted(set(looks)) and looks[0] >= 3:
            return looks
    raise click.BadParameter(
        f"expected increasing numbers of seeds from 3 on, as 5,8,12,20; got {value!r}"
    )


def _device(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    from paribus.study.config import DEVICE

    if value is None or re.fullmatch(DEVICE, value):
        return value
    raise click.BadParameter(f"expected auto, cpu, cuda, cuda:N or mps, got {value!r}")


def study_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options of a command that takes a study file, in the order that help lists them."""
    options = [
        click.option("--seeds", type=click.IntRange(1, 1000), help="Overrides the study's."),
        click.option(
            "--looks",
            metavar="N,N,...",
            callback=_looks,
            help="Add seeds at these looks until every variation is decided, as 5,8,12,20.",
        ),
        click.option(
            "--most",
            type=click.IntRange(4, 1000),
            metavar="N",
            help="Add seeds one by one until every variation is decided, at most N.",
        ),
        click.option("--epochs", type=click.IntRange(1), help="Overrides the study's."),
        click.option(
            "--engine",
            type=click.Choice(["auto", "torch", "native"]),
            help="What trains: Paribus's own engine (native) or PyTorch; overrides the study's.",
        ),
        click.option(
            "--device",
            callback=_device,
            metavar="DEVICE",
            help="Where networks train: auto, cpu, cuda, cuda:N or mps; overrides the study's.",
        ),
        click.option(
            "--precision",
            type=click.Choice(["float32", "bfloat16"]),
            help="What layers compute in; overrides the study's.",
        ),
        click.option(
            "--per-device",
            type=click.IntRange(1, 64),
            default=1,
            help="Runs at once on each GPU; they share its memory.  [default: 1]",
        ),
        click.option(
            "--jobs",
            type=click.IntRange(1, 256),
            help="Runs at once, at most; by default one per core, or what --per-device says.",
        ),
        DATA_DIR,
        click.option(
            "--allow-code",
            is_flag=True,
            help="Let the study run the Python code or the command that it names; "
            "`paribus trust` remembers it.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def read(
    study_file: Path,
    seeds: int | None,
    looks: tuple[int, ...] | None,
    most: int | None,
    epochs: int | None,
    engine: Engine | None,
    device: str | None,
    precision: str | None,
    allow_code: bool,
    *,
    starts_scripts: bool = True,
) -> Study | ScriptedStudy:
    """The study in a file with the options' changes; UsageError where two contradict each other.

    `starts_scripts`: the command starts what a study of scripts names, which needs permission.
    """
    from paribus.study.read import read_study, require_permission

    if sum(map(bool, (seeds, looks, most))) > 1:
        raise click.UsageError(
            "--seeds is a fixed number, --looks and --most add seeds: give only one of them"
        )
    until: Mapping[str, object] = {"looks": looks} if looks else {"most": most}
    added = {"until": "decided", **until} if looks or most else None
    study = read_study(
        study_file,
        seeds=seeds or added,
        epochs=epochs,
        engine=engine,
        device=device,
        precision=precision,
    )
    if not allow_code and (starts_scripts or study.is_trained_here):
        require_permission(study, study_file)
    return study
