"""How the table of settings words an optimizer and a schedule."""

from typing import Any

import pytest

from paribus.report.sections.settings import _part, _schedule
from paribus.study.config import Config


def config(**training: Any) -> Config:
    return Config.model_validate({"data": {"source": "digits"}, "epochs": 9, **training})


@pytest.mark.parametrize(
    ("optimizer", "words"),
    [
        ("adam", "Adam, lr 0.001, weight decay 0"),
        (
            {"kind": "adamw", "betas": [0.8, 0.95], "eps": 1e-6, "decay": "weights"},
            "AdamW, lr 0.001, weight decay 0.01, betas 0.8 and 0.95, eps 0.000001, "
            "no decay of biases and scales",
        ),
        (
            {"kind": "sgd", "momentum": 0.9, "nesterov": True},
            "SGD, lr 0.01, momentum 0.9, weight decay 0, Nesterov's momentum",
        ),
    ],
)
def test_an_optimizer(optimizer: Any, words: str) -> None:
    assert _part(config(optimizer=optimizer).optimizer) == words


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        ("constant", "constant"),
        ({"kind": "constant", "warmup": 2}, "constant, after a warm-up of 2 epochs"),
        ({"kind": "step", "every": 2, "factor": 0.5}, "factor 0.5 every 2 epochs"),
        (
            {"kind": "multistep", "epochs": [3, 5], "factor": 0.1, "warmup": 0.5},
            "factor 0.1 after epoch 3 and 5, after a warm-up of 0.5 epochs",
        ),
        ("cosine", "cosine decay to 0"),
        ({"kind": "cosine", "warmup": 1}, "cosine decay to 0, after a warm-up of 1 epoch"),
        ({"kind": "linear", "final": 0.01}, "linear decay to 0.01"),
        ({"kind": "polynomial", "power": 2}, "polynomial decay to 0, power 2"),
        ("one_cycle", "one cycle: from 1/25 up in 0.3 of all steps, down to 1/250000"),
    ],
)
def test_a_schedule(schedule: Any, words: str) -> None:
    assert _schedule(config(schedule=schedule)).replace("\xa0", " ") == words
