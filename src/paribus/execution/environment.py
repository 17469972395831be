"""The machine, the versions and the commit that train a run."""

import platform
import resource
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import torch

import paribus
from paribus.records.types import EngineFacts, Environment


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


_DECIDE_BITS = ("torch", "cpu", "cpu_capability", "threads", "engine")


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
