"""What several tests share: a cache of their own, and the smallest study that trains.

Nothing here imports PyTorch or Playwright: the tests that need neither start without them.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from paribus.records.types import EngineFacts
from paribus.study.spec import Study
from undrawn import leave_charts_out

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# One thread, as in a worker: another number would change the last bits. PyTorch reads these when
# it is imported, and `training/test_threads.py` looks that it has.
os.environ |= {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

# Where tests are started with & from a script, Ctrl-C is ignored, and so it would be in every
# command that they start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep tests out of the user's cache."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PARIBUS_CACHE", str(folder))
        yield folder


@pytest.fixture
def small_study() -> Callable[..., Study]:
    """A study of digits at 16x16 for one short epoch; keyword arguments change it."""

    def build(**changes: Any) -> Study:
        plain = {
            "name": "small",
            "data": {"source": "digits", "size": 16},
            "epochs": 1,
            "seeds": 1,
            "batch_size": 64,
            "variations": {"l2": {"optimizer.weight_decay": 0.01}},
        }
        return Study.model_validate(plain | changes)

    return build


@pytest.fixture(scope="session", autouse=True)
def undrawn() -> None:
    """Charts are left out, but where a test asks for them by `undrawn.drawn`."""
    leave_charts_out()


@pytest.fixture(scope="session")
def native() -> EngineFacts:
    """Paribus's own engine; a test that needs it is skipped where it wasn't built."""
    from paribus.engine.library import NoLibrary, library

    try:
        return EngineFacts(build=library().build, digest=library().digest)
    except NoLibrary as missing:
        pytest.skip(f"no engine: {missing}")


CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without a window, one for all tests."""
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()
