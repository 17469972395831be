"""The machine and the versions that a process runs on, as far as nothing but them is needed."""

import platform
import resource
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np

import paribus
from paribus.records.types import Environment


def machine() -> Environment:
    """What this process runs on; nothing of PyTorch, which isn't loaded for this."""
    commit, dirty = _git()
    return Environment(
        paribus=paribus.__version__,
        python=platform.python_version(),
        numpy=np.__version__,
        platform=f"{platform.system()} {platform.machine()}",
        cpu=_cpu(),
        git_commit=commit,
        git_dirty=dirty,
    )


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
