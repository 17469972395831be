"""A real Slurm on this machine, in a temporary folder, for as long as a test needs it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol")
#: Seconds that anything here may take on a slow machine.
PATIENCE = 60.0

CONFIG = """
ClusterName=paribus
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=batch_sched_delay=0,sched_interval=1,requeue_delay=0
ReturnToService=2
KillWait=2
MinJobAge=60
MessageTimeout=5
{more}
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 RealMemory=1000
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def missing() -> str:
    """What there isn't for a Slurm here, as the reason for which a test is skipped."""
    if os.geteuid() != 0:
        return "a Slurm of one's own needs root"
    gone = [name for name in PROGRAMS if not shutil.which(name)]
    return f"there is no {', '.join(gone)} (packages slurm-wlm and munge)" if gone else ""


class RealSlurm:
    """A cluster of one node with two processors; a context that starts and stops it."""

    def __init__(self, folder: Path, **more: object) -> None:
        """With its files in `folder`; `more` are lines of slurm.conf."""
        self.folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._more = more

    def __enter__(self) -> RealSlurm:
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in ("state", "spool"):
            (self.folder / name).mkdir(exist_ok=True)
        config = CONFIG.format(
            host=_host(),
            ports=(_free_port(), _free_port()),
            folder=self.folder,
            more="\n".join(f"{name}={value}" for name, value in self._more.items()),
        )
        (self.folder / "slurm.conf").write_text(config)
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o600)
        try:
            own = [
                f"--{n}={self.folder}/munge.{n[:4]}" for n in ("pid-file", "seed-file", "log-file")
            ]
            socket_there = (self.folder / "munge.socket").exists
            sock = f"--socket={self.folder}/munge.socket"
            self._start("munged", "--foreground", "--force", f"--key-file={key}", sock, *own)
            wait_until(socket_there)
            self.start_controller()
            self.start_node()
            wait_until(lambda: "idle" in self.said("sinfo", "-h", "-o", "%T"))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if "slurmctld" in self._running:
            self.said("scancel", "--user=0")
            for name in ("slurmd", "slurmctld", "munged"):
                self.stop(name)

    @property
    def environment(self) -> Mapping[str, str]:
        return {"SLURM_CONF": str(self.folder / "slurm.conf")}

    def start_controller(self, *options: str) -> None:
        self._start("slurmctld", "-D", *options)
        wait_until(lambda: "UP" in self.said("scontrol", "ping"))

    def start_node(self) -> None:
        self._start("slurmd", "-D", "-N", _host())

    def stop(self, name: str, how: int = signal.SIGTERM) -> None:
        if process := self._running.pop(name, None):
            process.send_signal(how)
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def said(self, *command: str) -> str:
        done = subprocess.run(
            command, env=os.environ | self.environment, capture_output=True, text=True, check=False
        )
        return done.stdout

    def jobs(self, layout: str = "%j %F_%K %T") -> list[str]:
        """All jobs that the controller remembers, ended or not."""
        return self.said("squeue", "-h", "-r", "--states=all", "-o", layout).splitlines()

    def put_back(self) -> None:
        """Put the running jobs back into the queue, as preemption does."""
        for job, raw, state in (line.split() for line in self.jobs("%F_%K %A %T")):
            if state == "RUNNING":
                self._put_back(job, f"[{raw}.batch]")

    def _put_back(self, job: str, process: str) -> None:
        self.said("scontrol", "requeue", job)
        wait_until(lambda: f"{job} PENDING" in self.jobs("%F_%K %T"))
        # Slurm waits for two minutes, so that what ran is gone; here that can be seen.
        wait_until(lambda: process not in self.said("ps", "-eo", "args"))
        self.said("scontrol", "update", f"JobId={job}", "StartTime=now")

    def _start(self, name: str, *options: str) -> None:
        with (self.folder / f"{name}.out").open("ab") as out:
            self._running[name] = subprocess.Popen(
                [name, *options],
                env=os.environ | self.environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )


def wait_until(holds: Callable[[], object], seconds: float = PATIENCE) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it has not come about"
        time.sleep(0.1)


def _host() -> str:
    return socket.gethostname().partition(".")[0]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
