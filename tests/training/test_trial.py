"""One step before anything trains finds what would fail in every run, and says it in words."""

import pytest
from torch import Tensor, nn

from paribus.errors import NetworkError
from paribus.study.config import Config
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


def config(batch_size: int = 4) -> Config:
    return Config.model_validate(
        {
            "data": {"source": "digits"},
            "network": "nets:own",
            "epochs": 1,
            "batch_size": batch_size,
        }
    )


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
