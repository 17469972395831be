"""Tasks that nodes perform, each telling or doing one thing about where it is."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from paribus.events import Watch
from paribus.execution.place import Outcome
from paribus.io.disk import writing
from places.trivial import Count


@dataclass(frozen=True)
class Look(Count):
    """Tells what a process on a node is like."""

    def perform(self, tell: Watch) -> Outcome:
        import torch

        facts = {
            "threads": torch.get_num_threads(),
            "omp": os.environ["OMP_NUM_THREADS"],
            "hash": hash("the same in each process"),
            "folder": sorted(path.name for path in Path().iterdir()),
            "local": [entry for entry in sys.path if not Path(entry).is_absolute()],
            "data": None if self.data is None else sorted(p.name for p in self.data.iterdir()),
        }
        return Outcome(self.run, "finished", 0.0, repr(facts))


@dataclass(frozen=True)
class Picky(Count):
    """Finds the disk full, everywhere or only on the first node that it comes to."""

    everywhere: bool = False
    seen: Path = Path()  # a folder in which it notes the nodes that it has come to

    def perform(self, tell: Watch) -> Outcome:
        import ray

        node = ray.get_runtime_context().get_node_id()
        (self.seen / f"{len(list(self.seen.iterdir()))} {node}").touch()
        if self.everywhere or len(list(self.seen.iterdir())) == 1:
            with writing(self.out / "x"):
                os.write(os.open("/dev/full", os.O_WRONLY), b"x")
        return Outcome(self.run, "finished", 0.0)


@dataclass(frozen=True)
class Notices(Count):
    """Sees once, or each time, that a process which it has started was killed."""

    times: int = 1

    def perform(self, tell: Watch) -> Outcome:
        status = "killed" if self.retries < self.times else "finished"
        return Outcome(self.run, status, 0.0, "its command was killed" * (status == "killed"))
