"""Tasks in a file for the jobs that perform them: unpickled only if they are what the head packed.

This is the only place where something from a file is unpickled. A job knows the SHA-256 of what
its head wrote from its own script, which Slurm keeps apart from the folder of results.
"""

import hashlib
import pickle  # noqa: TID251  # tasks have arrays and configurations; their SHA-256 is known
from collections.abc import Sequence

from paribus.execution.place import Task


class OtherTasksError(Exception):
    """Something else lies there than what was packed."""


def pack(tasks: Sequence[Task]) -> tuple[bytes, str]:
    """The tasks of a job as bytes, and the SHA-256 of these."""
    content = pickle.dumps(list(tasks))
    return content, hashlib.sha256(content).hexdigest()


def unpack(content: bytes, digest: str) -> list[Task]:
    """The tasks again.

    Raises:
        OtherTasksError: it isn't what `pack` gave this digest for; nothing of it was looked at.
    """
    if hashlib.sha256(content).hexdigest() != digest:
        raise OtherTasksError("the tasks of this job aren't those that were submitted")
    tasks: list[Task] = pickle.loads(content)  # noqa: S301  # see above
    return tasks
