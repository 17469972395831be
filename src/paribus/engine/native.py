"""Training and prediction by the native engine, in the memory of torch's tensors."""

import ctypes
from collections.abc import Iterator
from typing import Any, get_args

import torch
from torch import Tensor, nn

from paribus.engine.library import library
from paribus.engine.stages import Kind, Program, Shape, Stage
from paribus.engine.vocabulary import translate

#: In the order of `Kind` in native/stage.hpp.
_KINDS = get_args(Kind)
#: Images per block, as in native/layout.hpp.
_BLOCK = 16


class _Description(ctypes.Structure):
    """`Description` in native/stage.hpp."""

    _fields_ = (
        ("kind", ctypes.c_int32),
        ("source", ctypes.c_int32),
        ("beside", ctypes.c_int32 * 3),
        ("before", ctypes.c_int32 * 3),
        ("after", ctypes.c_int32 * 3),
        ("kernel", ctypes.c_int32 * 6),
        ("pooling", ctypes.c_int32 * 6),
        ("relu", ctypes.c_int32),
        ("cancelled", ctypes.c_int32),
        ("epsilon", ctypes.c_double),
        ("momentum", ctypes.c_double),
        *((name, ctypes.c_void_p) for name in ("weight", "bias", "weight_gradient",
          "bias_gradient", "running_mean", "running_variance")),
    )  # fmt: skip


class _Images(ctypes.Structure):
    """`Images` in native/network.hpp."""

    _fields_ = (
        ("pixels", ctypes.c_void_p),
        ("count", ctypes.c_int),
        ("dropout", ctypes.c_void_p),
        ("labels", ctypes.c_void_p),
        ("targets", ctypes.c_void_p),
        ("log_probabilities", ctypes.c_void_p),
    )


class Trainer:
    """Trains a module: the engine computes loss and gradients, torch's optimizer takes the step.

    The states of the module and the optimizer are always what they would be under torch.
    """

    def __init__(
        self, module: nn.Module, shape: Shape, optimizer: torch.optim.Optimizer, batch_size: int
    ) -> None:
        """Prepare for batches of at most `batch_size` images of `shape`.

        Raises:
            UnsupportedLayer: if the engine can't train the module.
            NoLibrary: if the engine isn't available.
        """
        self._program = translate(module, shape)
        self._optimizer = optimizer
        self._batch_size = batch_size
        self._gradients = [(p, torch.zeros_like(p)) for p in module.parameters()]
        self._hand_over()
        self._counts = [
            stage.normalization.num_batches_tracked
            for stage in self._program.stages
            if stage.normalization and stage.normalization.num_batches_tracked is not None
        ]
        self._network = _Network(self._program, batch_size)

    def step(self, images: Tensor, labels: Tensor, targets: Tensor | None = None) -> float:
        """One step of the optimizer; returns the batch's mean cross entropy (nats) before it.

        Args:
            images: (n, channels, height, width), normalized, at most `batch_size`.
            labels: what the returned loss is about: (n,) class numbers, or (n, classes) float32,
                each class's share in an image, as `torch.nn.functional.cross_entropy` takes them.
            targets: what is minimized, if it is something else than that loss: minus the sum of
                `targets` * log probabilities. (n, classes) float32: each row the classes' shares,
                smoothed and mixed, times the image's weight, divided by the batch's sum of
                weights.

        Raises:
            ValueError: if batch normalization gets a single value per channel, the images have
                another shape or are too many, a label isn't a class, or the targets are for
                other images or classes.
        """
        self._require_fitting(images, labels, targets)
        if targets is None and labels.is_floating_point():
            targets = labels / len(labels)
        masks = [_in_blocks(mask) for mask in self._masks(len(images))]
        if targets is None:
            loss = self._network.learn(images.contiguous(), labels.contiguous(), masks)
        else:
            said = self._network.follow(images.contiguous(), targets.contiguous(), masks)
            loss = _cross_entropy(said, labels)
        for count in self._counts:
            count.add_(1)
        self._hand_over()
        self._optimizer.step()
        return loss

    def _hand_over(self) -> None:
        """Point the parameters at the engine's gradients, after `zero_grad` has removed them."""
        for parameter, gradient in self._gradients:
            parameter.grad = gradient

    def _masks(self, images: int) -> Iterator[Tensor]:
        """The masks that nn.Dropout would draw from torch's generator."""
        for stage in self._program.stages:
            if stage.kind == "dropout":
                keep = 1 - stage.dropout
                yield torch.empty(images, *stage.before).bernoulli_(keep).div_(keep)

    def _require_fitting(self, images: Tensor, labels: Tensor, targets: Tensor | None) -> None:
        _require_images(images, self._program)
        if not 1 <= len(images) == len(labels) <= self._batch_size:
            raise ValueError(
                f"expected 1 to {self._batch_size} images and as many labels, got "
                f"{len(images)} and {len(labels)}"
            )
        if labels.is_floating_point():
            _require_rows("labels", labels, len(images), self._program.classes)
        else:
            _require_labels(labels, self._program.classes)
        if targets is not None:
            _require_rows("targets", targets, len(images), self._program.classes)
        for stage in self._program.stages:
            if stage.normalization and len(images) * stage.before[1] * stage.before[2] == 1:
                raise ValueError(
                    "batch normalization: expected 2 or more values per channel, got 1"
                )


class Forward:
    """The module's predictions in evaluation mode, by its weights when called."""

    def __init__(self, module: nn.Module, shape: Shape) -> None:
        """Prepare for images of `shape`.

        Raises:
            UnsupportedLayer, NoLibrary: as `Trainer`.
        """
        self._program = translate(module, shape)
        self._network = _Network(self._program, 1)

    def __call__(self, images: Tensor) -> Tensor:
        """(n, classes) of images (n, channels, height, width).

        Raises:
            ValueError: if the images have another shape or type.
        """
        _require_images(images, self._program)
        output = torch.empty(len(images), self._program.classes)
        self._network.answer(images.contiguous(), output)
        return torch.log_softmax(output, dim=1) if self._program.log_softmax else output


class _Network:
    """A network in the library, freed with this object.

    It points into the module's tensors: their values may change, but no tensor may be replaced.
    """

    def __init__(self, program: Program, batch: int) -> None:
        self._program = program  # keeps the layers alive
        self._library = library().handle
        stages = (_Description * len(program.stages))(*map(_described, program.stages))
        self._library.paribus_new.restype = ctypes.c_void_p
        self._library.paribus_learn.restype = ctypes.c_double
        self._pointer = ctypes.c_void_p(self._library.paribus_new(stages, len(stages), batch))

    def learn(self, images: Tensor, labels: Tensor, masks: list[Tensor]) -> float:
        """Leave the gradients of the mean cross entropy, and return it."""
        batch = _batch(images, masks, labels=_address(labels))
        loss: float = self._library.paribus_learn(self._pointer, batch)
        return loss

    def follow(self, images: Tensor, targets: Tensor, masks: list[Tensor]) -> Tensor:
        """Leave the gradients towards targets; return the log probabilities, (n, classes)."""
        said = torch.empty_like(targets)
        places = {"targets": _address(targets), "log_probabilities": _address(said)}
        self._library.paribus_learn(self._pointer, _batch(images, masks, **places))
        return said

    def answer(self, images: Tensor, output: Tensor) -> None:
        batch = _batch(images, [])
        self._library.paribus_answer(self._pointer, batch, ctypes.c_void_p(output.data_ptr()))

    def __del__(self) -> None:
        if pointer := getattr(self, "_pointer", None):
            self._library.paribus_free(pointer)


def _batch(images: Tensor, masks: list[Tensor], **places: int | None) -> _Images:
    pointers = (ctypes.c_void_p * len(masks))(*map(_address, masks))
    dropout = ctypes.cast(pointers, ctypes.c_void_p)
    return _Images(_address(images), len(images), dropout, **places)


def _cross_entropy(log_probabilities: Tensor, labels: Tensor) -> float:
    """The mean (nats), by class numbers or shares of classes."""
    if labels.is_floating_point():
        return -float((log_probabilities.double() * labels).sum()) / len(labels)
    return -float(log_probabilities.double().gather(1, labels[:, None]).mean())


def _in_blocks(numbers: Tensor) -> Tensor:
    """From (n, channels, height, width) to (blocks, height, width, channels, 16 images)."""
    blocks, shape = -(-len(numbers) // _BLOCK), numbers.shape[1:]
    filled_up = torch.zeros(blocks * _BLOCK, *shape)
    filled_up[: len(numbers)] = numbers
    return filled_up.view(blocks, _BLOCK, *shape).permute(0, 3, 4, 2, 1).contiguous()


def _require_images(images: Tensor, program: Program) -> None:
    expected, got = program.stages[0].before, tuple(images.shape[1:])
    if got != expected or images.dtype != torch.float32:
        raise ValueError(
            f"expected float32 images of shape {expected}, got {images.dtype} of shape {got}"
        )


def _require_labels(labels: Tensor, classes: int) -> None:
    if labels.dtype != torch.int64:
        raise ValueError(f"expected int64 labels, got {labels.dtype}")
    low, high = int(labels.min()), int(labels.max())
    if not 0 <= low <= high < classes:
        raise ValueError(f"expected labels from 0 to {classes - 1}, got {low} to {high}")


def _require_rows(what: str, rows: Tensor, images: int, classes: int) -> None:
    expected, got = (images, classes), tuple(rows.shape)
    if got != expected or rows.dtype != torch.float32:
        raise ValueError(
            f"expected float32 {what} of shape {expected}, got {rows.dtype} of shape {got}"
        )


def _described(stage: Stage) -> _Description:
    description = _Description(
        kind=_KINDS.index(stage.kind),
        source=stage.source,
        beside=(stage.beside.value, stage.beside.step, stage.beside.channel)
        if stage.beside
        else (-1, 0, 0),
        before=stage.before,
        after=stage.after,
        pooling=(*stage.pooling.window, *stage.pooling.stride, *stage.pooling.padding),
        relu=stage.relu,
        cancelled=stage.cancelled,
    )
    if isinstance(stage.layer, nn.Conv2d):
        layer = stage.layer
        description.kernel = (*layer.kernel_size, *map(int, layer.padding), *layer.stride)
    elif stage.layer:
        description.kernel = (*stage.before[1:], 0, 0, 1, 1)
    if norm := stage.normalization:
        description.epsilon, description.momentum = norm.eps, norm.momentum or 0.0
        description.running_mean = _address(norm.running_mean)
        description.running_variance = _address(norm.running_var)
    if learned := stage.layer or stage.normalization:
        description.weight = _address(learned.weight)
        description.weight_gradient = _address(learned.weight.grad)
        if learned.bias is not None:
            description.bias = _address(learned.bias)
            description.bias_gradient = _address(learned.bias.grad)
    return description


def _address(tensor: Any) -> int | None:
    return None if tensor is None else int(tensor.data_ptr())
