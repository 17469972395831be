"""STL-10's real files, and small folders of images, for the tests of the data."""

import fcntl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_stl10() -> Path:
    """The folder of the images from which the official files are made."""
    if not (SHARED / "unpack-stl10").is_file():
        pytest.skip("the real STL-10 is not beside this repository (../shared/data)")
    return SHARED / "stl10"


@pytest.fixture(scope="session")
def real_stl10(shared_stl10: Path, request: pytest.FixtureRequest) -> Path:
    """The folder that holds `stl10_binary`.

    Writing it takes half a minute, so it stays in .pytest_cache; the script leaves files alone
    whose MD5s are right. Of several test processes one writes while the others wait.
    """
    assert request.config.cache is not None
    folder = request.config.cache.mkdir("stl10")
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        script = shared_stl10.parent / "unpack-stl10"
        subprocess.run([sys.executable, script, folder], check=True, capture_output=True)
    return folder


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the test's own."""
    folder = tmp_path / "own-cache"
    monkeypatch.setenv("PARIBUS_CACHE", str(folder))
    return folder


@pytest.fixture
def images_in() -> Callable[..., None]:
    """Write some small images into a folder, no two alike."""
    random = np.random.default_rng(0)

    def write(folder: Path, count: int, side: int = 8) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for i in range(count):
            pixels = random.integers(0, 256, (side, side, 3), np.uint8)
            Image.fromarray(pixels).save(folder / f"{i}.png")

    return write
