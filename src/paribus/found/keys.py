"""What the names of configuration keys mean: seeds, and what says where and when a run ran."""

import re
from collections.abc import Mapping
from typing import Any

from paribus.sources.run import Value

#: Last parts of names that are seeds, the likeliest first.
SEED_NAMES = (
    "seed", "random_seed", "random_state", "manual_seed", "seed_everything", "rng_seed",
    "global_seed", "training_seed", "train_seed", "torch_seed", "np_seed", "numpy_seed", "run_seed",
)  # fmt: skip

#: Last parts of names that say where and when a run ran, not how.
_PLACES = frozenset(
    (
        "host", "hostname", "node", "nodename", "user", "username", "pid", "ppid", "port",
        "master_port", "job_id", "slurm_job_id", "run_id", "uuid", "rank", "local_rank",
        "cuda_visible_devices", "gpu_id", "timestamp", "datetime", "start_time", "started",
        "created", "created_at", "date", "time", "wall_time", "git_commit", "commit", "git_hash",
    )
)  # fmt: skip


#: Last parts of names that say how far a run came; a number of `epochs` is a choice.
_PROGRESS = frozenset(
    ("epoch", "step", "global_step", "iteration", "iter", "runtime", "duration", "elapsed")
)


def last_part(key: str) -> str:
    """The last part of a dotted name, in small letters: "trainer.Manual-Seed" is manual_seed."""
    return re.split(r"[./]", key)[-1].lower().replace("-", "_").lstrip("_")


def is_place(key: str) -> bool:
    """Whether a key says where or when a run ran."""
    return last_part(key) in _PLACES


def is_progress(key: str) -> bool:
    """Whether a key says how far or how long a run ran."""
    return last_part(key) in _PROGRESS


def written(value: Value) -> str:
    """A value as people write it in a name: 0.1, true, none."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        short = f"{value:g}"
        return short if float(short) == value or value != value else repr(value)
    return str(value)


def conditions(text: str) -> dict[str, str] | None:
    """The keys and values of "lr=0.1,wd=0"; None where the text isn't of that form."""
    # A list has commas of its own.
    parts = [part.partition("=") for part in re.split(r",(?=[^,\[\]=]+=)", text)]
    if all(key.strip() and equals for key, equals, _ in parts):
        return {key.strip(): value.strip() for key, _, value in parts}
    return None


def fits(config: Mapping[str, Value], wanted: Mapping[str, Any]) -> bool:
    """Whether a configuration has these values; a key may be named by its last part."""
    return all(_equal(value_of(config, key), value) for key, value in wanted.items())


def value_of(config: Mapping[str, Value], key: str) -> Value:
    """A value by its key, or by the last part of it where only one key has that; else None."""
    if key in config:
        return config[key]
    named = [full for full in config if last_part(full) == last_part(key)]
    return config[named[0]] if len(named) == 1 else None


def _equal(value: Value, wanted: Any) -> bool:
    if value == wanted and type(value) is type(wanted):
        return True
    if str(wanted).lower() == written(value).lower():
        return True
    try:
        return not isinstance(value, bool | None) and float(str(value)) == float(str(wanted))
    except (ValueError, TypeError):
        return False
