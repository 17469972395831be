"""Images: `paribus data list`, `fetch` and `verify`."""

import sys
from contextlib import nullcontext
from dataclasses import asdict, replace
from pathlib import Path

import click

from paribus.cli.options import DATA_DIR, JSON
from paribus.cli.show import show_images
from paribus.cli.terminal import write, write_json
from paribus.errors import DataError


@click.group()
def data() -> None:
    """List, fetch and verify the images that studies use."""


@data.command("list")
@DATA_DIR
@JSON
def list_sources(data_dir: Path | None, as_json: bool) -> None:
    """List the sources of images and whether they are ready.

    \b
    Example:
      paribus data list
    """
    from paribus.data.sources import states

    sources = states(data_dir)
    if as_json:
        write_json([asdict(state) for state in sources])
        return
    for state in sources:
        write(f"{state.name:13} {state.state}", f"{'':13} {state.description}")
        if state.where:
            write(f"{'':13} {state.where}")


@data.command()
@click.argument(
    "source",
    type=click.Choice(["stl10", "mnist", "fashion_mnist", "kmnist", "cifar10", "cifar100", "svhn"]),
)
@DATA_DIR
def fetch(source: str, data_dir: Path | None) -> None:
    """Download a source's images into the cache (or --data-dir).

    A download resumes after a broken connection. That of STL-10's archive stops as soon as the
    labeled images are complete.

    \b
    Example:
      paribus data fetch stl10
      paribus data fetch cifar10 --data-dir ~/data
    """
    from paribus.cli.screen import Screen
    from paribus.data.cache import own_cache
    from paribus.data.download import fetch_published, fetch_stl10
    from paribus.events import DataRead
    from paribus.io.disk import private

    with Screen() as screen, nullcontext() if data_dir else private():
        place = data_dir or own_cache()

        def tell(what: str, done: int, total: int | None) -> None:
            screen.show(DataRead(what, done, total))

        if source == "stl10":
            folder = fetch_stl10(place, progress=tell)
        else:
            folder = fetch_published(source, place, tell)
    write(str(folder))


@data.command()
@click.argument("source", metavar="SOURCE")
@DATA_DIR
def verify(source: str, data_dir: Path | None) -> None:
    """Check a source of images, or a folder or .npz file of your own.

    Every problem is printed; the exit code is 1 if there is any.

    \b
    Examples:
      paribus data verify stl10 --data-dir ~/stl10
      paribus data verify ~/images
      paribus data verify ~/pathmnist.npz
    """
    from paribus.data.dataset import prepare
    from paribus.data.sources import named
    from paribus.data.sources import verify as problems_of
    from paribus.narrative.images import images_ready

    problems = problems_of(source, data_dir)
    try:
        dataset, _ = prepare(named(source), data_dir)
        show_images(*images_ready({"": replace(dataset, left_out=())}))  # they are problems here
    except DataError as error:
        problems = problems if str(error) in problems else [*problems, str(error)]
    write(*(problems or [f"{source}: good"]))
    sys.exit(1 if problems else 0)
