"""torchvision as an oracle, beside any build of PyTorch."""

import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

#: Where `make test` puts oracles that would be in other libraries' way.
ORACLES = Path(__file__).parents[2] / ".oracles"


def torchvision_transforms() -> Any:
    """The package `torchvision.transforms`, or a skipped test.

    PyPI's torchvision is compiled for one build of PyTorch, and can't be imported beside another,
    which lacks its operators. The tests need its Python alone, so the operators that it asks for
    are declared to be there.
    """
    if ORACLES.is_dir() and str(ORACLES) not in sys.path:
        sys.path.append(str(ORACLES))
    with suppress(RuntimeError):
        return _imported()
    library = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]  # torch leaves it
    for name in ("nms", "qnms"):
        operator = f"{name}(Tensor boxes, Tensor scores, float threshold) -> Tensor"
        library.define(operator)  # type: ignore[no-untyped-call]  # torch leaves it
    _KEPT.append(library)
    return _imported()


def _imported() -> Any:
    try:
        import torchvision.transforms.v2
    except ImportError:
        import pytest  # here: benchmarks, which have none, use this too

        pytest.skip("needs torchvision")
    return torchvision.transforms


#: A library's operators are gone when it is.
_KEPT: list[torch.library.Library] = []
