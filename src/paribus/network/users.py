"""Users' own networks: the one place that builds them and looks at them first.

A network is looked at in a second copy, built for that from the same seed, so that nothing the
look does, such as a mask made at the first forward pass, stays in the one that is trained.
"""

from typing import Any

import torch
from torch import Tensor, nn

from paribus.errors import NetworkError
from paribus.network.own import find, located
from paribus.network.randomness import seed_generators
from paribus.study.networks import OwnNetwork

Shape = tuple[int, int, int]

#: Types of numbers that checkpoints and records keep.
_KEPT = {torch.float16, torch.bfloat16, torch.float32, torch.float64}
_KEPT |= {torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64}
#: How far a row of probabilities may be from summing to 1.
_ROUNDING = 1e-3


def build_own(
    network: OwnNetwork, shape: Shape, classes: int, seed: int
) -> tuple[nn.Module, dict[str, Any]]:
    """A user's network, and what was noticed of it, as fields of `NetworkFacts`.

    Raises:
        NetworkError: if it can't be built or its output isn't (n, classes).
    """
    kind = network.kind
    module, copy = (_built(network, shape, classes, seed) for _ in range(2))
    _refuse_shared(kind, module, copy)
    _refuse_state(kind, copy)
    varying = _varying(module, copy)
    seed_generators(seed, "first output")
    output, again = (answer(kind, copy, shape, classes) for _ in range(2))
    if _tensors(module).keys() != _tensors(copy).keys():
        # It gets all of its parameters and buffers only at its first forward pass.
        seed_generators(seed, "first output")
        answer(kind, module, shape, classes)
        varying = _varying(module, copy)
    return module, {
        "varying": varying,
        "unseeded": not varying and _is_unseeded(network, shape, classes, seed),
        "unsteady": content(output) != content(again),
        "probabilities": _are_probabilities(output),
    }


def _built(network: OwnNetwork, shape: Shape, classes: int, seed: int) -> nn.Module:
    function = find(network.kind)
    channels, height, width = shape
    seed_generators(seed, "initial values")
    try:
        module = function(
            channels=channels, height=height, width=width, classes=classes, **network.arguments
        )
    except (Exception, SystemExit) as error:  # a user's code may raise anything
        raise NetworkError(f"{network.kind}: {_uncallable(error)}") from error
    if not isinstance(module, nn.Module):
        got = type(module).__name__
        raise NetworkError(f"{network.kind}: expected it to return a torch.nn.Module, got {got}")
    return module


def _uncallable(error: BaseException) -> str:
    why = located(error)
    if not why.startswith("TypeError"):  # raised inside, not by the call itself
        return why
    return f"{why}. It is called with channels, height, width, classes and `arguments`, by name."


def _is_unseeded(network: OwnNetwork, shape: Shape, classes: int, seed: int) -> bool:
    """Whether two networks of one seed answer the same images otherwise in training."""
    answers = []
    for _ in range(2):
        module = _built(network, shape, classes, seed)
        seed_generators(seed, "first output")
        try:
            with torch.no_grad():
                answers.append(uncompiled(module.train())(_noise(shape)))
        except Exception:  # said when a training step is tried
            return False
    first, second = answers
    return (
        isinstance(first, Tensor)
        and isinstance(second, Tensor)
        and content(first) != content(second)
    )


def uncompiled(module: nn.Module) -> nn.Module:
    """The module inside what torch.compile returns, with the same weights; others as they are."""
    inner = getattr(module, "_orig_mod", module)
    return inner if isinstance(inner, nn.Module) else module


def _refuse_shared(kind: str, module: nn.Module, copy: nn.Module) -> None:
    """Refuse a network that would start from what another run has learned."""
    before = {id(parameter) for parameter in module.parameters()}
    for name, parameter in copy.named_parameters():
        if id(parameter) in before:
            raise NetworkError(
                f"{kind}: expected a new network from every call, got the same {name} twice. "
                "Build every layer inside the function."
            )


def _refuse_state(kind: str, module: nn.Module) -> None:
    """Refuse by name what can't be trained, or can't be kept so that a run resumes from it."""
    for name, value in (module.state_dict() | _tensors(module)).items():
        if not isinstance(value, Tensor):
            raise NetworkError(
                f"{kind}: {name}: expected a tensor, got {type(value).__name__}. What "
                "get_extra_state returns can't be kept; keep it in a buffer."
            )
        place = value.layout, value.device.type
        if value.dtype not in _KEPT or place != (torch.strided, "cpu"):
            got = f"{value.dtype}, {value.layout}, on {value.device}"
            raise NetworkError(
                f"{kind}: {name}: expected a dense tensor of real or whole numbers on the CPU, got "
                f"{got}. Keep complex numbers as torch.view_as_real gives them."
            )


def _varying(module: nn.Module, copy: nn.Module) -> tuple[str, ...]:
    """Names of the parameters and buffers that differ between two networks of one seed."""
    theirs = _tensors(copy)
    return tuple(
        name
        for name, tensor in _tensors(module).items()
        if name not in theirs or content(tensor) != content(theirs[name])
    )


def _tensors(module: nn.Module) -> dict[str, Tensor]:
    """All parameters and buffers that have their shape already, unlike those of nn.LazyLinear."""
    named = (*module.named_parameters(), *module.named_buffers())
    return {name: tensor for name, tensor in named if not nn.parameter.is_lazy(tensor)}


def content(tensor: Tensor) -> bytes:
    """A tensor's values as bytes, in the order of its indices."""
    return tensor.detach().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()


def answer(kind: str, module: nn.Module, shape: Shape, classes: int) -> Tensor:
    """What a network in evaluation mode answers to two images of noise; it is left in training.

    Raises:
        NetworkError: it fails, or its output isn't (2, classes).
    """
    module.eval()
    try:
        with torch.no_grad():
            output = uncompiled(module)(_noise(shape))  # compiling may take minutes
    except Exception as error:  # a user's code may raise anything
        why = f"failed on two images of shape {shape}: {located(error)}"
        raise NetworkError(f"{kind}: {why}") from error
    finally:
        module.train()
    return require_scores(kind, output, 2, classes)


def _noise(shape: Shape) -> Tensor:
    """Two images of noise, always the same ones."""
    return torch.randn(2, *shape, generator=torch.Generator().manual_seed(0))


def require_scores(kind: str, output: object, images: int, classes: int, when: str = "") -> Tensor:
    """A network's output; raises NetworkError unless it is a score for each image and class."""
    got = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
    if not isinstance(output, Tensor) or got != (images, classes):
        expected = f"expected an output of shape {(images, classes)}"
        count = "two" if images == 2 else f"{images:,}"
        raise NetworkError(f"{kind}: {expected} for {count} images{when}, got {got}")
    return output


def _are_probabilities(output: Tensor) -> bool:
    """Whether rows sum to 1 and nothing is negative, which logits and their logarithms don't."""
    sums = output.double().sum(dim=1)
    return bool((output >= 0).all() and ((sums - 1).abs() < _ROUNDING).all())
