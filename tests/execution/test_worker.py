"""A worker is a program of its own: no script is run again for it, and nobody's files get in."""

import multiprocessing
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from effort import telling
from execution.test_session import weights
from faults.small import draw_images
from faults.small import small_study as study_of
from paribus.errors import DiskError
from paribus.events import Watch
from paribus.execution.place import Outcome, Task
from paribus.execution.worker import serve
from paribus.io.disk import write_file
from paribus.io.lock import LOCK, Hold
from paribus.study.plan import runs
from paribus.study.spec import Study

#: Trains at once and starts afresh, as a script does that nobody has prepared for processes. The
#: report is left out: it takes longer than the rest.
SCRIPT = """
import multiprocessing, shutil, sys, threading
from unittest.mock import patch
import paribus

shutil.rmtree({out!r}, ignore_errors=True)
def work():
    with patch("paribus.pipeline.write_report"):
        study = paribus.Study.model_validate_json({study!r})
        print(len(paribus.run(study, {out!r}, jobs=1).records), "records")

if {how!r} == "pool":
    with multiprocessing.get_context("fork").Pool(1) as pool:
        pool.apply(work)
elif {how!r} == "thread":
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
else:
    work()
"""

#: How a script is started, given its file and its text.
WAYS: dict[str, Callable[[Path], tuple[list[str], str]]] = {
    "file": lambda file: ([str(file)], ""),
    "pool": lambda file: ([str(file)], ""),
    "thread": lambda file: ([str(file)], ""),
    "standard input": lambda file: (["-"], file.read_text()),
    "-c": lambda file: (["-c", file.read_text()], ""),
    "module": lambda file: (["-m", file.stem], ""),
}


@pytest.mark.parametrize("how", telling(WAYS, "pool"))
def test_a_script_trains_however_it_is_started(tmp_path: Path, how: str) -> None:
    out = tmp_path / "out"
    file = tmp_path / "plain_script.py"
    study = study_of(draw_images(tmp_path / "images"), epochs=1).model_dump_json()
    file.write_text(SCRIPT.format(out=str(out), study=study, how=how))
    words, text = WAYS[how](file)
    elsewhere = tmp_path if how == "module" else tmp_path.parent
    done = subprocess.run(
        [sys.executable, *words], input=text, cwd=elsewhere, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "2 records\n"), done.stderr
    assert len(weights(out)) == 4  # two settings, at the last and the best epoch


@dataclass(frozen=True)
class Writing(Task):
    """Writes a file into a folder of results."""

    out: Path

    def perform(self, tell: Watch) -> Outcome:
        write_file(self.out / "tables" / "runs.csv", b"new")
        return Outcome(self.run, "finished", 0.0)


def test_a_worker_writes_nothing_into_a_folder_that_its_parent_has_lost(
    tmp_path: Path, small_study: Callable[..., Study]
) -> None:
    ours, theirs = multiprocessing.Pipe()
    worker = threading.Thread(target=serve, args=(theirs,), daemon=True)
    worker.start()
    out = tmp_path / "out"
    task = Writing(runs(small_study())[0], out)
    lock = tmp_path.stat()  # of any other file
    out.mkdir()
    (out / LOCK).touch()
    ours.send((task, Hold(out / LOCK, lock.st_dev, lock.st_ino)))
    refused = ours.recv()
    assert isinstance(refused, DiskError)
    assert "its lock file, .lock, was removed or replaced" in str(refused)
    assert [path.name for path in out.iterdir()] == [LOCK]
    ours.send((task, None))  # as without a lock
    assert ours.recv() == Outcome(task.run, "finished", 0.0)
    ours.close()
    worker.join(timeout=10)
    assert not worker.is_alive()
