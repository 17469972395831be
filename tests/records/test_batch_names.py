"""The file of a setting's training images is called by all that decides them."""

import pytest

from paribus.records.images import batch_name
from paribus.records.types import RunFacts
from synthetic import make_records, make_study


def facts(**config: object) -> RunFacts:
    one = make_records(make_study(seeds=3, epochs=4), images=20)[0].facts
    return one.model_copy(update={"config": one.config | config})


def test_settings_that_change_nothing_have_none() -> None:
    assert batch_name([]) is None
    assert batch_name([facts(augmentation={"flip": False, "shift": 0})]) is None


def test_runs_of_other_trainers_have_none() -> None:
    found = facts(augmentation={"flip": True}).model_copy(update={"streams": None})
    assert batch_name([found]) is None


@pytest.mark.parametrize(
    "other",
    [
        {"augmentation": {"flip": True, "crop": 4}},
        {"augmentation": {"flip": True}, "mixup": 0.2},
        {"augmentation": {"flip": True}, "cutmix": 1.0},
        {"augmentation": {"flip": True}, "batch_size": 7},
    ],
)
def test_what_decides_the_images_is_in_the_name(other: dict[str, object]) -> None:
    one = batch_name([facts(augmentation={"flip": True})])
    assert one is not None and one != batch_name([facts(**other)])
    assert one == batch_name([facts(augmentation={"flip": True}, epochs=99)])
