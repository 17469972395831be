"""`paribus new`: a script with its study, to begin with."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

import paribus
from paribus.cli.terminal import write
from paribus.errors import FolderError
from paribus.io.disk import make_folder, write_file

EXAMPLES = Path(paribus.__file__).parent / "examples"
#: What starts an example that no command of Paribus starts.
_STARTS = {"function": "python train.py"}


def _names() -> list[str]:
    return sorted(path.name for path in EXAMPLES.iterdir() if (path / "study.yaml").is_file())


@click.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--from",
    "example",
    type=click.Choice(_names()),
    required=True,
    help="What the script is written with.",
)
def new(folder: Path | None, example: str) -> None:
    """Write a small script and the study that runs it into FOLDER, to begin with.

    FOLDER is the example's name by default; files that are there already aren't written over.

    \b
    Examples:
      paribus new --from lightning
      paribus new --from pytorch my-study
    """
    folder = folder or Path(example)
    files = [path for path in sorted((EXAMPLES / example).iterdir()) if path.is_file()]
    if there := [path.name for path in files if (folder / path.name).exists()]:
        raise FolderError(
            f"{folder}: {', '.join(there)} would be replaced. Name another folder, or move them."
        )
    make_folder(folder)
    for path in files:
        write_file(folder / path.name, path.read_bytes())
        write(str(folder / path.name))
    start = _STARTS.get(example, "paribus run study.yaml --allow-code")
    write(f"Next: cd {shlex.quote(str(folder))} && {start}")
