"""Hydra: a folder with `.hydra/`, whose configuration belongs to the runs beside it.

Hydra logs no metrics, so another reader finds the runs; what its file says wins over Hydra's.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

from paribus.errors import SourceError
from paribus.io.reading import is_folder
from paribus.sources.configs import config_at, read_yaml
from paribus.sources.files import is_file, name_of, there
from paribus.sources.run import FoundRun, Reader, Value

HYDRA, CONFIG, OVERRIDES = ".hydra", "config.yaml", "overrides.yaml"


def read(folder: Path) -> Sequence[FoundRun]:
    """The runs in a job's folder, each with the job's configuration."""
    config, lost = config_at(folder / HYDRA / CONFIG)
    overrides, lost_overrides = _overrides(folder / HYDRA / OVERRIDES)
    own = {**_chosen(overrides, config), **config}
    files = there((folder / HYDRA / CONFIG, folder / HYDRA / OVERRIDES))
    runs, unread = _beside(folder)
    return [
        dataclasses.replace(
            run,
            title=run.title or " ".join(overrides),
            config={**own, **run.config},
            files=(*run.files, *files),
            lost=(*run.lost, *lost, *lost_overrides),
            notes=(*run.notes, *unread),
        )
        for run in runs
    ]


def _beside(folder: Path) -> tuple[Sequence[FoundRun], tuple[str, ...]]:
    """Runs that other readers find in the folder, and what they can't read.

    Where there are none, it is one without metrics.
    """
    from paribus.sources.find import READERS, search  # it lists this reader

    others = [reader for reader in READERS if reader is not READER]
    found = search([folder], others)
    return found.runs or [FoundRun(name_of(folder))], found.unread


def _overrides(path: Path) -> tuple[list[str], tuple[str, ...]]:
    if not is_file(path):
        return [], ()
    try:
        given = read_yaml(path)
    except SourceError as error:
        return [], (str(error),)
    return ([str(one) for one in given] if isinstance(given, list) else []), ()


def _chosen(overrides: Sequence[str], config: Mapping[str, Value]) -> dict[str, Value]:
    """What was chosen for groups, as `model=resnet`: the configuration has its contents alone."""
    pairs = (one.lstrip("+").partition("=") for one in overrides if not one.startswith("~"))
    return {key: value for key, sign, value in pairs if sign and key not in config}


def recognizes(folder: Path) -> bool:
    """Whether it is a job's folder."""
    return is_folder(folder / HYDRA) and is_file(folder / HYDRA / CONFIG)


READER = Reader("Hydra", recognizes, read)
