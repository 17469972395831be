"""Which device each setting is trained on, and which GPUs of this machine its processes get."""

from __future__ import annotations

import os

import torch

from paribus.errors import DeviceError
from paribus.execution.workers import Workers
from paribus.study.config import Config
from paribus.study.plan import settings
from paribus.study.read import code_named
from paribus.study.spec import Study
from paribus.training.device import Device, Kind, device_of


def workers_for(study: Study, jobs: int | None, per_device: int = 1) -> Workers:
    """Processes on this machine, on its GPUs where a study's runs are trained there."""
    code, kinds = bool(code_named(study)), {_asked(s.config)[0] for s in settings(study)}
    if "mps" in kinds:  # there is one such GPU
        jobs = min(jobs or per_device, per_device)
    return Workers(jobs, code=code, gpus=gpus_for(study), per_device=per_device)


def gpus_for(study: Study) -> tuple[str, ...]:
    """The GPUs here that a study's processes share, as CUDA_VISIBLE_DEVICES names them.

    All of them, unless it names numbers; none where it doesn't ask for any, or one isn't there.
    """
    asked = [_asked(setting.config) for setting in settings(study)]
    if not {"auto", "cuda"} & {kind for kind, _ in asked}:
        return ()
    here, numbers = visible(), sorted({number for _, number in asked if number is not None})
    if not numbers:
        return here
    return tuple(here[n] for n in numbers) if numbers[-1] < len(here) else ()


def unused(study: Study) -> str | None:
    """A sentence on GPUs that are here and that a study leaves alone; None where there are none."""
    count = torch.cuda.device_count()
    if not count or any(_asked(setting.config)[0] != "cpu" for setting in settings(study)):
        return None
    gpus = "a GPU" if count == 1 else f"{count} GPUs"
    return f"PyTorch finds {gpus} here; all runs train on the CPU, unless you add --device auto."


def visible() -> tuple[str, ...]:
    """The GPUs that this process may use, in PyTorch's order."""
    count = torch.cuda.device_count()  # doesn't take one into use
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    return tuple(named.split(",") if named else map(str, range(count)))[:count]


def devices(study: Study, share: int) -> dict[str, Device]:
    """The device of each setting, by its name.

    Args:
        share: how many runs are on a GPU at once where they are made; 0: there is none.

    Raises:
        DeviceError: a setting asks for a device that isn't there.
    """
    every = settings(study)
    missing = {s.name: why for s in every if (why := _missing(s.config, share))}
    if missing:
        whose = "" if len(missing) == len(every) else f"{', '.join(missing)}: "
        raise DeviceError(f"{whose}{next(iter(missing.values()))}")
    return {s.name: device_of(s.config, _kind(s.config, share), max(1, share)) for s in every}


def _asked(config: Config) -> tuple[str, int | None]:
    """The kind of device that a setting asks for, and the number of the GPU if it names one."""
    kind, _, number = config.device.partition(":")
    if kind == "auto" and config.engine == "native":
        kind = "cpu"  # where that engine computes
    return kind, int(number) if number else None


def _kind(config: Config, share: int) -> Kind:
    match _asked(config):
        case "cuda", _:
            return "cuda"
        case "mps", _:
            return "mps"
        case "auto", _ if share:
            return "cuda"
    return "cpu"


def _missing(config: Config, share: int) -> str | None:
    """Why a setting's device isn't there; None if it is."""
    kind, number = _asked(config)
    if kind == "mps" and not torch.backends.mps.is_available():
        return f"device: mps: torch {torch.__version__} finds no GPU of Apple's here"
    if kind != "cuda" or share:
        return None
    count = torch.cuda.device_count()
    if number is not None and count:
        found = "cuda:0 alone" if count == 1 else f"cuda:0 to cuda:{count - 1}"
        return f"device: cuda:{number}: there is no such GPU; PyTorch finds {found}"
    built = "" if torch.version.cuda else ", which is built without CUDA,"
    return (
        f"device: {config.device}: torch {torch.__version__}{built} finds no GPU. On the CPU: "
        "device: cpu, or --device cpu"
    )
