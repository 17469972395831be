"""All that decides a run's result: its inputs, and the machine and versions that train it."""

import hashlib
import platform
import resource
import subprocess
import sys
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

import paribus
from paribus.data.dataset import Dataset
from paribus.io.strict_json import dumps
from paribus.network.own import source_digest
from paribus.records.types import TRAINING_FORMAT, EngineFacts, Environment, RunFacts
from paribus.study.config import OwnNetwork, flat
from paribus.study.plan import Run

#: What of the environment decides the last bits.
_DECIDE_BITS = ("torch", "cpu", "cpu_capability", "threads", "engine")


@dataclass(frozen=True)
class RunInputs:
    """What a run's result follows from."""

    format: int
    config: dict[str, Any]  # the setting in full
    seed: int
    data: str  # the data set's fingerprint
    torch: str
    code: str | None  # SHA-256 of the file of a user's own network
    engine: EngineFacts | None = None  # None for PyTorch

    @property
    def digest(self) -> str:
        """SHA-256 over all of it; a record is reused while it stays equal."""
        # What torch trains says nothing of engines, as when there was no other: such records stay.
        engine = {"engine": self.engine.model_dump()} if self.engine else {}
        return _digest(self._without("engine") | engine)

    @property
    def digest_anywhere(self) -> str:
        """SHA-256 over what doesn't depend on where it is trained."""
        return _digest(self._without("engine", "torch"))

    def changes_since(self, facts: RunFacts) -> tuple[str, ...]:
        """In words, how this differs from what a record was made of; empty where nothing does."""
        if facts.digest == self.digest:
            return ()
        before, now = dict(flat(facts.config)), dict(flat(self.config))
        changes = [
            f"{path}: {_value(before, path)} -> {_value(now, path)}"
            for path in {**before, **now}
            if before.get(path) != now.get(path)
        ]
        if facts.data.fingerprint != self.data:
            changes.append(f"the images: {facts.data.fingerprint[:12]} -> {self.data[:12]}")
        if facts.environment.torch != self.torch:
            changes.append(f"torch: {facts.environment.torch} -> {self.torch}")
        if facts.environment.engine != self.engine:
            changes.append(f"the engine: {named(facts.environment.engine)} -> {named(self.engine)}")
        # A record from before Paribus wrote this down says nothing of its code.
        if facts.code != self.code and (facts.code or not changes):
            changes.append("the code of the network")
        return tuple(changes) or ("how Paribus trains",)

    def _without(self, *names: str) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if name not in names}


def run_inputs(run: Run, dataset: Dataset, engine: EngineFacts | None = None) -> RunInputs:
    """What the result of training `run` on `dataset` here, with `engine`, would follow from."""
    config = run.setting.config
    return RunInputs(
        format=TRAINING_FORMAT,
        config=config.recorded(),
        seed=run.seed,
        data=dataset.fingerprint,
        torch=torch.__version__,
        code=source_digest(config.network.kind) if isinstance(config.network, OwnNetwork) else None,
        engine=engine,
    )


def _digest(parts: dict[str, Any]) -> str:
    return hashlib.sha256(dumps(parts, sort_keys=True).encode()).hexdigest()


def _value(values: dict[str, Any], path: str) -> str:
    return dumps(values[path]) if path in values else "(none)"


# ---- machine ---------------------------------------------------------------------------------


def environment(engine: EngineFacts | None = None) -> Environment:
    """What this process runs on, with the number of threads it uses now and the engine given."""
    commit, dirty = _git()
    return Environment(
        paribus=paribus.__version__,
        python=platform.python_version(),
        torch=torch.__version__,
        numpy=np.__version__,
        platform=f"{platform.system()} {platform.machine()}",
        cpu=_cpu(),
        cpu_capability=torch.backends.cpu.get_cpu_capability(),
        threads=torch.get_num_threads(),
        git_commit=commit,
        git_dirty=dirty,
        engine=engine,
    )


def same_bits(one: Environment, other: Environment) -> bool:
    """Whether training gives the same last bits under both, as far as is known."""
    return all(getattr(one, name) == getattr(other, name) for name in _DECIDE_BITS)


def described(environment: Environment) -> str:
    """What of it decides the last bits, for people."""
    threads = "1 thread" if environment.threads == 1 else f"{environment.threads} threads"
    torch = f"torch {environment.torch}, {environment.cpu}, {environment.cpu_capability}, {threads}"
    return f"{torch}, {named(environment.engine)}" if environment.engine else torch


def named(engine: EngineFacts | None) -> str:
    """An engine for people: "torch", "native x86-64-v3 (library 0123456789ab)"."""
    return f"native {engine.build} (library {engine.digest[:12]})" if engine else "torch"


def peak_memory() -> int:
    """Bytes of memory that this process has used at most."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        # Kept since the program began; what getrusage says includes the process before it.
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


@cache
def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


@cache
def _git() -> tuple[str | None, bool | None]:
    """Commit and dirty state of Paribus's own source, where it runs from a checkout."""
    folder = Path(__file__).parent

    def ask(*words: str) -> str:
        done = subprocess.run(
            ["git", "-C", folder, *words], capture_output=True, text=True, check=True, timeout=10
        )
        return done.stdout.strip()

    try:
        if not (Path(ask("rev-parse", "--show-toplevel")) / "src" / "paribus").is_dir():
            return None, None
        return ask("rev-parse", "HEAD"), bool(ask("status", "--porcelain"))
    except (OSError, subprocess.SubprocessError):
        return None, None
