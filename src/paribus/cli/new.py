"""`paribus new`: a study to begin with, of a user's images or of a script."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import click

import paribus
from paribus.cli.terminal import write
from paribus.errors import FolderError
from paribus.io.disk import make_folder, write_file

EXAMPLES = Path(paribus.__file__).parent / "examples"
STUDY = "study.yaml"
#: What starts an example that no command of Paribus starts.
_STARTS = {"function": "python train.py"}


def _names() -> list[str]:
    return sorted(path.name for path in EXAMPLES.iterdir() if (path / STUDY).is_file())


@click.command()
@click.argument(
    "folder", metavar="[NAME]", required=False, type=click.Path(path_type=Path, file_okay=False)
)
@click.option(
    "--data",
    "images",
    metavar="FOLDER",
    help="Your images: a folder with a subfolder for each class, or with train, val and test; or "
    "a table (.csv), or arrays (.npz).",
)
@click.option(
    "--from",
    "example",
    type=click.Choice(_names()),
    help="A script and its study, by what the script is written with.",
)
def new(folder: Path | None, images: str | None, example: str | None) -> None:
    """Write a study into the folder NAME, to begin with.

    With --data, it looks at your images first, and fills in their classes, size, color and split,
    and a margin, batch size and number of epochs that fit. With --from, it is a small script with
    the study that runs it; NAME is the script's kind by default. With neither, it is a study of
    handwritten digits. Files that are there already aren't written over.

    \b
    Examples:
      paribus new flowers --data ~/photos
      paribus new my-study
      paribus new --from lightning
      paribus new my-study --from pytorch
    """
    if images and example:
        raise click.UsageError("--data is for your images, --from for scripts: give one of them")
    if example:
        _write_example(folder or Path(example), example)
    elif folder:
        _write_study(folder, images)
    else:
        raise click.UsageError("expected NAME, as in `paribus new my-study`, or --from")


def _write_example(folder: Path, example: str) -> None:
    files = [path for path in sorted((EXAMPLES / example).iterdir()) if path.is_file()]
    start = _STARTS.get(example, f"paribus run {STUDY} --allow-code")
    _write(folder, {path.name: path.read_bytes() for path in files}, start)


def _write_study(folder: Path, images: str | None) -> None:
    _require_new(folder, [STUDY])
    if images is None:
        from paribus.narrative.first_study import digits_study

        text = digits_study()
    else:
        text = _study_of(images, folder)
    _write(folder, {STUDY: text.encode()}, f"paribus run {STUDY}")


def _study_of(images: str, folder: Path) -> str:
    """The text of a study in a folder, of images elsewhere; shows what they are like."""
    from paribus.cli.screen import Screen
    from paribus.data.cache import home_expanded
    from paribus.data.dataset import prepare
    from paribus.data.look import fitted, own
    from paribus.events import DataRead
    from paribus.narrative.first_study import first_study, on_first_sight
    from paribus.narrative.images import images_ready

    # A `Path` would forget that ./~ is no home.
    place = (home_expanded(images) if images.startswith("~") else Path(images)).absolute()
    _require_apart(folder, place)
    with Screen() as screen:

        def tell(what: str, done: int, total: int | None) -> None:
            screen.show(DataRead(what, done, total))

        data, seen = fitted(own(place), tell)
        dataset, originals = prepare(data, progress=tell)
        for ready in images_ready({"": dataset}):
            screen.show(ready)
    given = {*originals.part.tolist()}
    return first_study(
        data.model_copy(update={"path": _as_seen_from(folder, images)}),
        place.resolve().stem,
        on_first_sight(dataset, seen, given),
        len(dataset.splits.training),
        len(dataset.splits.test),
        given,
    )


def _as_seen_from(folder: Path, images: str) -> str:
    """The path of images in a study that is run in a folder; one from the root or home stays."""
    if images.startswith(("/", "~")):
        return images
    there, here = Path(images).resolve(), folder.resolve()
    seen = os.path.relpath(Path(images).absolute(), here)
    # Behind links, `..` leads elsewhere; and what begins with `~` would be taken for a home.
    is_same = (here / seen).resolve() == there and not seen.startswith("~")
    return seen if is_same else str(there)


def _require_apart(folder: Path, images: Path) -> None:
    """Refuse to write a study among folders of images, which are classes."""
    if images.is_dir() and folder.resolve().is_relative_to(images.resolve()):
        raise FolderError(
            f"{folder}: this lies among the images in {images}, where every folder is a class. "
            "Name a folder elsewhere."
        )


def _require_new(folder: Path, names: list[str]) -> None:
    if there := [name for name in names if os.path.lexists(folder / name)]:
        raise FolderError(
            f"{folder}: {', '.join(there)} would be replaced. Name another folder, or move them."
        )


def _write(folder: Path, files: dict[str, bytes], start: str) -> None:
    """Write files that aren't there yet, and say how to go on."""
    _require_new(folder, [*files])
    make_folder(folder)
    for name, content in files.items():
        write_file(folder / name, content)
        write(str(folder / name))
    into = "" if folder.resolve() == Path.cwd() else f"cd {shlex.quote(str(folder))} && "
    write(f"Next: {into}{start}")
