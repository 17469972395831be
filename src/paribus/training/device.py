"""The device that networks are trained on, and how numbers are computed there.

A GPU works through a queue of its own. Whatever asks for a number of it waits until the queue is
empty, so training asks once an epoch.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from paribus.records.types import DeviceFacts
from paribus.study.config import Config
from paribus.study.networks import OwnNetwork
from paribus.study.optimizers import Muon

Kind = Literal["cpu", "cuda", "mps"]


@dataclass(frozen=True)
class Device:
    """Where a network computes, and how.

    Attributes:
        precision: of layers; weights, losses and the optimizer's state are float32.
        deterministic: on a GPU, use only algorithms that give the same bits each time.
        compiled: train by `torch.compile`.
        share: how many runs are on a GPU at once; each gets its part of the memory.
    """

    kind: Kind = "cpu"
    precision: Literal["float32", "bfloat16"] = "float32"
    deterministic: bool = True
    compiled: bool = False
    share: int = 1

    @property
    def is_apart(self) -> bool:
        """Whether it has memory and a queue of its own, so that waiting for it costs time."""
        return self.kind != "cpu"

    @property
    def name(self) -> str:
        """For people: "NVIDIA H200", or "CPU"."""
        return facts.name if (facts := device_facts(self)) else "CPU"

    def place(self, network: nn.Module, config: Config) -> None:
        """Move a network there, its convolutions laid out as the GPU's fastest ones want them."""
        network.to(self.kind)
        # A user's own module may `view` what it gets, and Muon views weights as matrices.
        usual = isinstance(config.network, OwnNetwork) or isinstance(config.optimizer, Muon)
        if self.kind == "cuda" and not usual:
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub

    def autocast(self) -> AbstractContextManager[object]:
        """The layers' precision, while they compute."""
        if self.precision == "float32":
            return nullcontext()
        return torch.autocast(self.kind, dtype=torch.bfloat16)

    @contextmanager
    def computing(self) -> Iterator[None]:
        """Have PyTorch compute there as declared, meanwhile.

        TensorFloat-32, which PyTorch allows convolutions by default, is off: float32 means float32.
        """
        if not self.is_apart:
            yield
            return
        # cuBLAS takes this much memory to add in one order; it reads it when it is first used.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        before = torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.benchmark
        tf32 = torch.backends.cudnn.allow_tf32
        torch.use_deterministic_algorithms(self.deterministic)
        torch.backends.cudnn.benchmark = not self.deterministic
        torch.backends.cudnn.allow_tf32 = False
        if self.kind == "cuda":
            torch.cuda.set_per_process_memory_fraction(1 / self.share)
        try:
            yield
        finally:
            torch.use_deterministic_algorithms(before[0])
            torch.backends.cudnn.benchmark = before[1]
            torch.backends.cudnn.allow_tf32 = tf32

    def wait(self) -> None:
        """Wait until all that was asked of it is done."""
        if self.kind == "cuda":
            torch.cuda.synchronize()
        elif self.kind == "mps":
            torch.mps.synchronize()

    def drawn(self) -> bytes:
        """The state of its own random generator; nothing of the processor's."""
        if self.kind == "cuda":
            return bytes(torch.cuda.get_rng_state().numpy().tobytes())
        return bytes(torch.mps.get_rng_state().numpy().tobytes()) if self.kind == "mps" else b""


#: The processor, as it computes by default.
CPU = Device()


class Computing(nn.Module):
    """A network that computes in a device's precision and answers in float32."""

    def __init__(self, network: nn.Module, device: Device) -> None:
        super().__init__()
        self.network, self._device = network, device

    def forward(self, images: Tensor) -> Tensor:
        """What the network answers to images (n, channels, height, width)."""
        with self._device.autocast():
            output: Tensor = self.network(images)
        return output.float()


def device_of(config: Config, kind: Kind, share: int = 1) -> Device:
    """The device of a setting, on hardware of that kind."""
    return Device(kind, config.precision, config.deterministic, config.compile, share)


def device_facts(device: Device) -> DeviceFacts | None:
    """What is known of a GPU and how it computes; None for the processor."""
    if device.kind == "cpu":
        return None
    name, driver, libraries = _gpu(device.kind)
    return DeviceFacts(
        kind=device.kind,
        name=name,
        driver=driver,
        libraries=libraries,
        precision=device.precision,
        deterministic=device.deterministic,
    )


@cache
def _gpu(kind: Kind) -> tuple[str, str, str]:
    """Name, driver and libraries of this process's GPU."""
    if kind == "mps":
        return "Apple GPU", "", ""
    cudnn = torch.backends.cudnn.version()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    libraries = f"CUDA {torch.version.cuda}, cuDNN {cudnn}"
    return torch.cuda.get_device_name(), _driver(), libraries


def _driver() -> str:
    """The version of NVIDIA's driver; "" where nothing says it."""
    try:
        words = Path("/proc/driver/nvidia/version").read_text().split("\n")[0].split()
        return next(word for word in words if word.replace(".", "").isdigit() and "." in word)
    except (OSError, StopIteration):
        pass
    ask = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        done = subprocess.run(ask, capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.split("\n")[0].strip()
