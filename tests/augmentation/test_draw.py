"""What is drawn: each from its own stream, whatever else is switched on and however strong."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from augmentation.torchvision_oracle import torchvision_transforms
from paribus.augmentation.draw import draw
from paribus.study.augmentation import Augmentation

SHAPE = (3, 24, 32)
EVERY: dict[str, Any] = {
    "flip": True,
    "crop": 4,
    "cutout": 8,
    "random_resized_crop": True,
    "rotate": 10.0,
    "color_jitter": 0.3,
    "grey": 0.2,
}
POLICIES: dict[str, Any] = {
    "randaugment": {"n": 2, "magnitude": 9},
    "trivialaugment": True,
    "autoaugment": "cifar",
}


def named(
    section: dict[str, Any], count: int = 60, seed: int = 1, epoch: int = 1
) -> dict[str, Any]:
    of = Augmentation.model_validate(section)
    return draw(of, count, SHAPE, seed, epoch).by_name(of)


@given(
    chosen=st.sets(st.sampled_from(list(EVERY))),
    policy=st.sampled_from([None, *POLICIES]),
    seed=st.integers(0, 9),
    epoch=st.integers(1, 9),
)
def test_each_draws_the_same_whatever_else_is_switched_on(
    chosen: set[str], policy: str | None, seed: int, epoch: int
) -> None:
    section = {name: EVERY[name] for name in chosen}
    section |= {policy: POLICIES[policy]} if policy else {}
    together = named(section, seed=seed, epoch=epoch)
    assert together.keys() == section.keys()
    for name, drawn in together.items():
        alone = named({name: section[name]}, seed=seed, epoch=epoch)[name]
        assert np.array_equal(drawn, alone)


@pytest.mark.parametrize("name", [*EVERY, *POLICIES])
def test_seeds_and_epochs_draw_otherwise(name: str) -> None:
    section = {name: {**EVERY, **POLICIES}[name]}
    first = named(section)[name]
    assert not np.array_equal(first, named(section, seed=2)[name])
    assert not np.array_equal(first, named(section, epoch=2)[name])
    assert np.array_equal(first, named(section)[name])


def test_strength_changes_no_choice() -> None:
    weak, strong = (named({"randaugment": {"n": 2, "magnitude": m}}) for m in (3, 20))
    assert np.array_equal(weak["randaugment"], strong["randaugment"])
    more = named({"randaugment": {"n": 3, "magnitude": 3}})
    assert np.array_equal(weak["randaugment"], more["randaugment"][:, :2])
    small, large = (named({"cutout": side})["cutout"] for side in (4, 16))
    assert np.array_equal(small, large)
    narrow, wide = (named({"rotate": degrees})["rotate"] for degrees in (10.0, 30.0))
    assert np.allclose(3 * narrow, wide)


def test_crop_is_shift_by_its_other_name() -> None:
    assert np.array_equal(named({"crop": 3})["crop"], named({"shift": 3})["shift"])


def test_a_square_has_its_center_anywhere() -> None:
    centers = named({"cutout": 8}, count=4000)["cutout"]
    assert set(centers[:, 0]) == set(range(24)) and set(centers[:, 1]) == set(range(32))


def test_parts_are_distributed_as_torchvisions() -> None:
    section = {"random_resized_crop": {"scale": [0.3, 1.0], "ratio": [0.5, 2.0]}}
    ours = named(section, count=3000)["random_resized_crop"]
    crop = torchvision_transforms().RandomResizedCrop
    blank = np.zeros((3, 24, 32), np.float32)
    torch.manual_seed(0)
    theirs = np.array(
        [crop.get_params(torch.from_numpy(blank), [0.3, 1.0], [0.5, 2.0]) for _ in range(3000)]
    )
    for column in range(4):
        assert stats.ks_2samp(ours[:, column], theirs[:, column]).pvalue > 1e-4
    assert (ours[:, 0] + ours[:, 2] <= 24).all() and (ours[:, 1] + ours[:, 3] <= 32).all()


def test_where_no_part_fits_the_middle_is_taken() -> None:
    section = {"random_resized_crop": {"scale": [1.0, 1.0], "ratio": [1.0, 1.0]}}
    boxes = named(section, count=3)["random_resized_crop"]
    assert boxes.tolist() == [[0, 4, 24, 24]] * 3


@pytest.mark.parametrize(("name", "choices"), [("trivialaugment", 14), ("autoaugment", 25)])
def test_policies_choose_evenly(name: str, choices: int) -> None:
    first = named({name: POLICIES[name]}, count=7000)[name][:, 0].astype(int)
    assert stats.chisquare(np.bincount(first, minlength=choices)).pvalue > 1e-4
