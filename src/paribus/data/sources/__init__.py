"""Where pictures come from: digits, STL-10, the user's own folders."""

from __future__ import annotations

from pathlib import Path

from paribus.data.cache import cache_folder
from paribus.data.pictures import Pictures, Progress, silent
from paribus.data.sources import stl10
from paribus.data.sources.digits import open_digits
from paribus.study.spec import Data, Digits, Stl10


def open_source(data: Data, data_dir: Path | None = None, progress: Progress = silent) -> Pictures:
    """The pictures that a study names; STL-10 is downloaded if it is nowhere to be found.

    Raises:
        DataError: if they are missing, damaged or not pictures.
    """
    match data:
        case Digits():
            return open_digits()
        case Stl10():
            return stl10.open_stl10(_stl10_folder(data_dir, progress), progress)
    from paribus.data.sources.folder import open_folder

    return open_folder(Path(data.path), data.colour, progress)


def _stl10_folder(data_dir: Path | None, progress: Progress) -> Path:
    for place in filter(None, (data_dir, cache_folder())):
        if found := stl10.find(place):
            return found
    from paribus.data.download import fetch_stl10

    return fetch_stl10(data_dir or cache_folder(), progress=progress)
