"""What is declared of runs, from options or parameters to the keys of a study file."""

from collections.abc import Mapping, Sequence
from typing import Any

from paribus.errors import Problem, StudyError
from paribus.study.check import validate
from paribus.study.found import Declared


def declaration(
    paths: Sequence[str],
    *,
    metric: str | None = None,
    better: str | None = None,
    margin: float | None = None,
    baseline: str | None = None,
    at: str | int | None = None,
    pattern: str | None = None,
    seed: str | None = None,
    ignore: Sequence[str] | str = (),
    repeated: str | None = None,
    predictions: str | None = None,
    images: str | None = None,
    name: str | None = None,
) -> dict[str, Any]:
    """The plain values of `Declared`; what isn't given isn't there.

    `better` needs a `metric`, whose name it is declared under.
    """
    compare = {
        "runs": list(paths),
        "pattern": pattern,
        "seed": seed,
        "ignore": [ignore] if isinstance(ignore, str) else list(ignore),
        "at": _at(at),
        "repeated": repeated,
        "predictions": predictions,
        "images": images,
    }
    values = {
        "name": name,
        "compare": _given(compare),
        "baseline": baseline,
        "primary": metric,
        "margin": None if margin is None else float(margin),
        "metrics": {metric: {"better": better}} if metric and better else None,
    }
    return _given(values)


def _at(at: Any) -> str | int | None:
    """A step as a number, NumPy's too."""
    if isinstance(at, str):
        return int(at) if at.isdecimal() else at
    return None if at is None else int(at)


def declared_of(values: Mapping[str, Any]) -> Declared:
    """What is declared, from plain values; raises StudyError with all that is wrong with them."""
    if faults := validate(Declared, values):
        problems = [Problem(0, 0, ".".join(map(str, of.at)), of.message) for of in faults]
        raise StudyError("compare", problems)
    return Declared.model_validate(values)


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    empty = (type(None), list, dict)
    return {key: v for key, v in values.items() if not isinstance(v, empty) or v}
