"""Run a command; print its seconds and its peak memory in bytes: `peak.py COMMAND ...`.

This is a small process of its own, because the system counts the size of the starting process
into a command's peak.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time


def main(command: list[str]) -> None:
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    if status:
        sys.exit(f"{' '.join(command)} failed")
    unit = 1 if sys.platform == "darwin" else 1024
    print(json.dumps([seconds, usage.ru_maxrss * unit]))


if __name__ == "__main__":
    main(sys.argv[1:])
