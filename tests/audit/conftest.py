"""Published reports, small and made up."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from paribus.audit.spec import Published


@pytest.fixture(scope="session")
def build() -> Callable[..., Published]:
    """A report of these matrices by setting; keyword arguments are its other keys."""

    def published(matrices: Mapping[str, Sequence[Sequence[int]]], **others: Any) -> Published:
        (rows, *_) = matrices.values()
        classes = ["cat", "dog", "elk", "fox", "gnu"][: len(rows)]
        settings = {name: {"confusion": rows} for name, rows in matrices.items()}
        return Published.model_validate({"classes": classes, "settings": settings} | others)

    return published
