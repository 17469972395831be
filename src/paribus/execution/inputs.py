"""All that decides a run's result: its inputs, and the machine and versions that train it."""

import hashlib
from dataclasses import asdict, dataclass
from typing import Any

import torch

from paribus.data.dataset import Dataset
from paribus.execution.machine import machine
from paribus.io.strict_json import dumps
from paribus.network.code import code_digest
from paribus.records.types import (
    OWN_TRAINING_FORMAT,
    SHIFTED_TRAINING_FORMAT,
    TRAINING_FORMAT,
    EngineFacts,
    Environment,
    RunFacts,
)
from paribus.study.config import Config, value_changes
from paribus.study.networks import OwnNetwork
from paribus.study.plan import TrainedRun
from paribus.training.device import CPU, Device, Kind, device_facts

#: What of the environment decides the last bits.
_DECIDE_BITS = ("torch", "cpu", "cpu_capability", "threads", "engine", "device")


@dataclass(frozen=True)
class RunInputs:
    """What a run's result follows from."""

    format: int
    config: dict[str, Any]  # the setting in full
    seed: int
    data: str  # the data set's fingerprint
    torch: str
    code: str | None  # SHA-256 of the files of a user's own network
    engine: EngineFacts | None = None  # None for PyTorch
    device: Kind = "cpu"

    @property
    def digest(self) -> str:
        """SHA-256 over all of it; a record is reused while it stays equal."""
        # What torch trains says nothing of engines, as when there was no other: such records stay.
        # Nor does what the processor trains say anything of devices.
        engine = {"engine": self.engine.model_dump()} if self.engine else {}
        device = {} if self.device == "cpu" else {"device": self.device}
        return _digest(self._without("engine", "device") | engine | device)

    @property
    def digest_anywhere(self) -> str:
        """SHA-256 over what doesn't depend on where it is trained."""
        return _digest(self._without("engine", "torch", "device"))

    def changes_since(self, facts: RunFacts) -> tuple[str, ...]:
        """In words, how this differs from what a record was made of; empty where nothing does."""
        if facts.digest == self.digest:
            return ()
        changes = value_changes(facts.config, self.config)
        if facts.data.fingerprint != self.data:
            changes.append(f"the images: {facts.data.fingerprint[:12]} -> {self.data[:12]}")
        if facts.environment.torch != self.torch:
            changes.append(f"torch: {facts.environment.torch} -> {self.torch}")
        if facts.environment.engine != self.engine:
            changes.append(f"the engine: {named(facts.environment.engine)} -> {named(self.engine)}")
        if (before := facts.environment.device_kind) and before != self.device:
            changes.append(f"the device: {before} -> {self.device}")
        # A record from before Paribus wrote this down says nothing of its code.
        if facts.code != self.code and (facts.code or not changes):
            changes.append("the network's code or a file it is given")
        return tuple(changes) or ("how Paribus trains",)

    def _without(self, *names: str) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if name not in names}


def run_inputs(
    run: TrainedRun, dataset: Dataset, engine: EngineFacts | None = None, device: Kind = "cpu"
) -> RunInputs:
    """What the result of training `run` on `dataset` here, with `engine`, would follow from."""
    config = run.setting.config
    return RunInputs(
        format=_format(config),
        config=config.recorded(),
        seed=run.seed,
        data=dataset.fingerprint,
        torch=torch.__version__,
        code=code_digest(config.network),
        engine=engine,
        device=device,
    )


def _format(config: Config) -> int:
    if config.augmentation.padding:
        return SHIFTED_TRAINING_FORMAT
    return OWN_TRAINING_FORMAT if isinstance(config.network, OwnNetwork) else TRAINING_FORMAT


def _digest(parts: dict[str, Any]) -> str:
    return hashlib.sha256(dumps(parts, sort_keys=True).encode()).hexdigest()


# ---- the machine -------------------------------------------------------------------------------


def environment(engine: EngineFacts | None = None, device: Device = CPU) -> Environment:
    """What this process trains on, with the number of threads it uses now, by what is given."""
    return machine().model_copy(
        update={
            "torch": torch.__version__,
            "cpu_capability": torch.backends.cpu.get_cpu_capability(),
            "threads": torch.get_num_threads(),
            "engine": engine,
            "device": device_facts(device),
        }
    )


def same_bits(one: Environment, other: Environment) -> bool:
    """Whether training gives the same last bits under both, as far as is known."""
    return all(getattr(one, name) == getattr(other, name) for name in _DECIDE_BITS)


def described(environment: Environment) -> str:
    """What of it decides the last bits, for people."""
    threads = "1 thread" if environment.threads == 1 else f"{environment.threads} threads"
    torch = f"torch {environment.torch}, {environment.cpu}, {environment.cpu_capability}, {threads}"
    if (gpu := environment.device) is not None:
        return f"torch {environment.torch}, {gpu.name}, driver {gpu.driver}, {gpu.libraries}"
    return f"{torch}, {named(environment.engine)}" if environment.engine else torch


def named(engine: EngineFacts | None) -> str:
    """An engine for people: "torch", "native x86-64-v3 (library 0123456789ab)"."""
    return f"native {engine.build} (library {engine.digest[:12]})" if engine else "torch"
