"""Fine-tuning: weights from a file, a new last layer for other classes, parameters that stay."""

import hashlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path
from types import MethodType
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from paribus.errors import NetworkError, first_line
from paribus.io.reading import UnfitError, is_folder, read_whole
from paribus.network.users import Shape, uncompiled
from paribus.network.zoo import adapted, classifiers
from paribus.records.store import LARGEST, WEIGHTS
from paribus.study.faults import meant
from paribus.study.networks import AnyNetwork, TimmNetwork

State = Mapping[str, Tensor]

#: Names in a message; more are counted.
MOST_NAMED = 4


def fine_tune(network: AnyNetwork, module: nn.Module, shape: Shape, classes: int) -> dict[str, Any]:
    """Load and freeze what a study asks for; what a record says of it, as fields of NetworkFacts.

    Raises:
        NetworkError: the file can't be read or is of another network, or a pattern is of none.
    """
    facts: dict[str, Any] = {}
    module = uncompiled(module)
    if network.pretrained is not None:
        content = _content(network, network.pretrained)
        facts["pretrained"] = hashlib.sha256(content).hexdigest()
        facts["new"] = _load(network, module, _state(network, content), shape, classes)
    if network.freeze:
        frozen = _freeze(network, module)
        facts["frozen"] = tuple(frozen)
        facts["frozen_parameters"] = sum(parameter.numel() for parameter in frozen.values())
    return facts


# ---- the file --------------------------------------------------------------------------------


def weights_file(path: str) -> Path:
    """The file that `pretrained` names: itself, or that of the last epoch in a record's folder."""
    return Path(path) / WEIGHTS["last"] if is_folder(Path(path)) else Path(path)


def no_file(network: AnyNetwork, error: OSError) -> NetworkError:
    """What is said where `pretrained` names no file."""
    return NetworkError(
        f"{network.kind}: pretrained: expected a safetensors file, or the folder of a run's "
        f"record, got {network.pretrained} ({error.strerror})"
    )


def _content(network: AnyNetwork, path: str) -> bytes:
    try:
        return read_whole(weights_file(path), LARGEST[WEIGHTS["last"]])
    except UnfitError as error:
        raise no_file(network, error) from None


def _state(network: AnyNetwork, content: bytes) -> State:
    try:
        return load(content)
    except SafetensorError as error:
        raise NetworkError(
            f"{network.kind}: pretrained: {network.pretrained} is no safetensors file "
            f"({first_line(error)}). PyTorch's own files (.pth, .bin) are pickles, which Paribus "
            "doesn't read: write one of the state_dict with safetensors.torch.save_file."
        ) from None


# ---- loading ---------------------------------------------------------------------------------


def _load(
    network: AnyNetwork, module: nn.Module, state: State, shape: Shape, classes: int
) -> tuple[str, ...]:
    """Load what the file has; the names of the last layer's tensors where those are new.

    Raises:
        NetworkError: anything else doesn't fit, by its name or shape.
    """
    ours = module.state_dict()
    last = classifiers(module) if isinstance(network, TimmNetwork) else _last_layer(module)
    head = [name for name in ours if _layer_of(name) in last]
    new = head if _is_new(head, ours, state) else []
    given = {name: state[name] for name in state if not (new and _layer_of(name) in last)}
    lacking = [name for name in ours if name not in given and name not in new]
    counts = "num_batches_tracked"  # only momentum of None needs them, and old files have none
    _require_none(network, "it lacks", [name for name in lacking if not name.endswith(counts)])
    _require_none(network, "it also has", sorted(given.keys() - ours.keys()))
    if isinstance(network, TimmNetwork) and _of_another_shape(given, ours):
        with suppress(NetworkError):  # what timm can't adapt is named below
            changed = adapted(network, shape, classes, state)
            given = {name: changed[name] if name not in head else given[name] for name in given}
    _require_none(network, "of another shape are", _of_another_shape(given, ours))
    module.load_state_dict(given, strict=False)
    return tuple(new)


def _last_layer(module: nn.Module) -> tuple[str, ...]:
    """The last module, as registered, that has parameters of its own."""
    names = [
        name
        for name, layer in module.named_modules()
        if any(True for _ in layer.parameters(recurse=False))
    ]
    return tuple(names[-1:])


def _layer_of(tensor: str) -> str:
    return tensor.rpartition(".")[0]


def _is_new(head: list[str], ours: State, state: State) -> bool:
    """Whether a file has no last layer, or one like ours for another number of classes."""
    pairs = [(state[name].shape, ours[name].shape) for name in head if name in state]
    alike = all(theirs[1:] == shape[1:] for theirs, shape in pairs)
    return not pairs or (alike and any(theirs != shape for theirs, shape in pairs))


def _of_another_shape(given: State, ours: State) -> list[str]:
    return [
        f"{name} {[*given[name].shape]} instead of {[*tensor.shape]}"
        for name, tensor in ours.items()
        if name in given
        and given[name].shape != tensor.shape
        and not _is_number(given[name], tensor)
    ]


def _is_number(theirs: Tensor, ours: Tensor) -> bool:
    """Whether both are one number, which records have as an array of it; PyTorch takes both."""
    return ours.ndim == 0 and theirs.shape == (1,)


def _require_none(network: AnyNetwork, what: str, wrong: list[str]) -> None:
    if wrong:
        raise NetworkError(
            f"{network.kind}: pretrained: {network.pretrained} is of another network: {what} "
            f"{_listed(wrong)}"
        )


def _listed(names: Iterable[str]) -> str:
    every = [*names]
    left = len(every) - MOST_NAMED
    return ", ".join(every[:MOST_NAMED]) + (f" and {left} more" if left > 0 else "")


# ---- freezing --------------------------------------------------------------------------------


def _freeze(network: AnyNetwork, module: nn.Module) -> dict[str, nn.Parameter]:
    """Keep the parameters that the patterns match as they are; those, by their names.

    Batch normalization whose scales and shifts are all frozen keeps its statistics too, and
    normalizes by them in training, as Keras does.

    Raises:
        NetworkError: a pattern matches no parameter, or nothing is left to train.
    """
    named = dict(module.named_parameters())
    for pattern in network.freeze:
        if not any(fnmatchcase(name, pattern) for name in named):
            raise NetworkError(
                f"{network.kind}: freeze: no parameter is called {pattern!r}"
                f"{meant(pattern, named)}. It has {_listed(named)}"
            )
    frozen = {n: p for n, p in named.items() if any(fnmatchcase(n, p) for p in network.freeze)}
    if len(frozen) == len(named):
        raise NetworkError(f"{network.kind}: freeze: expected a parameter that is left to train")
    for parameter in frozen.values():
        parameter.requires_grad_(False)
    for layer in module.modules():
        own = [*layer.parameters(recurse=False)]
        if isinstance(layer, _BatchNorm) and own and not any(p.requires_grad for p in own):
            _keep_statistics(layer)
    return frozen


def _keep_statistics(layer: nn.Module) -> None:
    """Stay in evaluation mode, whatever is said to the network that the layer is a part of."""
    layer.eval()
    # A method of the object, so that a copy of the network has one of its own.
    vars(layer)["train"] = MethodType(lambda self, mode=True: self, layer)
