"""Whether every setting can be trained, and by which engine: found out before anything trains.

Settings that leave the choice to Paribus all get the same engine, so that no comparison mixes two.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import nn

from paribus.engine.library import NoLibrary, library
from paribus.engine.stages import torch_is_faster
from paribus.engine.vocabulary import UnsupportedLayer, translate
from paribus.errors import EngineError, NetworkError, SettingsError
from paribus.events import EngineMissing, Event, NetworkNoticed, RunEvent, Watch
from paribus.execution.gpus import devices
from paribus.execution.place import Outcome, Task
from paribus.execution.workers import Workers
from paribus.narrative.networks import noticed
from paribus.network.build import build_and_describe
from paribus.network.users import Shape
from paribus.records.types import DeviceFacts, EngineFacts
from paribus.study.config import Config
from paribus.study.networks import LeNet5
from paribus.study.plan import TrainedRun, TrainedSetting, settings
from paribus.study.spec import Study
from paribus.training.device import CPU, Device, device_facts
from paribus.training.steps import beyond_the_engine
from paribus.training.trial import try_step


class Images(NamedTuple):
    """What a network is built for: the shape of the images, their classes, how many train it."""

    shape: Shape
    classes: int
    training: int


#: The images of each setting, by its name.
Seen = Mapping[str, Images]


@dataclass(frozen=True)
class Choice:
    """The engine of a setting, None being PyTorch, and the reason for it as a clause.

    Attributes:
        device: where it computes.
        gpu: what is known of that; None for the processor, and where another machine has it.
    """

    engine: EngineFacts | None
    why: str
    device: Device = CPU
    gpu: DeviceFacts | None = None

    @property
    def name(self) -> str:
        """As a study names it."""
        return "native" if self.engine else "torch"


@dataclass(frozen=True)
class Examination(Task):
    """A setting to be built and trained for one step, to see whether and by what it can be."""

    run: TrainedRun
    images: Images
    device: Device  # that it will be trained on
    has_gpu: bool  # whether the process that tries it has one; a cluster's are elsewhere

    def perform(self, tell: Watch) -> Outcome:
        """Examine it: "failed" if it can't be trained, else what speaks against the engine."""
        began = time.perf_counter()
        try:
            status, message = "finished", self._examine(tell) or ""
        except NetworkError as error:
            status, message = "failed", str(error)
        return Outcome(self.run, status, time.perf_counter() - began, message)

    @property
    def is_harmless(self) -> bool:
        """Whether the study's own process may do it: it takes little memory, and no GPU's."""
        return isinstance(self.run.setting.config.network, LeNet5) and not self.device.is_apart

    def _examine(self, tell: Watch) -> str | None:
        config, (shape, classes, training) = self.run.setting.config, self.images
        network, facts = build_and_describe(config.network, shape, classes, seed=0)
        for sentence in noticed(facts):
            tell(NetworkNoticed(self.run.setting.name, sentence))
        objection = _objection(config, network, shape, self.device)
        most = 2 if self.is_harmless else training
        device = self.device if self.device.kind != "cuda" or self.has_gpu else CPU
        with device.computing(), _room(self.images, device):
            try_step(config, network, shape, classes, min(config.batch_size, most), device)
            tell(Examined(*self.run.key, device_facts(device)))
        return objection


@contextmanager
def _room(images: Images, device: Device) -> Iterator[None]:
    """Hold as much of a GPU's memory as the training images take there.

    Raises:
        NetworkError: there isn't as much.
    """
    shape, kind = (images.training, *images.shape), device.kind
    try:
        held = torch.empty(shape if device.is_apart else 0, dtype=torch.uint8, device=kind)
    except torch.OutOfMemoryError:
        size = f"{images.training:,} training images of {images.shape[1]}x{images.shape[2]} pixels"
        raise NetworkError(
            f"{size} don't fit into the memory of {device.name}. Take smaller ones (data.size), "
            "fewer runs at once (--per-device), or device: cpu"
        ) from None
    yield
    del held


@dataclass(frozen=True)
class Examined(RunEvent):
    """The GPU that a setting was tried on; None for the processor."""

    gpu: DeviceFacts | None


def choose(
    study: Study, seen: Seen, workers: Workers, watch: Watch, gpu_share: int = 0
) -> dict[str, Choice]:
    """The engine and the device of every setting of a study, by the setting's name.

    Args:
        gpu_share: how many runs share a GPU where they are trained; 0 where there is none. Where
            `workers` have none, settings are tried without it.

    All networks but LeNet-5 are examined by `workers`, since building one may take all memory;
    what is noticed of users' own is told.

    Raises:
        SettingsError: if settings can't be trained; names all of them.
        DeviceError: if settings ask for a device that isn't there.
        EngineError: if settings ask for the engine and can't have it; names all of them.
    """
    every, by_name = settings(study), devices(study, gpu_share)
    objections, gpus = _examined(every, seen, by_name, workers, watch)
    asking = [setting for setting in every if setting.config.engine != "torch"]
    try:
        native = EngineFacts(build=library().build, digest=library().digest) if asking else None
        against = objections
    except NoLibrary as error:
        native, why = None, f"the native engine is missing: {error}"
        against = dict.fromkeys(objections, why)
    _refuse({s.name: against[s.name] for s in asking if s.config.engine == "native"})
    free = {s.name: against[s.name] for s in asking if s.config.engine == "auto"}
    if native is None and free:
        watch(EngineMissing(next(iter(free.values()))))
    return {
        s.name: replace(_choice(s, native, free), device=by_name[s.name], gpu=gpus[s.name])
        for s in every
    }


def _choice(setting: TrainedSetting, native: EngineFacts | None, free: Mapping[str, str]) -> Choice:
    """The engine of a setting, given what speaks against it for those that are free to choose."""
    if setting.config.engine != "auto":
        return Choice(native if setting.config.engine == "native" else None, "as the study asks")
    if why := free[setting.name]:
        return Choice(None, why)
    for other, why in free.items():
        if why:
            return Choice(None, f"as another setting of the study, {other}: {why}")
    return Choice(native, "the engine supports every layer")


def _refuse(against: Mapping[str, str]) -> None:
    """Refuse to train the settings of which something speaks against the engine."""
    impossible: dict[str, list[str]] = {}
    for setting, why in against.items():
        if why:
            impossible.setdefault(why, []).append(setting)
    if impossible:
        each = "; ".join(f"{', '.join(names)}: {why}" for why, names in impossible.items())
        raise EngineError(
            f"The study asks for the native engine, which can't train {each}. "
            "Write `engine: torch`, or `auto`, which takes torch where it must."
        )


def _examined(
    every: Sequence[TrainedSetting],
    seen: Seen,
    by_name: Mapping[str, Device],
    workers: Workers,
    watch: Watch,
) -> tuple[dict[str, str], dict[str, DeviceFacts | None]]:
    """What speaks against the engine for each setting, "" where nothing does; and its GPU.

    Raises:
        SettingsError: if settings can't be trained.
    """
    tasks = [
        Examination(TrainedRun(s, 0), seen[s.name], by_name[s.name], bool(workers.gpu_share))
        for s in every
    ]
    gpus: dict[str, DeviceFacts | None] = dict.fromkeys(by_name)

    def tell(event: Event) -> None:
        if isinstance(event, Examined):
            gpus[event.setting] = event.gpu
        elif isinstance(event, NetworkNoticed):  # a killed worker stands in its outcome
            watch(event)

    elsewhere = [task for task in tasks if not task.is_harmless]
    outcomes = [task.perform(tell) for task in tasks if task.is_harmless]
    outcomes += workers.perform(elsewhere, tell, lambda outcome: None)
    said = {outcome.run.setting.name: outcome for outcome in outcomes}
    ordered = [(setting.name, said[setting.name]) for setting in every]
    if wrong := {name: o.message for name, o in ordered if o.status != "finished"}:
        raise SettingsError(wrong, len(every))
    return {name: outcome.message for name, outcome in ordered}, gpus


def _objection(config: Config, network: nn.Module, shape: Shape, device: Device) -> str | None:
    if config.engine == "torch":
        return None
    if why := beyond_the_engine(config, device):
        return why
    try:
        program = translate(network, shape)
    except UnsupportedLayer as error:
        return str(error)
    # One that asks for the engine gets it all the same.
    return torch_is_faster(program) if config.engine == "auto" else None
