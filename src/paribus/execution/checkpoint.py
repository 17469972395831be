"""Checkpoints inside a run: all that going on from the end of an epoch takes, in one file.

Every random stream depends on its name and epoch alone, so that the network's state, the best
one yet, the optimizer's and what was measured are all. A file's name carries the SHA-256 of its
content; one that is damaged counts as none, and the one before it serves.
"""

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import torch
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from paribus.errors import ResumeError
from paribus.execution.inputs import RunInputs, described, environment, same_bits
from paribus.io.disk import remove, write_file
from paribus.io.reading import UnfitError, read_whole
from paribus.records.store import checkpoint_folder, checkpoints, metadata, sum_of
from paribus.records.types import CHECKPOINT_FORMAT, CheckpointFacts, DeviceFacts, Environment
from paribus.study.plan import TrainedRun
from paribus.training.average import Average
from paribus.training.progress import CURVES, Progress, State
from paribus.training.steps import Steps

#: A checkpoint is written only after so many times as long as writing one took.
SPACING = 20
#: One that turns out damaged is no loss while there is the one before.
KEPT = 2
#: Bytes of one, far above any that is written here.
LARGEST = 1 << 36
#: Named in a message: more would be unreadable.
MOST_NAMED = 3

_FACTS = "checkpoint"


@dataclass(frozen=True)
class Checkpoint:
    """A run at the end of an epoch.

    `measured` has the curves, (steps,) or (epochs,) float64, and "generator", what was drawn
    from the global generators in each epoch.
    """

    facts: CheckpointFacts
    network: State  # the module's `state_dict`
    buffers: State  # those that it leaves out
    best: State  # the `state_dict` of the best epoch yet
    average: State  # of a moving average of the weights, where there is one
    optimizer: State  # "<number of the parameter>.<name>" -> its tensor
    measured: State

    @property
    def epoch(self) -> int:
        """The last epoch that is complete."""
        return len(self.measured["val_loss"])


def capture(
    run: TrainedRun, inputs: RunInputs, steps: Steps, average: Average | None, progress: Progress
) -> Checkpoint:
    """A run as it is now; its tensors are shared, not copied."""
    network = steps.network.state_dict()
    buffers = steps.network.named_buffers()
    measured = {name: torch.tensor(getattr(progress, name), dtype=torch.float64) for name in CURVES}
    facts = CheckpointFacts(
        setting=run.setting.name,
        seed=run.seed,
        inputs=inputs.digest_anywhere,
        environment=environment(inputs.engine, steps.device),
        **dict(progress.facts()),
    )
    return Checkpoint(
        facts=facts,
        network=network,
        buffers={name: buffer for name, buffer in buffers if name not in network},
        best=progress.best_state,
        average=average.network.state_dict() if average else {},
        optimizer={
            f"{number}.{name}": value
            for number, values in steps.optimizer.state_dict()["state"].items()
            for name, value in values.items()
            if isinstance(value, Tensor)
        },
        measured=measured | {"generator": torch.stack(progress.generator_states)},
    )


def restore(
    checkpoint: Checkpoint,
    network: nn.Module,
    average: Average | None,
    optimizer: torch.optim.Optimizer,
    progress: Progress,
) -> None:
    """Bring a run that was just begun to where a checkpoint was taken.

    The hashes of its streams are left to `replay_streams`.
    """
    network.load_state_dict(checkpoint.network)
    if average:
        average.network.load_state_dict(checkpoint.average)
    buffers = dict(network.named_buffers())
    with torch.no_grad():
        for name, value in checkpoint.buffers.items():
            buffers[name].copy_(value)
    _restore_optimizer(checkpoint.optimizer, optimizer)
    for name in CURVES:
        # An older checkpoint lacks curves that came later.
        setattr(progress, name, checkpoint.measured.get(name, torch.zeros(0)).tolist())
    progress.generator_states = list(checkpoint.measured["generator"])
    progress.best_state = checkpoint.best
    progress.continue_from(checkpoint.facts)


def _restore_optimizer(saved: Mapping[str, Tensor], optimizer: torch.optim.Optimizer) -> None:
    # Numbered as the optimizer has them, by their weight decay.
    parameters = [each for group in optimizer.param_groups for each in group["params"]]
    state: dict[int, State] = {}
    for key, value in saved.items():
        number, _, name = key.partition(".")
        parameter = parameters[int(number)]
        if value.shape == parameter.shape:
            # A fused step walks both memories in parallel, so they must be laid out alike.
            value = torch.empty_like(parameter, requires_grad=False).copy_(value)
        state.setdefault(int(number), {})[name] = value
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})


# ---- on disk --------------------------------------------------------------------------------


class Writer:
    """Writes a run's checkpoints, as often as their cost allows and the first one always."""

    def __init__(self, folder: Path, take: Callable[[], Checkpoint]) -> None:
        """Into `folder`, whatever `take` gives at that time."""
        self._folder, self._take = folder, take
        self._cost, self._last = 0.0, time.perf_counter()

    def after_epoch(self) -> None:
        """Write one, unless the last one was written too recently for what it cost."""
        began = time.perf_counter()
        if began - self._last < SPACING * self._cost:
            return
        write(self._folder, self._take())
        self._last = time.perf_counter()
        self._cost = self._last - began


def write(folder: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint into a run's folder of them, and remove all but the last two."""
    tensors = {
        f"{part}/{name}": tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
        for part in _PARTS
        for name, tensor in getattr(checkpoint, part).items()
    }
    content = save(tensors, metadata={_FACTS: checkpoint.facts.model_dump_json()})
    name = f"epoch-{checkpoint.epoch}.{hashlib.sha256(content).hexdigest()}.safetensors"
    write_file(folder / name, content)
    for old in checkpoints(folder)[KEPT:]:
        remove(old)


def read_latest(folder: Path, damaged: Callable[[Path], None]) -> Checkpoint | None:
    """The last good checkpoint of a run; `damaged` is told of every file passed over."""
    for path in checkpoints(folder):
        if checkpoint := _read(path):
            return checkpoint
        damaged(path)
    return None


def _read(path: Path) -> Checkpoint | None:
    try:
        content = read_whole(path, LARGEST)
        if hashlib.sha256(content).hexdigest() != sum_of(path):
            return None
        facts = CheckpointFacts.model_validate_json(metadata(content)[_FACTS])
        parts: dict[str, State] = {part: {} for part in _PARTS}
        for key, tensor in load(content).items():
            part, _, name = key.partition("/")
            parts[part][name] = tensor
    except (UnfitError, ValueError, LookupError, ValidationError, SafetensorError):
        return None
    return Checkpoint(facts, **parts) if facts.format == CHECKPOINT_FORMAT else None


_PARTS = tuple(field.name for field in fields(Checkpoint) if field.name != "facts")


# ---- resuming -------------------------------------------------------------------------------


def last_checkpoint(
    out: Path, run: TrainedRun, inputs: RunInputs, damaged: Callable[[Path], None]
) -> Checkpoint | None:
    """Where a run can resume; checkpoints of another configuration are removed."""
    folder = checkpoint_folder(out, *run.key)
    checkpoint = read_latest(folder, damaged)
    if checkpoint and checkpoint.facts.inputs != inputs.digest_anywhere:
        remove(folder)
        return None
    return checkpoint


def refuse_other_devices(out: Path, planned: Sequence[tuple[TrainedRun, RunInputs]]) -> None:
    """Raise ResumeError if a run was begun on another kind of device than it would go on."""
    for run, inputs in planned:
        checkpoint = last_checkpoint(out, run, inputs, lambda path: None)
        before = checkpoint.facts.environment.device_kind if checkpoint else ""
        if checkpoint and before and before != inputs.device:
            raise ResumeError(
                f"{run.setting.name}, seed {run.seed}: trained up to epoch {checkpoint.epoch} with "
                f"device {before}, and would go on with {inputs.device}. A run stays on one kind "
                f"of device: add --device {before} where there is one, or delete "
                f"{checkpoint_folder(out, *run.key)} to start over."
            )


def refuse_other_machines(
    out: Path,
    planned: Sequence[tuple[TrainedRun, RunInputs]],
    here: Environment,
    gpus: Mapping[str, DeviceFacts | None] = {},
) -> None:
    """Raise ResumeError if a run was begun elsewhere, and would not be bit-identical here.

    Args:
        gpus: the one of each setting, by its name.
    """
    elsewhere = []
    for run, inputs in planned:
        checkpoint = last_checkpoint(out, run, inputs, lambda path: None)
        gpu = gpus.get(run.setting.name)
        now = here.model_copy(update={"engine": inputs.engine, "device": gpu})
        if checkpoint and not same_bits(checkpoint.facts.environment, now):
            elsewhere.append((run, checkpoint, now))
    if not elsewhere:
        return
    run, checkpoint, now = elsewhere[0]
    folders = [str(checkpoint_folder(out, *run.key)) for run, *_ in elsewhere[:MOST_NAMED]]
    more = len(elsewhere) - len(folders)
    by_torch = now.engine and not checkpoint.facts.environment.engine
    keep = "Keep PyTorch with --engine torch, resume" if by_torch else "Resume"
    raise ResumeError(
        f"{run.setting.name}, seed {run.seed}: trained up to epoch {checkpoint.epoch} under "
        f"{described(checkpoint.facts.environment)}. This is {described(now)}: resuming here "
        f"won't be bit-identical. {keep} anyway with --other-machine (the record and the report "
        f"will say so), or delete {', '.join(folders)}"
        f"{f' and {more} more there' if more else ''} to start over."
    )
