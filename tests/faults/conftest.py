"""Images that every test of faults shares."""

from pathlib import Path

import pytest

from faults.small import draw_images


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_images(tmp_path_factory.mktemp("faults") / "images")


@pytest.fixture(autouse=True)
def a_checkpoint_every_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    """These epochs take no longer than writing a checkpoint, which is otherwise too often."""
    monkeypatch.setattr("paribus.execution.checkpoint.SPACING", 0)
