"""The images of failed cases, where predictions name their files."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from paribus.data.decode import contents, decode
from paribus.data.pixels import UnusableError
from paribus.failures.cases import telling_images
from paribus.failures.outcomes import outcomes
from paribus.found.predictions import Key, Tested
from paribus.records.file_names import is_file_name, keep_file_names
from paribus.records.images import ORIGINAL_SIDE, Pixels, keep_image, original_name
from paribus.records.types import Record
from paribus.sources.run import FoundRun


def images_of(
    tested: Tested, runs: Mapping[Key, FoundRun], folder: str | None
) -> Mapping[int, tuple[Path, str]]:
    """Number of an example -> the folder of its image and the path below it, as far as known.

    Paths are taken from `folder`, or else from where the predictions lie. What lies elsewhere
    isn't looked at: a stranger's file must not bring private images into a report.
    """
    if not tested.images:
        return {}
    places = [Path(folder)] if folder is not None else _places(runs)
    found = {}
    for number, path in tested.images.items():
        for place in places:
            if (below := _below(place, path)) is not None:
                found[number] = (place, below)
                break
    return found


def _places(runs: Mapping[Key, FoundRun]) -> list[Path]:
    files = (path for run in runs.values() if run.predictions for path in run.files)
    return list(dict.fromkeys(path.parent for path in files))


def _below(place: Path, path: str) -> str | None:
    """The path below a place; None where no file lies there, or it leads out of the place."""
    try:
        whole, root = (place / path).resolve(), place.resolve()
        if whole.is_file() and whole.is_relative_to(root):
            return whole.relative_to(root).as_posix()
    except (OSError, ValueError, RuntimeError):
        return None
    return None


def keep_images(
    out: Path,
    baseline: str,
    records: Sequence[Record],
    names: Mapping[int, str],
    images: Mapping[int, tuple[Path, str]],
) -> None:
    """Keep the images that the report shows, and what each example is called.

    An image that is damaged isn't kept. An example without one is called by its id.

    Raises:
        ReadError: an image can't be read now.
    """
    data = {record.facts.data.fingerprint for record in records if record.predictions}
    called = {number: name for number, name in names.items() if is_file_name(name)}
    keep_file_names(out, data, called | {number: name for number, (_, name) in images.items()})
    if not images:
        return
    for number in telling_images(outcomes(records), baseline).tolist():
        if number in images:
            place, name = images[number]
            with suppress(UnusableError):
                read = partial(_pixels, place / name)
                keep_image(out, original_name(number), read, ORIGINAL_SIDE)


def _pixels(path: Path) -> Pixels:
    return decode(contents(path))
