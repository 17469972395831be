"""A study made in Python: what it takes, what it refuses and in which words, how it prints."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from paribus.errors import StudyError
from paribus.study.optimizers import Adam
from paribus.study.spec import Study

GOOD: dict[str, Any] = {"name": "x", "data": {"source": "digits"}, "epochs": 2}


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        (
            {"epoch": 2, "batch_size": "many"},
            [
                "study: batch_size: expected an integer, got 'many'",
                "study: epoch: unknown key 'epoch'; did you mean 'epochs'? Valid: data, ",
            ],
        ),
        ({"epochs": 2.0}, ["study: epochs: expected an integer, got 2.0"]),
        ({"primary": ["test_loss"]}, ["study: primary: expected text, got ['test_loss']"]),
        ({"data": 3}, ["study: data: expected a mapping of keys, got 3"]),
        (
            {"variations": {"a": {"optimiser.lr": 1}}},
            ["study: variations.a.optimiser.lr: unknown key 'optimiser'; did you mean 'optimizer'"],
        ),
        (
            {"optimizer": Adam(lr=0.1), "primary": "accuracy"},
            ["study: primary: no metric 'accuracy' can decide"],
        ),
    ],
)
def test_a_wrong_study_is_refused_in_our_words_with_every_problem(
    changes: dict[str, Any], problems: list[str]
) -> None:
    with pytest.raises(StudyError) as refused:
        Study(**(GOOD | changes))
    lines = str(refused.value).splitlines()
    assert len(lines) == len(problems)
    assert all(map(str.startswith, lines, problems))
    with pytest.raises(StudyError) as validated:
        Study.model_validate(GOOD | changes)
    assert str(validated.value) == str(refused.value)


def test_what_is_no_mapping_is_refused_too() -> None:
    with pytest.raises(StudyError, match=r"^study: expected a mapping of keys, got 3$"):
        Study.model_validate(3)


def test_paths_and_numbers_of_numpy_are_taken_for_text_and_numbers() -> None:
    study = Study.model_validate(
        {
            "name": "x",
            "data": {"source": "folder", "path": Path("pics"), "size": np.int32(16)},
            "epochs": np.int64(2),
            "optimizer": {"lr": np.float64(0.01)},
            "seeds": {"until": "decided", "looks": np.array([5, 8])},
            "variations": {"bn": {"network.batch_norm": np.True_, "optimizer.lr": np.float32(0.5)}},
        }
    )
    assert Study.model_validate_json(study.model_dump_json()) == study
    assert study.model_dump()["data"]["path"] == "pics"
    assert study.variations == {"bn": {"network.batch_norm": True, "optimizer.lr": 0.5}}


def test_a_study_is_one_line() -> None:
    study = Study.model_validate(GOOD | {"variations": {"bn": {"network.batch_norm": True}}})
    assert repr(study) == str(study) == "<Study 'x': baseline, bn; seeds: 5>"
