"""W&B's offline runs, written by its library; `wandb sync` uploads them, nothing else does."""

import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from paribus.errors import ExportError
from paribus.export.runs import ExportedRun
from paribus.export.target import Target
from paribus.sources.find import read_runs
from paribus.sources.wandb import READER

#: Characters that names of projects can't have, and how many they have at most.
_NO_PROJECT, _LONGEST = str.maketrans("/\\#?%:", "------"), 128

#: Of the machine that exports nothing is told: it isn't the one that trained.
_SETTINGS = {
    "mode": "offline",
    "silent": True,
    "console": "off",
    "save_code": False,
    "disable_git": True,
    "disable_job_creation": True,
    "x_disable_meta": True,
    "x_disable_stats": True,
    "x_disable_machine_info": True,
    "x_save_requirements": False,
}


def write(study: str, runs: Iterable[ExportedRun], folder: Path) -> None:
    """Write `wandb/offline-run-*`: a project of the study's name, a group for each setting.

    Equal runs have equal ids at every export, so that W&B knows a run that is uploaded again.

    Raises:
        ExportError: a run isn't there as a whole.
    """
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")  # as it is read at the first import
    import wandb

    settings = wandb.Settings(**_SETTINGS)
    for run in runs:
        logged = wandb.init(
            dir=folder,
            project=study.translate(_NO_PROJECT)[:_LONGEST],
            id=run.identity,
            name=run.title,
            group=run.setting,
            notes=run.message or None,
            config=run.parameters,
            settings=settings,
            reinit="create_new",  # a run that is under way in a notebook goes on
        )
        for place, values in sorted(_rows(run).items()):
            logged.log(values, step=place)
        logged.summary.update(dict(run.metrics))
        logged.finish(exit_code=0 if run.status == "finished" else 1)
    require_whole(folder)


def require_whole(folder: Path) -> None:
    """Raise ExportError if a run's log isn't whole: W&B's process writes it, and doesn't tell."""
    for run in read_runs([folder], [READER]).runs:
        if missing := (*run.lost, *run.notes):
            raise ExportError(f"W&B has not written all of {run.name}: {missing[0]}")


def _rows(run: ExportedRun) -> dict[int, dict[str, float]]:
    """Place -> the values of all curves that stand there: W&B wants them in rising order."""
    rows: defaultdict[int, dict[str, float]] = defaultdict(dict)
    for name, curve in run.curves.items():
        for place, value in zip(curve.at.tolist(), curve.values.tolist(), strict=True):
            rows[int(place)][name] = value
    return rows


def allowed(name: str) -> str:
    """A name that isn't among W&B's own, which begin with `_`, without the dashes it removes."""
    return name.lstrip("_-").rstrip("-") or "unnamed"


TARGET = Target(
    "W&B",
    write,
    library="wandb",
    allowed=allowed,
    look="wandb sync {folder}/wandb/offline-run-*",
)
