"""One step before anything trains finds what would fail in every run, and says it in words."""

import weakref

import pytest
import torch
from torch import Tensor, nn

from paribus.errors import NetworkError
from paribus.study.config import Config
from paribus.training.device import Device
from paribus.training.trial import try_step

SHAPE, CLASSES = (1, 4, 4), 3


class Small(nn.Module):
    """A network that does in `forward` what a test wants."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Sequential(nn.Flatten(), nn.Linear(16, CLASSES))

    def forward(self, images: Tensor) -> object:
        return self.inner(images)


class Auxiliary(Small):
    def forward(self, images: Tensor) -> object:
        scores = self.inner(images)
        return (scores, scores) if self.training else scores


class NoGradient(Small):
    def forward(self, images: Tensor) -> object:
        return self.inner(images).detach()


class Fails(Small):
    def forward(self, images: Tensor) -> object:
        raise ValueError("not like this")


class Undetermined(Small):
    def forward(self, images: Tensor) -> object:
        # As PyTorch says it.
        raise RuntimeError(
            "upsample_bicubic2d_backward_out_cuda does not have a deterministic implementation, "
            "but you set 'torch.use_deterministic_algorithms(True)'."
        )


class Frugal(Small):
    """It answers only when nothing holds what it answered before."""

    def forward(self, images: Tensor) -> object:
        before = getattr(self, "before", lambda: None)()
        assert before is None, "the memory of two steps is taken"
        output = self.inner(images)
        object.__setattr__(self, "before", weakref.ref(output))
        return output


class Large(Small):
    """It needs more memory than there is for more than `most` images."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def forward(self, images: Tensor) -> object:
        held, before = torch.zeros(1), getattr(self, "held", lambda: None)()
        assert before is None, "the step that failed still holds its memory"
        object.__setattr__(self, "held", weakref.ref(held))
        if len(images) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return self.inner(images)


def config(batch_size: int = 4) -> Config:
    return Config.model_validate(
        {
            "data": {"source": "digits"},
            "network": "nets:own",
            "epochs": 1,
            "batch_size": batch_size,
        }
    )


def test_a_trial_takes_the_memory_of_one_step() -> None:
    try_step(config(), Frugal(), SHAPE, CLASSES, 4)


def test_what_can_be_trained_passes() -> None:
    try_step(config(), Small(), SHAPE, CLASSES, 4)


@pytest.mark.parametrize(
    ("network", "count", "why"),
    [
        (Auxiliary(), 4, "shape (4, 3) for 4 images while training, got tuple"),
        (NoGradient(), 4, "no gradient reaches its parameters"),
        (Small().requires_grad_(False), 4, "all its parameters have requires_grad=False"),
        (nn.Flatten(), 4, "nothing to train: no parameters"),
        (Small().double(), 4, "RuntimeError: mat1 and mat2 must have the same dtype"),
        (Fails(), 1, "a training step on 1 image failed: "),
        (
            Undetermined(),
            4,
            "upsample_bicubic2d_backward_out_cuda has no form on a GPU that gives the same bits "
            "each time. Take another layer, or set deterministic: false.",
        ),
        (
            nn.Sequential(Small(), nn.BatchNorm1d(CLASSES)),
            1,
            "batch normalization needs more than one image in a batch. Set batch_size to 2 or more",
        ),
    ],
)
def test_what_cannot_is_refused_with_the_reason(network: nn.Module, count: int, why: str) -> None:
    with pytest.raises(NetworkError) as refused:
        try_step(config(), network, SHAPE, CLASSES, count)
    assert str(refused.value).startswith("nets:own: ")
    assert why in str(refused.value)


@pytest.mark.parametrize(
    ("most", "share", "why"),
    [
        (20, 1, "the memory of CPU; batch_size: 16 does"),
        (1, 1, "the memory of CPU; batch_size: 1 does"),
        (0, 1, "the memory of CPU; no batch does; take a smaller network"),
        (
            32,
            4,
            "the memory of CPU, of which a run has 1/4 (--per-device 4); batch_size: 32 does",
        ),
    ],
)
def test_a_batch_that_does_not_fit_is_refused_with_one_that_does(
    most: int, share: int, why: str
) -> None:
    with pytest.raises(NetworkError) as refused:
        try_step(config(64), Large(most), SHAPE, CLASSES, 64, Device(share=share))
    assert str(refused.value) == (f"nets:own: a training step on 64 images doesn't fit into {why}")
