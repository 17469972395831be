"""W&B's runs on disk: folders `offline-run-<time>-<id>` with a `.wandb` file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from paribus.errors import SourceError
from paribus.io.reading import UnfitError, is_folder, names_in, opened
from paribus.sources.configs import flat
from paribus.sources.files import name_of
from paribus.sources.protobuf import DamagedError
from paribus.sources.run import FoundRun, Points, Reader, Status
from paribus.sources.wandb_blocks import MAGIC
from paribus.sources.wandb_log import Log, read_log


def recognizes(path: Path) -> bool:
    """Whether a folder has a run's file, or a file is one; W&B's link to the latest run isn't."""
    if is_folder(path):
        return not path.is_symlink() and bool(_logs(path))
    return path.suffix == ".wandb" and _begins(path)


def read(path: Path) -> list[FoundRun]:
    """The run in a folder, or of a file.

    Raises:
        SourceError: it can't be read.
        ReadError: it can't be read now.
    """
    return [_run(file) for file in (_logs(path) if is_folder(path) else [path])]


def _logs(folder: Path) -> list[Path]:
    names = [name for name in names_in(folder) if name.endswith(".wandb")]
    return [folder / name for name in names if _begins(folder / name)]


def _begins(path: Path) -> bool:
    try:
        with opened(path) as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def _run(path: Path) -> FoundRun:
    try:
        log = read_log(path)
    except (DamagedError, UnfitError) as error:
        raise SourceError(f"{path}: {error}") from error
    killed = "it never said that it ended: it was killed, or is running still"
    own = path.parent.name.endswith(path.stem.removeprefix("run-"))
    return FoundRun(
        name=name_of(path.parent if own else path),
        title=log.title,
        group=log.group,
        status=_status(log),
        config=flat({k: v for k, v in log.config.items() if not k.startswith("_")}),
        metrics=_metrics(log),
        files=(path,),
        lost=tuple(log.lost),
        notes=() if log.exit_code is not None else (killed,),
    )


def _status(log: Log) -> Status:
    return "finished" if log.exit_code == 0 else "failed"


def _metrics(log: Log) -> dict[str, Points]:
    """What was logged step by step, and of all else that the summary has its one value."""
    metrics = {
        name: Points.of(np.column_stack([np.array(steps), np.array(values)]))
        for name, (steps, values) in log.history.items()
    }
    last = max((points.at[-1] for points in metrics.values()), default=0.0)
    alone = {name: Points.of([(last, value)]) for name, value in log.summary.items()}
    # Names that begin so are W&B's own: times and the step itself.
    return {name: points for name, points in (alone | metrics).items() if name[:1] != "_"}


READER = Reader("W&B", recognizes, read)
