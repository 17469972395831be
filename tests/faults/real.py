"""Real processes of a real study, found and killed from outside."""

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from paribus.log import read_log
from paribus.results import read_results
from paribus.tables import to_csv

COMMAND = Path(__file__).parents[1] / "undrawn_command.py"

#: A network that takes a few hundredths of a second an epoch, wherever it is trained.
SLOW_NETWORK = """\
import time
from torch import nn
from torch.nn.functional import dropout

class Slow(nn.Module):
    def __init__(self, channels, height, width, classes):
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(channels * height * width, 16),
                                  nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, classes))

    def forward(self, images):
        if self.training:
            time.sleep(0.008)
        return self.body(dropout(images, 0.1, self.training))
"""


def slow_study(images: Path, folder: Path, epochs: int) -> Path:
    """A study file of two runs, beside the network that it names."""
    (folder / "slow_network.py").write_text(SLOW_NETWORK)
    study = {
        "name": "slow",
        "data": {"source": "folder", "path": str(images), "size": 16, "color": "gray"},
        "network": "slow_network:Slow",
        "augmentation": {"flip": True, "shift": 1},
        "epochs": epochs,
        "batch_size": 6,
        "seeds": 1,
        "variations": {"l2": {"optimizer.weight_decay": 0.05}},
    }
    (folder / "slow.yaml").write_text(json.dumps(study))
    return folder / "slow.yaml"


@contextmanager
def started(study: Path, out: Path, jobs: int = 1) -> Iterator[subprocess.Popen[str]]:
    """`paribus run`, without charts, in a group of its own, killed at the latest at the end."""
    words = ["run", study.name, "--out", str(out), "--jobs", str(jobs), "--allow-code"]
    parent = subprocess.Popen(
        [sys.executable, str(COMMAND), *words],
        cwd=study.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield parent
    finally:
        if parent.poll() is None:
            os.killpg(parent.pid, signal.SIGKILL)
        parent.communicate()


def heard(out: Path, event: str) -> int:
    """How many events of that kind the log has."""
    return sum(entry.get("event") == event for entry in read_log(out))


def until(true: Callable[[], bool], what: str, seconds: float = 120) -> None:
    """Wait for something, or fail and say for what."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.02)


def workers(parent: int) -> list[int]:
    """The processes that a process has started to work."""
    result = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            after = (folder / "stat").read_text().rpartition(") ")[2].split()
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if int(after[1]) == parent and b"paribus.execution.worker" in command:
            result.append(int(folder.name))
    return result


def alive(process: int) -> bool:
    """Whether a process runs; a dead one whose parent hasn't looked yet doesn't."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except OSError:
        return False


def files(out: Path) -> dict[str, tuple[int, int]]:
    """Every file with its size and time."""
    facts = {str(path): path.stat() for path in out.rglob("*") if path.is_file()}
    return {path: (values.st_size, values.st_mtime_ns) for path, values in facts.items()}


#: The tables that say nothing of time.
TABLES = ("epochs", "steps", "per_class", "confusion", "failures", "interventions")


def tables(out: Path) -> dict[str, bytes]:
    """Those tables of a report."""
    folder = out / "tables"
    steps = gzip.decompress((folder / "steps.csv.gz").read_bytes())
    return {
        name: steps if name == "steps" else (folder / f"{name}.csv").read_bytes() for name in TABLES
    }


def made_tables(out: Path) -> dict[str, bytes]:
    """The same tables, made from a study's records."""
    results = read_results(out)
    return {name: to_csv(results.table(name)) for name in TABLES}
