"""Hugging Face's Trainer: `trainer_state.json` in a run's folder and in its checkpoints.

Each checkpoint repeats the run up to itself, so the state with the greatest `global_step`
counts. Arguments lie in `training_args.bin` alone, a pickle, which is never read.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from paribus.errors import SourceError
from paribus.io.reading import is_folder, names_in
from paribus.sources.cells import is_number
from paribus.sources.configs import flat, read_json
from paribus.sources.files import is_file, name_of
from paribus.sources.run import FoundRun, Points, Reader, Status, Value

STATE = "trainer_state.json"
_CHECKPOINT = re.compile(r"checkpoint-[0-9]+")
#: What of the state says how the run was set up.
_SETUP = ("max_steps", "num_train_epochs", "train_batch_size")


def read(folder: Path) -> Sequence[FoundRun]:
    """The run whose folder, or one of whose checkpoints, it is."""
    states, lost = [], []
    files = _states(folder)
    for file in files:
        try:
            states.append(_state(file))
        except SourceError as error:
            lost.append(str(error))
    if not states:
        return [FoundRun(name_of(folder), files=files, lost=tuple(lost))]
    state = max(states, key=lambda state: _count(state, "global_step"))  # the first of equals
    metrics, lost_values = _metrics(state["log_history"], folder)
    return [
        FoundRun(
            name_of(folder),
            title=str(state.get("trial_name") or ""),
            status=_status(state),
            config=_config(state),
            metrics=metrics,
            files=files,
            lost=(*lost, *lost_values),
        )
    ]


def _states(folder: Path) -> tuple[Path, ...]:
    """The run's own state first, then those of its checkpoints."""
    checkpoints = [name for name in names_in(folder) if _CHECKPOINT.fullmatch(name)]
    places = [folder / STATE, *(folder / name / STATE for name in checkpoints)]
    return tuple(filter(is_file, places))


def _state(file: Path) -> Mapping[str, Any]:
    state = read_json(file)
    if not isinstance(state, Mapping) or not isinstance(state.get("log_history"), list):
        raise SourceError(f"{file}: expected a state with a log_history")
    return state


def _metrics(history: Sequence[Any], folder: Path) -> tuple[dict[str, Points], tuple[str, ...]]:
    pairs: dict[str, list[tuple[float, float]]] = {}
    words: set[str] = set()
    for entry in history:
        if not isinstance(entry, Mapping) or not is_number(entry.get("step")):
            words.add("an entry without a step")
            continue
        for name, value in entry.items():
            if is_number(value):
                pairs.setdefault(name, []).append((entry["step"], value))
            elif value is not None:
                words.add(name)
    metrics = {name: Points.of(of) for name, of in pairs.items() if name not in ("step", "epoch")}
    lost = (f"{folder}: values that are no numbers: {', '.join(sorted(words)[:10])}",)
    return metrics, lost if words else ()


def _config(state: Mapping[str, Any]) -> dict[str, Value]:
    trial = state.get("trial_params")
    setup = {key: state[key] for key in _SETUP if is_number(state.get(key))}
    return {**setup, **(flat(trial) if isinstance(trial, Mapping) else {})}


def _status(state: Mapping[str, Any]) -> Status:
    """Finished if all steps were done or the time of all was logged; else it doesn't say."""
    steps = _count(state, "max_steps")
    done = 0 < steps <= _count(state, "global_step")
    timed = any(isinstance(of, Mapping) and "train_runtime" in of for of in state["log_history"])
    return "finished" if done or timed else "unknown"


def _count(state: Mapping[str, Any], key: str) -> float:
    value = state.get(key)
    return float(value) if isinstance(value, int | float) and value == value else 0.0


def recognizes(folder: Path) -> bool:
    """Whether it has a state, or a checkpoint that has one."""
    return is_folder(folder) and bool(_states(folder))


READER = Reader("Hugging Face's Trainer", recognizes, read)
