"""The sources of images: digits, STL-10, and folders of the user's images."""

from __future__ import annotations

from pathlib import Path

from paribus.data.images import Originals, Progress
from paribus.data.sources.digits import open_digits
from paribus.data.sources.folder import open_folder
from paribus.data.sources.stl10 import open_stl10
from paribus.study.config import Data, Digits, Stl10


def open_source(
    data: Data, data_dir: Path | None = None, progress: Progress | None = None
) -> Originals:
    """The images that a study's `data` names.

    Args:
        data_dir: where STL-10's official files are, if not in the cache.

    Raises:
        DataError: if the images are missing or damaged.
    """
    if isinstance(data, Digits):
        return open_digits()
    if isinstance(data, Stl10):
        return open_stl10(data_dir, progress)
    return open_folder(data, progress)
