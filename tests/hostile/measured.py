"""Commands as a stranger's files meet them: exit code, output, processor time, peak memory."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import sleep

from pace import slowness

#: What takes more seconds is measured again, at most so many times in all and a second later each
#: time; the least counts, since other programs only lengthen it.
AGAIN, TRIES = 0.5, 6

#: Runs each command of a list in a fork of a process that has loaded the command line alone: a
#: tenth of a second each instead of half a one. Memory is counted from the loaded process on. It
#: isn't forked from pytest, whose memory would be counted.
_FORKS = f"""
import json, os, sys, time
{inspect.getsource(slowness)}
from paribus.cli import main
import paribus.study.read, paribus.audit.read
def measured(words):
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.dup2(write, 1), os.dup2(write, 2)
        os.close(read), os.close(write)
        main(words)
    os.close(write)
    with open(read, errors="replace") as file:
        said = file.read()
    _, status, usage = os.wait4(child, 0)
    kilobytes = usage.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    seconds = (usage.ru_utime + usage.ru_stime) / slowness()
    return [os.waitstatus_to_exitcode(status), said, seconds, kilobytes / 1024]
results = []
for words in json.loads(sys.stdin.read()):
    tries = [measured(words)]
    while tries[-1][2] > {AGAIN} and len(tries) < {TRIES}:
        time.sleep(1)
        tries.append(measured(words))
    results.append(min(tries, key=lambda of: of[2]))
print(json.dumps(results))
"""
_WHOLE = f"""
import json, os, subprocess, sys, time
{inspect.getsource(slowness)}
child = subprocess.Popen([sys.executable, "-m", "paribus", *sys.argv[1:]], stderr=1)
_, status, usage = os.wait4(child.pid, 0)
kilobytes = usage.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
seconds = (usage.ru_utime + usage.ru_stime) / slowness()
print(json.dumps([os.waitstatus_to_exitcode(status), seconds, kilobytes / 1024]), file=sys.stderr)
"""


@dataclass(frozen=True)
class Measured:
    """What a command did.

    Attributes:
        said: on standard output and standard error.
        seconds: of the processor, by the machine that limits were chosen on.
        megabytes: at the peak.
    """

    code: int
    message: str
    seconds: float
    megabytes: float


def forked(commands: Sequence[Sequence[str]], cwd: Path) -> list[Measured]:
    """Run commands one after another, all of which are to end before they load PyTorch."""
    done = _python(["-c", _FORKS], cwd, json.dumps(commands))
    return [Measured(*result) for result in json.loads(done.stdout)]


def paribus(*words: str | Path, cwd: Path) -> Measured:
    """Run one command as a user does; it is measured from its very start."""
    tries = [_whole(words, cwd)]
    while tries[-1].seconds > 2 * AGAIN and len(tries) < TRIES:
        sleep(1)
        tries.append(_whole(words, cwd))
    return min(tries, key=lambda of: of.seconds)


def _whole(words: Sequence[str | Path], cwd: Path) -> Measured:
    # A small process of its own starts it: see above.
    done = _python(["-S", "-c", _WHOLE, *map(str, words)], cwd)
    *_, measured = done.stderr.splitlines()
    code, seconds, megabytes = json.loads(measured)
    return Measured(code, done.stdout, seconds, megabytes)


def _python(words: list[str], cwd: Path, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        input=given,
        capture_output=True,
        text=True,
        cwd=cwd,
        env=os.environ | {"COLUMNS": "100", "TERM": "dumb"},
        timeout=300,
        check=True,
    )
