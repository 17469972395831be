from __future__ import annotations

from pathlib import Path

import pytest
import torch

from paribus.data.batches import Batches
from paribus.data.dataset import prepare
from paribus.study.data import Digits


@pytest.fixture
def batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Batches:
    monkeypatch.setenv("PARIBUS_CACHE", str(tmp_path))
    dataset, _ = prepare(Digits(source="digits", size=8), None)
    return Batches(dataset)


def test_images_in_memory_that_was_there_are_the_same(batches: Batches) -> None:
    buffer = batches.buffer(5)
    first, second = torch.tensor([3, 1, 4, 1, 5]), torch.tensor([9, 2])
    assert torch.equal(batches.images(first, buffer), batches.images(first))
    assert torch.equal(batches.images(second, buffer), batches.images(second))


def test_they_take_the_place_of_those_before(batches: Batches) -> None:
    buffer = batches.buffer(2)
    before = batches.images(torch.tensor([0, 1]), buffer)
    after = batches.images(torch.tensor([2, 3]), buffer)
    assert before.data_ptr() == after.data_ptr()
    assert torch.equal(before, after)
