"""A run that was interrupted ends in the record that it would have left uninterrupted."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from faults.here import run_here
from faults.small import (
    KINDS,
    content,
    differing,
    small_study,
    train_until,
    training,
)
from paribus.errors import ResumeError
from paribus.events import CheckpointPassedOver, Event, RunBegins, quiet
from paribus.execution import checkpoint, train
from paribus.execution.checkpoint import (
    Checkpoint,
    Writer,
    refuse_other_devices,
    refuse_other_machines,
)
from paribus.execution.inputs import environment
from paribus.execution.train import Training
from paribus.log import LOG
from paribus.records.store import checkpoint_folder, checkpoints, read_record, run_folder
from paribus.records.types import DeviceFacts, EngineFacts
from paribus.study.read import write_study_copy
from paribus.study.spec import Study
from training.fake_gpu import Apart

RUN = ("baseline", 0)


def begun(study_of: Path, out: Path, kind: str = "everything drawn") -> Training:
    """A run that was killed after its third epoch of four."""
    study = small_study(study_of, kind)
    write_study_copy(out, study)
    (out / LOG).touch()
    task = training(study, out)
    train_until(task, 3)
    return task


def finished(images: Path, out: Path, kind: str = "everything drawn") -> dict[str, object]:
    """What the same run leaves that nobody interrupts."""
    training(small_study(images, kind), out).perform(quiet)
    return content(out)


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_killed_twice_leaves_the_same_record_to_the_last_bit(
    kind: str, images: Path, tmp_path: Path
) -> None:
    task = training(small_study(images, kind), tmp_path)
    train_until(task, 1)
    train_until(task, 3)
    heard: list[Event] = []
    task.perform(heard.append)
    assert heard[0] == RunBegins(*RUN, epoch=3, epochs=4)
    assert differing(content(tmp_path), finished(images, tmp_path / "whole", kind)) == set()
    facts = read_record(run_folder(tmp_path, *RUN)).facts
    assert (facts.resumes, facts.other_machines) == (2, ())
    assert not checkpoint_folder(tmp_path, *RUN).exists()


@pytest.mark.parametrize(
    "kind", ["adam", "sgd, step", "adamw, decay of weights, clipped", "everything drawn"]
)
def test_so_does_one_that_paribus_own_engine_trains(
    kind: str, native: EngineFacts, images: Path, tmp_path: Path
) -> None:
    whole, task = (
        training(small_study(images, kind), tmp_path / name, native) for name in ("one", "two")
    )
    whole.perform(quiet)
    train_until(task, 1)
    train_until(task, 3)
    task.perform(quiet)
    assert differing(content(tmp_path / "one"), content(tmp_path / "two")) == set()
    facts = read_record(run_folder(tmp_path / "two", *RUN)).facts
    assert (facts.resumes, facts.other_machines) == (2, ())
    assert facts.environment.engine == native


@pytest.mark.parametrize("kind", ["adam", "sgd, step", "everything drawn", "in bfloat16"])
def test_so_does_one_that_is_trained_on_a_device_apart(
    kind: str, images: Path, tmp_path: Path
) -> None:
    """The way of a GPU, taken by the processor."""
    study, apart = small_study(images, kind), Apart(precision="float32")
    if kind == "in bfloat16":
        apart = Apart(precision="bfloat16")
    whole, task = (
        replace(training(study, tmp_path / name), device=apart) for name in ("one", "two")
    )
    whole.perform(quiet)
    train_until(task, 1)
    train_until(task, 3)
    task.perform(quiet)
    assert read_record(run_folder(tmp_path / "one", *RUN)).finished
    assert differing(content(tmp_path / "one"), content(tmp_path / "two")) == set()


def test_on_another_kind_of_device_it_never_goes_on(images: Path, tmp_path: Path) -> None:
    task = begun(images, tmp_path)
    refuse_other_devices(tmp_path, [(task.run, task.inputs)])
    with pytest.raises(ResumeError) as refused:
        refuse_other_devices(tmp_path, [(task.run, replace(task.inputs, device="cuda"))])
    assert str(refused.value) == (
        "baseline, seed 0: trained up to epoch 3 with device cpu, and would go on with cuda. A run "
        "stays on one kind of device: add --device cpu where there is one, or delete "
        f"{checkpoint_folder(tmp_path, *RUN)} to start over."
    )


def test_another_type_of_gpu_is_another_machine(images: Path, tmp_path: Path) -> None:
    task = begun(images, tmp_path)
    gpu = DeviceFacts(kind="cuda", name="NVIDIA T", driver="580.1", libraries="CUDA 13.0")
    with pytest.raises(ResumeError, match=r"This is torch \S+, NVIDIA T, driver 580.1, CUDA 13.0:"):
        refuse_other_machines(
            tmp_path, [(task.run, task.inputs)], environment(), {task.run.setting.name: gpu}
        )


def test_a_network_of_ones_own_keeps_what_its_state_dict_leaves_out(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "counting_network.py").write_text(
        "import torch\n"
        "from torch import nn\n"
        "class Counting(nn.Module):\n"
        "    def __init__(self, channels, height, width, classes):\n"
        "        super().__init__()\n"
        "        self.scale = nn.Parameter(torch.ones(1))\n"
        "        self.inner = nn.Linear(channels * height * width, classes)\n"
        "        self.register_buffer('seen', torch.zeros(()), persistent=False)\n"
        "        self.inner.weight = nn.Parameter(self.inner.weight.t().contiguous().t())\n"
        "    def forward(self, images):\n"
        "        if self.training:\n"
        "            self.seen += 1\n"
        "        return self.inner(images.flatten(1)) * (self.scale + self.seen / 10)\n"
    )
    monkeypatch.chdir(tmp_path)
    # The optimizer has the parameters in an order of its own.
    optimizer = {"kind": "adam", "weight_decay": 0.01, "decay": "weights"}
    network = {"network": "counting_network:Counting", "optimizer": optimizer}
    monkeypatch.setitem(KINDS, "counting", network)
    study = small_study(images, "counting")
    training(study, tmp_path / "whole").perform(quiet)
    task = training(study, tmp_path / "killed")
    train_until(task, 2)
    task.perform(quiet)
    assert differing(content(tmp_path / "whole"), content(tmp_path / "killed")) == set()


@pytest.mark.parametrize("epoch", [2, 4])
def test_a_network_that_draws_from_any_global_generator_draws_the_same_again(
    epoch: int, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In training and in evaluation mode, also where only the evaluation was left to do."""
    (tmp_path / "drawing_network.py").write_text(
        "import random\n"
        "import numpy as np\n"
        "from torch import nn\n"
        "class Drawing(nn.Module):\n"
        "    def __init__(self, channels, height, width, classes):\n"
        "        super().__init__()\n"
        "        self.inner = nn.Linear(channels * height * width, classes)\n"
        "    def forward(self, images):\n"
        "        return self.inner(images.flatten(1) * np.random.rand() + random.random())\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(KINDS, "drawing", {"network": "drawing_network:Drawing"})
    study = small_study(images, "drawing")
    training(study, tmp_path / "whole").perform(quiet)
    task = training(study, tmp_path / "killed")
    train_until(task, epoch)
    task.perform(quiet)
    assert differing(content(tmp_path / "whole"), content(tmp_path / "killed")) == set()


# ---- that these tests would notice ----------------------------------------------------------


def _without_the_optimizer(*_: object) -> None: ...


def _without_moves(progress: object, *_: object) -> None: ...


@pytest.mark.parametrize(
    ("broken", "instead", "noticed"),
    [
        (
            "paribus.execution.checkpoint._restore_optimizer",
            _without_the_optimizer,
            "seed-0/weights-last.safetensors",
        ),
        ("paribus.execution.train.replay_streams", _without_moves, "seed-0/record.json: streams"),
    ],
)
def test_a_state_that_is_not_restored_is_noticed(
    broken: str,
    instead: Callable[..., None],
    noticed: str,
    images: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    task = begun(images, tmp_path)
    monkeypatch.setattr(broken, instead)
    task.perform(quiet)
    monkeypatch.undo()
    whole = finished(images, tmp_path / "whole")
    assert f"baseline/{noticed}" in differing(content(tmp_path), whole)


def test_streams_that_went_on_from_where_they_were_would_be_noticed(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = begun(images, tmp_path)
    # Dropout that isn't seeded anew for each epoch depends on what was drawn before.
    monkeypatch.setattr("paribus.training.loop.seed_generators", lambda *_: None)
    task.perform(quiet)
    monkeypatch.undo()
    whole = finished(images, tmp_path / "whole")
    assert "baseline/seed-0/weights-last.safetensors" in differing(content(tmp_path), whole)


def test_another_number_of_threads_is_noticed_in_the_record(images: Path, tmp_path: Path) -> None:
    task = begun(images, tmp_path)
    torch.set_num_threads(2)
    try:
        task.perform(quiet)
    finally:
        torch.set_num_threads(1)
    different = differing(content(tmp_path), finished(images, tmp_path / "whole"))
    assert "baseline/seed-0/record.json: environment" in different
    assert "baseline/seed-0/record.json: other_machines" in different


# ---- another machine ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "value"),
    [("threads", 2), ("torch", "9.9.9+cpu"), ("cpu", "Another"), ("cpu_capability", "SVE")],
)
def test_going_on_elsewhere_is_refused_and_both_ways_out_are_named(
    what: str, value: object, images: Path, tmp_path: Path
) -> None:
    task = begun(images, tmp_path)
    here = environment()
    refuse_other_machines(tmp_path, [(task.run, task.inputs)], here)
    elsewhere = here.model_copy(update={what: value})
    with pytest.raises(ResumeError) as refused:
        refuse_other_machines(tmp_path, [(task.run, task.inputs)], elsewhere)
    assert "baseline, seed 0: trained up to epoch 3 under torch" in str(refused.value)
    assert "--other-machine" in str(refused.value)
    assert f"delete {checkpoint_folder(tmp_path, *RUN)} to start over." in str(refused.value)


OTHER = EngineFacts(build="x86-64-v2", digest="0" * 64)


@pytest.mark.parametrize(
    ("engine", "message"), [(OTHER, "native x86-64-v2 (library 000000000000)"), (None, "1 thread")]
)
def test_another_engine_or_build_is_another_machine(
    engine: EngineFacts | None, message: str, native: EngineFacts, images: Path, tmp_path: Path
) -> None:
    task = training(small_study(images), tmp_path, native)
    train_until(task, 1)
    refuse_other_machines(tmp_path, [(task.run, task.inputs)], environment())
    with pytest.raises(ResumeError) as refused:
        now = replace(task.inputs, engine=engine)
        refuse_other_machines(tmp_path, [(task.run, now)], environment())
    assert f"native {native.build} (library {native.digest[:12]}). This is " in str(refused.value)
    assert f"{message}: resuming here" in str(refused.value)


def test_a_study_goes_on_with_another_engine_only_when_that_is_asked_for(
    native: EngineFacts, images: Path, tmp_path: Path
) -> None:
    begun(images, tmp_path)
    study = Study.model_validate(small_study(images).model_dump() | {"engine": "native"})
    with pytest.raises(ResumeError, match=r"--engine torch, .* --other-machine"):
        run_here(study, tmp_path, {"report.html": b""})
    run_here(study, tmp_path, {"report.html": b""}, other_machine=True)
    facts = read_record(run_folder(tmp_path, *RUN)).facts
    assert facts.environment.engine == native
    assert [values.engine for values in facts.other_machines] == [None]


def test_a_run_that_went_on_elsewhere_says_so(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = begun(images, tmp_path)
    before = environment()
    monkeypatch.setattr(
        train, "environment", lambda *_: before.model_copy(update={"cpu_capability": "SVE"})
    )
    task.perform(quiet)
    assert read_record(run_folder(tmp_path, *RUN)).facts.other_machines == (before,)


def test_a_study_is_refused_before_it_trains_and_goes_on_when_that_is_asked_for(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun(images, tmp_path)
    study, heard = small_study(images), list[Event]()
    monkeypatch.setattr("paribus.execution.session.THREADS", 2)
    with pytest.raises(ResumeError):
        run_here(study, tmp_path, {"report.html": b""}, heard.append)
    assert not any(isinstance(event, RunBegins) for event in heard)
    assert len(checkpoints(checkpoint_folder(tmp_path, *RUN))) == 2  # nothing is lost by asking
    run_here(study, tmp_path, {"report.html": b""}, heard.append, other_machine=True)
    assert RunBegins(*RUN, epoch=3, epochs=4) in heard


# ---- checkpoints on disk --------------------------------------------------------------------


def test_a_damaged_checkpoint_falls_back_to_the_one_before_then_to_the_start(
    images: Path, tmp_path: Path
) -> None:
    whole = finished(images, tmp_path / "whole")
    for damaged, epoch in ((0, 3), (1, 2), (2, 0)):
        out = tmp_path / str(damaged)
        task = begun(images, out)
        files = checkpoints(checkpoint_folder(out, *RUN))
        assert len(files) == checkpoint.KEPT
        for file in files[:damaged]:
            file.write_bytes(file.read_bytes()[:-1])
        heard: list[Event] = []
        task.perform(heard.append)
        assert [type(event) for event in heard[:damaged]] == [CheckpointPassedOver] * damaged
        assert heard[damaged] == RunBegins(*RUN, epoch=epoch, epochs=4)
        assert differing(content(out), whole) == set()


def test_a_checkpoint_of_another_configuration_is_not_gone_on_from(
    images: Path, tmp_path: Path
) -> None:
    begun(images, tmp_path, "everything drawn")
    heard: list[Event] = []
    training(small_study(images, "adam"), tmp_path).perform(heard.append)
    assert heard[0] == RunBegins(*RUN, epoch=0, epochs=4)
    assert differing(content(tmp_path), finished(images, tmp_path / "whole", "adam")) == set()


def test_checkpoints_are_written_no_more_often_than_their_cost_allows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a disk where one takes a second, an epoch of five seconds has one every fifth time."""
    now = [0.0]

    def write(folder: Path, taken: Checkpoint) -> None:
        now[0] += 1.0
        written.append(now[0])

    written: list[float] = []
    monkeypatch.setattr(checkpoint, "SPACING", 20)
    monkeypatch.setattr("paribus.execution.checkpoint.time.perf_counter", lambda: now[0])
    monkeypatch.setattr(checkpoint, "write", write)
    writer = Writer(tmp_path, lambda: None)  # type: ignore[arg-type, return-value]
    for _ in range(20):
        now[0] += 5.0
        writer.after_epoch()
    assert written == [6.0, 27.0, 48.0, 69.0, 90.0]
    assert len(written) * 1.0 / now[0] < 1 / checkpoint.SPACING
