"""The program that calls a user's function for one run, and writes down what it gives back.

It is a process of its own for every run: what a function leaves in its process, such as numbers
drawn from global generators, must not reach the next run. Standard input says what to call.
"""

from __future__ import annotations

import base64
import importlib
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from paribus.names import printable
from paribus.scripts.layout import METRICS, NAMES, PREDICTIONS, WEIGHTS
from paribus.scripts.outcome import Outcome


def request(
    call: str, function: bytes, seed: int, out: Path, parameters: Mapping[str, Any], result: Path
) -> bytes:
    """What standard input says: `function` is pickled, where the study was given it by Python.

    Args:
        out: the function's own folder.
        result: the folder into which what it gives back is written.
    """
    pickled = base64.b64encode(function).decode()
    asked = {"call": call, "function": pickled, "seed": seed, "out": str(out)}
    return json.dumps(
        asked | {"parameters": dict(parameters), "result": str(result), "path": sys.path}
    ).encode()


def main() -> None:
    """Call the function, and write down what it gives back."""
    asked = json.load(sys.stdin)
    sys.path[:] = asked["path"]
    function = _function(asked["call"], asked["function"])
    given = function(seed=asked["seed"], out=Path(asked["out"]), **asked["parameters"])
    _write(_outcome(given), Path(asked["result"]))


def _function(call: str, pickled: str) -> Callable[..., Any]:
    if pickled:
        # It comes from the study's own process, through no file.
        import cloudpickle  # noqa: TID251

        return cloudpickle.loads(base64.b64decode(pickled))  # type: ignore[no-any-return]
    module, _, names = call.partition(":")
    found: Any = importlib.import_module(module)
    for name in names.split("."):
        found = getattr(found, name)
    return found  # type: ignore[no-any-return]  # calling it will tell


def _outcome(given: Any) -> Outcome:
    if isinstance(given, Outcome):
        return given
    if isinstance(given, Mapping):
        return Outcome(given)
    got = "nothing" if given is None else f"a value of type {type(given).__name__}"
    sys.exit(f"expected a dict of metrics or a paribus.Outcome back, got {got}")


def _write(outcome: Outcome, result: Path) -> None:
    """Write it in the layout that a command's results may have."""
    numbers = {name: _number(name, value) for name, value in outcome.metrics.items()}
    curves = {name: _curve(values) for name, values in outcome.curves.items()}
    # NaN and infinity stay what they are: a run that came to them has failed, and that is said.
    (result / METRICS).write_text(json.dumps({"metrics": numbers, "curves": curves}))
    if outcome.predictions is not None:
        arrays: dict[str, Any] = {n: np.asarray(v) for n, v in outcome.predictions.items()}
        if not NAMES & {*arrays}:
            arrays["id"] = np.arange(max(map(len, arrays.values()), default=0))
        np.savez(result / PREDICTIONS[0], **arrays)
    if outcome.weights:
        from safetensors.numpy import save_file

        weights = {n: np.ascontiguousarray(_array(w)) for n, w in outcome.weights.items()}
        save_file(weights, result / WEIGHTS)


def _number(name: str, value: Any) -> float:
    try:
        return float(value)  # a NumPy number, or a tensor of one element, too
    except (TypeError, ValueError):
        sys.exit(f"expected a number for {printable(str(name))}, got {printable(repr(value))[:60]}")


def _curve(values: Any) -> list[Any]:
    if isinstance(values, Mapping):
        return [[float(at), float(value)] for at, value in values.items()]
    return [float(value) for value in values]


def _array(weights: Any) -> Any:
    """A tensor as an array, wherever it lies."""
    detached = getattr(weights, "detach", None)
    return detached().cpu().numpy() if detached else np.asarray(weights)


if __name__ == "__main__":
    main()
