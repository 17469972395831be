"""How a setting is trained, in words: the lines of a plan, and rows of the table of settings."""

from typing import Any

import pytest

from paribus.narrative.training import _AUGMENTATIONS, ROWS, augmentation, training
from paribus.study.augmentation import Augmentation
from paribus.study.config import Config


def config(**training: Any) -> Config:
    return Config.model_validate({"data": {"source": "digits"}, "epochs": 9, **training})


def told(title: str, **keys: Any) -> str:
    return ROWS[title](config(**keys)).replace("\xa0", " ")


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
        (
            {"kind": "sam", "lr_factors": {"fc.*": 10.0, "conv*": 0.1}},
            "SAM, lr 0.01, momentum 0, weight decay 0, rho 0.05, "
            "lr 10 times for fc.* and 0.1 times for conv*",
        ),
        ("muon", "Muon, lr 0.02, momentum 0.95, weight decay 0, adamw lr 0.001"),
    ],
)
def test_an_optimizer(optimizer: Any, words: str) -> None:
    assert told("Optimizer", optimizer=optimizer) == words


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
    assert told("Learning rate", schedule=schedule) == words


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({}, "none"),
        (
            {"flip": True, "crop": 4, "cutout": 8},
            "random horizontal flip; random crop with padding of 4 pixels; cutout of 8x8 pixels",
        ),
        ("trivialaugment", "TrivialAugment"),
        ("autoaugment-cifar", "AutoAugment's policy for CIFAR-10"),
        ({"randaugment": {"magnitude": 5}}, "RandAugment, 2 changes of magnitude 5"),
        (
            {"random_resized_crop": {"scale": [0.2, 1]}, "grey": 0.1, "rotate": 10},
            "random resized crop: 0.2 to 1 of the area, ratio 0.75 to 1.333; "
            "random rotation by up to 10 degrees; grayscale with probability 0.1",
        ),
        ({"color_jitter": 0.4}, "color jitter: brightness 0.4, contrast 0.4, saturation 0.4"),
    ],
)
def test_augmentation(section: Any, words: str) -> None:
    said = augmentation(config(augmentation=section).augmentation)
    assert said.replace("\xa0", " ") == words


def test_stochastic_depth() -> None:
    deep = {"kind": "resnet20", "stochastic_depth": 0.2}
    assert told("Stochastic depth", network=deep) == "up to 0.2"
    assert "Stochastic depth" not in training(config(network="resnet20"))


def test_every_augmentation_has_words() -> None:
    for name in Augmentation.model_fields:
        assert name in _AUGMENTATIONS


def test_what_is_not_asked_for_is_left_out() -> None:
    assert [*training(config())] == [
        "Optimizer",
        "Learning rate",
        "Augmentation",
        "Epochs",
        "Batch size",
    ]
    asked = config(mixup=0.2, cutmix=1.0, ema=0.99, stop_early={"patience": 3}, test_flips=True)
    said = {title: text.replace("\xa0", " ") for title, text in training(asked).items()}
    assert said["Mixed images"] == "mixup 0.2 or cutmix 1, by batch"
    assert said["Weights that are tested"] == "moving average, decay 0.99"
    assert said["Epochs"] == "at most 9, until the lowest validation loss is 3 epochs old"
    assert said["Predictions"] == "mean over each image and its mirror image"
