"""timm beside any build of PyTorch, as an oracle and for the tests of what builds its networks."""

from typing import Any

import pytest

from augmentation.torchvision_oracle import torchvision_transforms


def timm_library() -> Any:
    """The package `timm`, or a skipped test; it imports torchvision."""
    torchvision_transforms()
    return pytest.importorskip("timm", reason="needs timm")
