"""Whether and from where an interrupted run resumes."""

from collections.abc import Callable, Sequence
from pathlib import Path

from paribus.errors import ResumeError
from paribus.execution.checkpoint import Checkpoint, read_latest
from paribus.execution.environment import described, same_bits
from paribus.execution.inputs import RunInputs
from paribus.io.disk import remove
from paribus.records.store import checkpoint_folder
from paribus.records.types import Environment
from paribus.study.plan import Run

#: Named in a message: more would be unreadable.
MOST_NAMED = 3


def last_checkpoint(
    out: Path, run: Run, inputs: RunInputs, damaged: Callable[[Path], None]
) -> Checkpoint | None:
    """Where a run can resume; checkpoints of another configuration are removed."""
    folder = checkpoint_folder(out, *run.key)
    checkpoint = read_latest(folder, damaged)
    if checkpoint and checkpoint.facts.inputs != inputs.digest_anywhere:
        remove(folder)
        return None
    return checkpoint


def refuse_other_machines(
    out: Path, planned: Sequence[tuple[Run, RunInputs]], here: Environment
) -> None:
    """Refuse to resume runs that were begun elsewhere, which would not be bit-identical here.

    Raises:
        ResumeError: if there is one; names the two ways out.
    """
    elsewhere = []
    for run, inputs in planned:
        checkpoint = last_checkpoint(out, run, inputs, lambda path: None)
        now = here.model_copy(update={"engine": inputs.engine})
        if checkpoint and not same_bits(checkpoint.facts.environment, now):
            elsewhere.append((run, checkpoint, now))
    if not elsewhere:
        return
    run, checkpoint, now = elsewhere[0]
    folders = [str(checkpoint_folder(out, *run.key)) for run, *_ in elsewhere[:MOST_NAMED]]
    more = len(elsewhere) - len(folders)
    by_torch = now.engine and not checkpoint.facts.environment.engine
    keep = "Keep PyTorch with --engine torch, resume" if by_torch else "Resume"
    raise ResumeError(
        f"{run.setting.name}, seed {run.seed}: trained up to epoch {checkpoint.epoch} under "
        f"{described(checkpoint.facts.environment)}. This is {described(now)}: resuming here "
        f"won't be bit-identical. {keep} anyway with --other-machine (the record and the report "
        f"will say so), or delete {', '.join(folders)}"
        f"{f' and {more} more there' if more else ''} to start over."
    )
