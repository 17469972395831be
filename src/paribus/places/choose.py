"""The place that a study's runs are made in, by its name."""

from pathlib import Path

from paribus.errors import ChoiceError
from paribus.execution.place import Place
from paribus.execution.workers import Workers
from paribus.places.settings import PlaceSettings, read_settings
from paribus.places.slurm_files import require_no_jobs
from paribus.study.read import code_named
from paribus.study.scripted import ScriptedStudy
from paribus.study.spec import Study

LOCAL, SLURM, RAY = "local", "slurm", "ray"


def place_of(
    on: str | None,
    out: Path,
    study: Study | ScriptedStudy,
    jobs: int | None,
    per_device: int = 1,
) -> Place:
    """The place called so; None stands for the one that the user's `paribus.toml` names.

    Args:
        jobs: worker processes on this machine; elsewhere, so many jobs or runs at once.
        per_device: runs at once on each of this machine's GPUs.

    Raises:
        ChoiceError: no place is called so.
        PlaceSettingsError: `paribus.toml` isn't as it must be.
        ClusterError: Ray isn't installed.
        InUseError: jobs of Slurm may be at work there, and this is another place.
    """
    code = bool(code_named(study))
    settings = PlaceSettings() if on == LOCAL else read_settings(code=code)
    chosen = settings.on or LOCAL if on is None else on
    name, _, address = chosen.partition("://")
    if name != SLURM:
        require_no_jobs(out)
    at_once = {"at_once": jobs} if jobs else {}
    match name:
        case "local" if not address:
            if isinstance(study, ScriptedStudy):
                return Workers(jobs, code=code)
            from paribus.execution.gpus import workers_for  # needs torch

            return workers_for(study, jobs, per_device)
        case "slurm" if not address:
            from paribus.places.slurm import SlurmPlace

            return SlurmPlace(out, settings.slurm.model_copy(update=at_once), study.name, code=code)
        case "ray":
            from paribus.places.ray_place import RayPlace

            return RayPlace(
                out, on if address else None, settings.ray.model_copy(update=at_once), code=code
            )
    raise ChoiceError(
        f"expected local, slurm, ray or ray://ADDRESS as a place for runs, got {on!r}"
    )
