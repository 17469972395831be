"""Keys of training: what is refused, and that none at its default changes a record."""

from typing import Any

import pytest

from paribus.errors import StudyError
from paribus.report.sections.provenance import study_file
from paribus.study.config import Config
from paribus.study.plan import settings
from paribus.study.read import parse_study
from paribus.study.spec import Study

STUDY = {"name": "a", "data": {"source": "digits"}, "epochs": 3}

#: What records of the first version say of training.
FIRST = {
    "adam": {"kind": "adam", "lr": 0.001, "weight_decay": 0.0},
    "adamw": {"kind": "adamw", "lr": 0.001, "weight_decay": 0.01},
    "sgd": {"kind": "sgd", "lr": 0.01, "momentum": 0.0, "weight_decay": 0.0},
}


@pytest.mark.parametrize("kind", FIRST)
def test_what_is_at_its_default_stands_in_no_record_so_that_older_ones_stay_valid(
    kind: str,
) -> None:
    recorded = Config.model_validate(
        {"data": {"source": "digits"}, "epochs": 3, "optimizer": kind}
    ).recorded()
    assert recorded == {
        "data": {
            "source": "digits", "size": 32, "validation": 0.2, "test": 0.2
        },
        "network": {"kind": "lenet5", "batch_norm": False, "dropout": 0.0},
        "optimizer": FIRST[kind],
        "schedule": {"kind": "constant"},
        "augmentation": {"flip": False, "shift": 0},
        "epochs": 3,
        "batch_size": 128,
    }  # fmt: skip


TRAINING: list[dict[str, Any]] = [
    {"optimizer": {"kind": "sgd", "momentum": 0.9, "nesterov": True, "decay": "weights"}},
    {"optimizer": {"kind": "adam", "betas": [0.8, 0.95], "eps": 1e-6}, "clip_gradients": 1.0},
    {"schedule": {"kind": "multistep", "epochs": [1, 2], "factor": 0.1, "warmup": 0.5}},
    {"label_smoothing": 0.1, "class_weights": "balanced"},
    {"schedule": {"kind": "polynomial", "power": 2.0, "final": 0.0}},
    {"schedule": {"kind": "one_cycle", "pct_start": 0.2, "div_factor": 5.0}},
]


@pytest.mark.parametrize("training", TRAINING, ids=str)
def test_a_study_with_such_keys_is_read_kept_and_printed_as_it_is(training: dict[str, Any]) -> None:
    study = Study.model_validate({**STUDY, **training})
    assert Study.model_validate_json(study.model_dump_json()) == study
    assert parse_study(study_file(study)) == study
    (setting,) = settings(study)
    assert Config.model_validate(setting.config.model_dump()) == setting.config
    for section, keys in training.items():
        recorded = setting.recorded[section]
        assert recorded == (recorded | keys if isinstance(keys, dict) else keys)


@pytest.mark.parametrize(
    ("training", "variation", "where", "message"),
    [
        (
            {"optimizer": {"kind": "sgd", "nesterov": True}}, {},
            "optimizer.nesterov", "expected false where momentum is 0",
        ),
        (
            {"optimizer": "sgd"}, {"optimizer.nesterov": True},
            "variations.v.optimizer.nesterov", "expected false where momentum is 0",
        ),
        (
            {"optimizer": {"kind": "sgd", "momentum": 0.9, "nesterov": True}},
            {"optimizer.momentum": 0.0},
            "variations.v.optimizer.momentum", "optimizer.nesterov of the baseline: expected false",
        ),
        ({"optimizer": {"betas": [0.9, 1.0]}}, {}, "optimizer.betas.1", "less than 1"),
        ({"optimizer": {"decay": "biases"}}, {}, "optimizer.decay", "'all' or 'weights'"),
        ({"label_smoothing": 1.0}, {}, "label_smoothing", "less than 1"),
        ({"class_weights": [1, 2]}, {}, "class_weights", "'equal' or 'balanced'"),
        ({"clip_gradients": 0}, {}, "clip_gradients", "greater than 0"),
        (
            {"schedule": {"kind": "cosine", "warmup": 3}}, {},
            "schedule.warmup", "a warm-up that ends before the training, got 3 of 3",
        ),
        (
            {"schedule": {"kind": "cosine", "warmup": 1}}, {"schedule.warmup": 4.5},
            "variations.v.schedule.warmup", "got 4.5 of 3 epochs",
        ),
        (
            {"schedule": {"kind": "cosine", "warmup": 1}}, {"epochs": 1},
            "variations.v.epochs", "got 1 of 1 epochs",
        ),
        (
            {}, {"schedule": {"kind": "one_cycle", "warmup": 1}},
            "variations.v.schedule", "unknown key 'warmup'",
        ),
        (
            {"schedule": {"kind": "multistep", "epochs": [3, 2], "factor": 0.1}}, {},
            "schedule.epochs", "expected increasing numbers of epochs",
        ),
        ({"schedule": "one_cycel"}, {}, "schedule.kind", "did you mean 'one_cycle'"),
        ({}, {"epoch": 4}, "variations.v.epoch", "did you mean 'epochs'"),
        ({}, {"optimizer.nesterov": True}, "variations.v.optimizer.nesterov", "unknown key"),
        ({}, {"nesterov": True}, "variations.v.nesterov", "did you mean 'optimizer.nesterov'"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_at_its_key(
    training: dict[str, Any], variation: dict[str, Any], where: str, message: str
) -> None:
    plan = {**STUDY, **training} | ({"variations": {"v": variation}} if variation else {})
    with pytest.raises(StudyError) as refused:
        Study.model_validate(plan)
    problems = {problem.path: problem.message for problem in refused.value.problems}
    assert where in problems
    assert message in problems[where]
