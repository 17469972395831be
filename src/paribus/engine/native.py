"""A module trained and asked through the engine, in the module's own memory."""

from __future__ import annotations

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
#: Images of a block, as in native/layout.hpp.
_BLOCK = 16


class _Description(ctypes.Structure):
    """`Description` in native/stage.hpp."""

    _fields_ = (
        ("kind", ctypes.c_int32),
        ("before", ctypes.c_int32 * 3),
        ("after", ctypes.c_int32 * 3),
        ("kernel", ctypes.c_int32 * 4),
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
        ("labels", ctypes.c_void_p),
        ("count", ctypes.c_int),
        ("dropout", ctypes.c_void_p),
    )


class Trainer:
    """Takes a module's training steps in its own memory and in that of torch's optimizer.

    The engine works out the loss and its gradients; the step itself is torch's. So the module's
    state and the optimizer's are at all times what they would be under torch.
    """

    def __init__(
        self, module: nn.Module, shape: Shape, optimizer: torch.optim.Optimizer, batch_size: int
    ) -> None:
        """Prepare for batches of at most `batch_size` images of `shape`.

        Raises:
            UnsupportedLayer: if the module can't be trained so.
            NoLibrary: if the engine isn't there.
        """
        self._program = translate(module, shape)
        self._optimizer = optimizer
        self._batch_size = batch_size
        self._gradients = [(its, torch.zeros_like(its)) for its in module.parameters()]
        self._hand_over()
        self._counts = [
            stage.normalization.num_batches_tracked
            for stage in self._program.stages
            if stage.normalization and stage.normalization.num_batches_tracked is not None
        ]
        self._network = _Network(self._program, batch_size)

    def step(self, images: Tensor, labels: Tensor) -> float:
        """One step of the optimizer; the batch's mean cross entropy (nats) before it.

        Args:
            images: (n, channels, height, width), normalized, at most `batch_size`.
            labels: (n,) class numbers.

        Raises:
            ValueError: if batch normalization is given a single value of a channel, the images
                are others or more than were announced, or a label isn't a class.
        """
        self._require_fitting(images, labels)
        masks = [_in_blocks(mask) for mask in self._masks(len(images))]
        loss = self._network.learn(images.contiguous(), labels.contiguous(), masks)
        for count in self._counts:
            count.add_(1)
        self._hand_over()
        self._optimizer.step()
        return loss

    def _hand_over(self) -> None:
        """Give the optimizer the gradients that the engine writes; `zero_grad` takes them away."""
        for parameter, gradient in self._gradients:
            parameter.grad = gradient

    def _masks(self, images: int) -> Iterator[Tensor]:
        """What nn.Dropout would draw from torch's generator and multiply with."""
        for stage in self._program.stages:
            if stage.kind == "dropout":
                keep = 1 - stage.dropout
                yield torch.empty(images, *stage.before).bernoulli_(keep).div_(keep)

    def _require_fitting(self, images: Tensor, labels: Tensor) -> None:
        _require_images(images, self._program)
        if not 1 <= len(images) == len(labels) <= self._batch_size:
            raise ValueError(
                f"1 to {self._batch_size} images and as many labels are expected; "
                f"{len(images)} and {len(labels)} came"
            )
        if labels.dtype != torch.int64:
            raise ValueError(f"int64 labels are expected; {labels.dtype} came")
        if not 0 <= int(labels.min()) <= int(labels.max()) < self._program.classes:
            raise ValueError(f"labels from 0 to {self._program.classes - 1} are expected")
        for stage in self._program.stages:
            if stage.normalization and len(images) * stage.before[1] * stage.before[2] == 1:
                raise ValueError("batch normalization needs more than 1 value of each channel")


class Forward:
    """Says of images what the module says in evaluation mode, by its weights at that time."""

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
            ValueError: if the images are others than were announced.
        """
        _require_images(images, self._program)
        answers = torch.empty(len(images), self._program.classes)
        self._network.answer(images.contiguous(), answers)
        return torch.log_softmax(answers, dim=1) if self._program.log_softmax else answers


class _Network:
    """A network in the library, freed with this object.

    It points into the module's tensors: none may be put in the place of another, only its values.
    """

    def __init__(self, program: Program, batch: int) -> None:
        self._program = program  # keeps the layers alive
        self._library = library().handle
        stages = (_Description * len(program.stages))(*map(_described, program.stages))
        self._library.paribus_new.restype = ctypes.c_void_p
        self._library.paribus_learn.restype = ctypes.c_double
        self._pointer = ctypes.c_void_p(self._library.paribus_new(stages, len(stages), batch))

    def learn(self, images: Tensor, labels: Tensor, masks: list[Tensor]) -> float:
        pointers = (ctypes.c_void_p * len(masks))(*(mask.data_ptr() for mask in masks))
        its = _Images(
            images.data_ptr(), labels.data_ptr(), len(images),
            ctypes.cast(pointers, ctypes.c_void_p),
        )  # fmt: skip
        loss: float = self._library.paribus_learn(self._pointer, its)
        return loss

    def answer(self, images: Tensor, answers: Tensor) -> None:
        its = _Images(images.data_ptr(), None, len(images), None)
        self._library.paribus_answer(self._pointer, its, ctypes.c_void_p(answers.data_ptr()))

    def __del__(self) -> None:
        if pointer := getattr(self, "_pointer", None):
            self._library.paribus_free(pointer)


def _in_blocks(numbers: Tensor) -> Tensor:
    """From (n, channels, height, width) to (blocks, height, width, channels, 16 images)."""
    blocks, shape = -(-len(numbers) // _BLOCK), numbers.shape[1:]
    filled_up = torch.zeros(blocks * _BLOCK, *shape)
    filled_up[: len(numbers)] = numbers
    return filled_up.view(blocks, _BLOCK, *shape).permute(0, 3, 4, 2, 1).contiguous()


def _require_images(images: Tensor, program: Program) -> None:
    shape, came = program.stages[0].before, tuple(images.shape[1:])
    if came != shape or images.dtype != torch.float32:
        raise ValueError(
            f"float32 images of shape {shape} are expected; {images.dtype} of shape {came} came"
        )


def _described(stage: Stage) -> _Description:
    its = _Description(
        kind=_KINDS.index(stage.kind),
        before=stage.before,
        after=stage.after,
        pooling=(*stage.pooling.window, *stage.pooling.stride, *stage.pooling.padding),
        relu=stage.relu,
        cancelled=stage.cancelled,
    )
    if isinstance(stage.layer, nn.Conv2d):
        its.kernel = (*stage.layer.kernel_size, *map(int, stage.layer.padding))
    elif stage.layer:
        its.kernel = (*stage.before[1:], 0, 0)
    if norm := stage.normalization:
        its.epsilon, its.momentum = norm.eps, norm.momentum or 0.0
        its.running_mean, its.running_variance = map(
            _address, (norm.running_mean, norm.running_var)
        )
    if learned := stage.layer or stage.normalization:
        its.weight, its.weight_gradient = _address(learned.weight), _address(learned.weight.grad)
        if learned.bias is not None:
            its.bias, its.bias_gradient = _address(learned.bias), _address(learned.bias.grad)
    return its


def _address(tensor: Any) -> int | None:
    return None if tensor is None else int(tensor.data_ptr())
