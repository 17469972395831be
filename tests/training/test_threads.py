"""Tests train as workers do, by one thread."""

import torch


def test_pytorch_has_one_thread() -> None:
    assert torch.get_num_threads() == 1
