"""Mixed images and labels are torchvision's, from streams that settings share."""

from typing import Any

import numpy as np
import pytest
import torch

from augmentation.torchvision_oracle import torchvision_transforms
from paribus.study.config import Config
from paribus.training.mixing import Mixes, draw_mixes

CLASSES, BATCHES = 5, 400


def config(**keys: Any) -> Config:
    return Config.model_validate({"data": {"source": "digits"}, "epochs": 1, **keys})


def batch() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(6, 3, 12, 16, generator=generator)
    return images, torch.randint(CLASSES, (6,), generator=generator)


def test_nothing_is_mixed_unless_asked_for() -> None:
    images, labels = batch()
    same, alike = draw_mixes(config(), BATCHES, 0, 1).mix(0, images, labels, CLASSES)
    assert same is images and alike is labels


@pytest.mark.parametrize("share", [0.0, 0.25, 0.8, 1.0])
def test_mixup_is_torchvisions(share: float) -> None:
    images, labels = batch()
    theirs = torchvision_transforms().v2.MixUp(num_classes=CLASSES)
    given = {"labels": labels, "batch_size": len(images), "lam": share}
    expected = theirs.transform(images, given)
    mixed, shares = Mixes({"mixup": np.array([share])}).mix(0, images, labels, CLASSES)
    torch.testing.assert_close(mixed, expected)
    torch.testing.assert_close(shares, theirs.transform(labels, given))


@pytest.mark.parametrize("own", [0.0, 0.3, 0.7, 1.0])
@pytest.mark.parametrize("place", [(0.0, 0.0), (0.5, 0.3), (0.99, 0.99)])
def test_cutmix_is_torchvisions(
    own: float, place: tuple[float, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    images, labels = batch()
    theirs = torchvision_transforms().v2.CutMix(num_classes=CLASSES)
    down, across = place
    # It draws the column first, then the row.
    chosen = iter([int(across * 16), int(down * 12)])
    monkeypatch.setattr(theirs, "_dist", torch.distributions.Beta(1.0, 1.0))
    monkeypatch.setattr(theirs._dist, "sample", lambda shape: torch.tensor([own]))
    with monkeypatch.context() as patch:
        patch.setattr(torch, "randint", lambda *_, **__: torch.tensor([next(chosen)]))
        drawn = theirs.make_params([images])
    drawn |= {"labels": labels, "batch_size": len(images)}
    mixed, shares = Mixes({"cutmix": np.array([[own, down, across]])}).mix(
        0, images, labels, CLASSES
    )
    torch.testing.assert_close(mixed, theirs.transform(images, drawn))
    torch.testing.assert_close(shares, theirs.transform(labels, drawn))


def test_shares_are_of_the_declared_beta() -> None:
    shares = draw_mixes(config(mixup=0.4), 20_000, 3, 1).by_name["mixup"]
    assert shares.mean() == pytest.approx(0.5, abs=0.02)
    assert shares.var() == pytest.approx(1 / (4 * (2 * 0.4 + 1)), abs=0.005)


def test_with_both_each_batch_has_one_and_each_draws_as_it_does_alone() -> None:
    both = draw_mixes(config(mixup=0.4, cutmix=1.0), BATCHES, 3, 2)
    for name, value in (("mixup", 0.4), ("cutmix", 1.0)):
        alone = draw_mixes(config(**{name: value}), BATCHES, 3, 2)
        assert np.array_equal(both.by_name[name], alone.by_name[name])
    chosen = both.by_name["mixup or cutmix"]
    assert 0.4 < chosen.mean() < 0.6
    images, labels = batch()
    for number in (int(np.argmin(chosen)), int(np.argmax(chosen))):
        name = "cutmix" if chosen[number] else "mixup"
        mixed = both.mix(number, images, labels, CLASSES)
        by_itself = Mixes({name: both.by_name[name]}).mix(number, images, labels, CLASSES)
        assert all(torch.equal(one, other) for one, other in zip(mixed, by_itself, strict=True))


def test_images_stay_as_they_were() -> None:
    images, labels = batch()
    before = images.clone()
    for name, drawn in (("mixup", [0.3]), ("cutmix", [[0.3, 0.5, 0.5]])):
        Mixes({name: np.array(drawn)}).mix(0, images, labels, CLASSES)
    assert torch.equal(images, before)


def test_the_first_batches_are_the_same_however_many_follow() -> None:
    few, many = (draw_mixes(config(mixup=0.2, cutmix=0.7), n, 1, 1).by_name for n in (3, 40))
    assert all(np.array_equal(few[name], many[name][:3]) for name in few)
