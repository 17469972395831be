"""Training on a device with a queue of its own.

No GPU is needed: its way through the code is taken in the processor's memory, and once more on a
GPU of tensors without values, where waiting fails. `make device-check` is for a real one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from paribus.data.batches import Batches
from paribus.data.dataset import Dataset, prepare
from paribus.errors import NonFiniteLossError
from paribus.network.build import build
from paribus.network.randomness import drawn, seed_generators
from paribus.records.types import DeviceFacts
from paribus.study.data import Digits
from paribus.study.plan import TrainedRun, runs
from paribus.study.spec import Study
from paribus.training import device as devices
from paribus.training.average import Average, Evaluated
from paribus.training.device import CPU, Computing, Device, device_facts, device_of
from paribus.training.loop import _epoch, train
from paribus.training.objective import objective
from paribus.training.optimizers import build_optimizer
from paribus.training.predict import log_probabilities
from paribus.training.progress import Progress, begin
from paribus.training.steps import TorchSteps
from training.fake_gpu import Apart, FakeGpu, Strict

Build = Callable[..., Study]


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return prepare(Digits(source="digits", size=16))[0]


def trained(run: TrainedRun, dataset: Dataset, device: Device) -> tuple[nn.Module, Progress]:
    config = run.setting.config
    network = build(config.network, dataset.shape, len(dataset.classes), run.seed)
    progress = begin(network)
    optimizer = build_optimizer(config.optimizer, network, config.clip_gradients)
    loss = objective(config, dataset.labels[dataset.splits.training], len(dataset.classes))
    steps = TorchSteps(network, optimizer, loss, device)
    batches = Batches(dataset)
    batches.is_apart = device.is_apart
    average = Average(network, config.ema) if config.ema else None
    evaluated = Evaluated(average.network, average.network, average) if average else None
    train(steps, batches, dataset.splits, run, progress, lambda epoch: None, evaluated)
    return network, progress


#: Whatever a study may say of how a network is trained.
TRAINING: list[dict[str, Any]] = [
    {},
    {"augmentation": {"crop": 2, "flip": True, "cutout": 4}, "label_smoothing": 0.1},
    {"augmentation": {"randaugment": {"n": 1}}, "class_weights": "balanced"},
    {"mixup": 0.3, "cutmix": 1.0, "ema": 0.9},
    {"optimizer": {"kind": "sam", "lr": 0.05, "momentum": 0.9}, "clip_gradients": 1.0},
    {"optimizer": {"kind": "muon", "lr": 0.02}},
    {"network": "resnet20", "optimizer": {"kind": "adamw", "weight_decay": 0.1}, "batch_size": 512},
]


@pytest.mark.parametrize("keys", TRAINING)
def test_a_device_apart_trains_to_the_same_bits(
    keys: dict[str, Any], digits: Dataset, small_study: Build
) -> None:
    run = runs(small_study(epochs=2, **keys))[0]
    network, here = trained(run, digits, CPU)
    other, there = trained(run, digits, Apart())
    for name, value in network.state_dict().items():
        assert torch.equal(value, other.state_dict()[name]), name
    assert here.step_loss == there.step_loss
    assert here.train_loss == there.train_loss
    assert here.val_loss == there.val_loss
    assert here.streams() == there.streams()


def test_a_loss_that_leaves_the_numbers_is_found_at_the_end_of_its_epoch(
    digits: Dataset, small_study: Build
) -> None:
    run = runs(small_study(epochs=3, optimizer={"kind": "sgd", "lr": 1e30}))[0]
    messages = []
    for device in (CPU, Apart()):
        with pytest.raises(NonFiniteLossError) as error:
            trained(run, digits, device)
        messages.append(str(error.value))
    assert messages[0] == messages[1], "the same step is named"


# ---- a GPU of tensors without values ---------------------------------------------------------


@pytest.mark.parametrize("keys", TRAINING)
def test_an_epoch_on_a_gpu_mixes_no_devices_and_waits_for_nothing_but_its_losses(
    keys: dict[str, Any], digits: Dataset, small_study: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runs(small_study(epochs=1, **keys))[0]
    config, device = run.setting.config, FakeGpu()
    read: list[int] = []

    def tolist(losses: torch.Tensor) -> list[float]:
        read.append(len(losses))
        return [1.0] * len(losses)

    monkeypatch.setattr(torch.Tensor, "tolist", tolist)
    monkeypatch.setattr(
        sys.modules["torch.optim.optimizer"],
        "_get_fused_kernels_supported_devices",
        lambda: [device.kind],
    )
    network = build(config.network, digits.shape, len(digits.classes), run.seed)
    device.place(network, config)
    with Strict():
        optimizer = build_optimizer(config.optimizer, network, config.clip_gradients)
        labels = digits.labels[digits.splits.training]
        loss = objective(config, labels, len(digits.classes), device.kind)
        steps = TorchSteps(network, optimizer, loss, device)
        average = Average(network, config.ema) if config.ema else None
        evaluated = Evaluated(network, steps.predict, average)
        batches, progress = Batches(digits, device.kind), Progress({})
        _epoch(steps, evaluated, batches, digits.splits.training, run, progress)
    assert read == [len(progress.step_loss)], "all losses of the epoch are read at once"


# ---- what is computed in ---------------------------------------------------------------------


def test_layers_compute_in_bfloat16_and_all_else_in_float32(
    digits: Dataset, small_study: Build
) -> None:
    run = runs(small_study(epochs=3, precision="bfloat16", optimizer={"kind": "adam"}))[0]
    device = device_of(run.setting.config, "cpu")
    network, progress = trained(run, digits, device)
    assert {value.dtype for value in network.parameters()} == {torch.float32}
    seen: list[torch.dtype] = []
    layer = next(m for m in network.modules() if isinstance(m, nn.Linear))
    layer.register_forward_hook(lambda _, __, output: seen.append(output.dtype))
    output = log_probabilities(Computing(network, device), Batches(digits), digits.splits.test)
    assert set(seen) == {torch.bfloat16}
    assert output.dtype == torch.float32
    assert progress.val_loss[-1] < progress.val_loss[0]
    _, plain = trained(runs(small_study(epochs=3, optimizer={"kind": "adam"}))[0], digits, CPU)
    assert plain.step_loss[0] == pytest.approx(progress.step_loss[0], rel=0.02)
    assert plain.step_loss != progress.step_loss


# PyTorch's compiler uses what PyTorch itself has deprecated.
@pytest.mark.filterwarnings("ignore:.torch.jit.script_method:DeprecationWarning")
def test_a_compiled_network_trains_to_the_same_losses_up_to_rounding(
    digits: Dataset, small_study: Build
) -> None:
    keys = {"epochs": 1, "network": {"kind": "mlp", "hidden": [20]}, "batch_size": 256}
    _, plain = trained(runs(small_study(**keys))[0], digits, CPU)
    device = Device(compiled=True)
    network, compiled = trained(runs(small_study(compile=True, **keys))[0], digits, device)
    assert compiled.step_loss == pytest.approx(plain.step_loss, rel=1e-4)
    assert not any("_orig_mod" in name for name in network.state_dict())


def test_the_processor_computes_as_it_always_did() -> None:
    before = torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.allow_tf32
    with CPU.computing():
        assert before == (
            torch.are_deterministic_algorithms_enabled(),
            torch.backends.cudnn.allow_tf32,
        )


@pytest.mark.parametrize("deterministic", [True, False])
def test_a_gpu_computes_as_declared_and_leaves_things_as_they_were(
    deterministic: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    shares: list[float] = []
    monkeypatch.setattr(torch.cuda, "set_per_process_memory_fraction", shares.append)

    def flags() -> tuple[bool, bool, bool]:
        cudnn = torch.backends.cudnn
        return (
            torch.are_deterministic_algorithms_enabled(), cudnn.benchmark, cudnn.allow_tf32,
        )  # fmt: skip

    before = flags()
    with Device("cuda", deterministic=deterministic, share=4).computing():
        assert flags() == (deterministic, not deterministic, False)
    assert flags() == before
    assert shares == [0.25]


# ---- what is known of it ---------------------------------------------------------------------


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    devices._gpu.cache_clear()
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "NVIDIA T")
    monkeypatch.setattr(devices, "_driver", lambda: "580.1")
    yield
    devices._gpu.cache_clear()


@pytest.mark.usefixtures("gpu")
def test_a_record_names_the_gpu_its_driver_and_how_it_computed() -> None:
    facts = device_facts(Device("cuda", "bfloat16", deterministic=False))
    assert facts is not None
    assert facts == DeviceFacts(
        kind="cuda", name="NVIDIA T", driver="580.1", libraries=facts.libraries,
        precision="bfloat16", deterministic=False,
    )  # fmt: skip
    assert facts.libraries.startswith("CUDA ")
    assert device_facts(CPU) is None
    assert (Device("cuda").name, CPU.name) == ("NVIDIA T", "CPU")


@dataclass(frozen=True)
class Drawing(Apart):
    """Its own generator comes to another state."""

    def drawn(self) -> bytes:
        return b"a state"


def test_what_a_gpu_draws_itself_is_in_the_record(digits: Dataset, small_study: Build) -> None:
    run = runs(small_study(epochs=1))[0]
    _, silent = trained(run, digits, Apart())
    _, drawing = trained(run, digits, Drawing())
    assert silent.streams().dropout != drawing.streams().dropout
    assert silent.streams().order == drawing.streams().order


def test_a_gpus_own_generator_counts_among_what_was_drawn() -> None:
    states = []
    for on_device in (b"", b"one state", b"another"):
        seed_generators(0, "dropout", 1)
        states.append(drawn(0, "dropout", 1, on_device=on_device))
    assert len({state.numpy().tobytes() for state in states}) == 3
    assert len({len(state) for state in states}) == 1


@pytest.mark.parametrize(
    ("network", "optimizer"), [("lenet5", "adam"), ("lenet5", "muon"), ("mlp", "adam")]
)
def test_the_processor_gets_a_network_as_it_is(
    network: str, optimizer: str, small_study: Build
) -> None:
    config = runs(small_study(network=network, optimizer=optimizer))[0].setting.config
    module = build(config.network, (1, 16, 16), 10, seed=0)
    strides = [value.stride() for value in module.parameters()]
    CPU.place(module, config)
    assert [value.stride() for value in module.parameters()] == strides


def test_images_are_the_same_numbers_whichever_device_they_lie_on(digits: Dataset) -> None:
    index = torch.from_numpy(digits.splits.test)
    assert np.array_equal(Batches(digits).images(index), Batches(digits, "cpu").images(index))
