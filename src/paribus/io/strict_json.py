"""The one place that writes and reads JSON, as strictly as the standard has it."""

import json
import math
from collections.abc import Mapping
from typing import Any


def dumps(value: Any, **layout: Any) -> str:
    """A value as JSON; null where it is a number that JSON doesn't have, as NaN.

    `layout` has the standard library's `indent`, `sort_keys`, `ensure_ascii` and `separators`.
    """
    try:
        return json.dumps(value, allow_nan=False, **layout)
    except (ValueError, TypeError):  # few values have such numbers, or mappings that are no dict
        return json.dumps(_finite(value), allow_nan=False, **layout)


def loads(content: bytes | str) -> Any:
    """The value of a JSON text.

    Raises:
        ValueError: it isn't JSON, holds NaN, an infinite number or half a character, or is
            nested deeper than 200 levels.
    """
    from pydantic_core import from_json  # here, for the commands that only write

    value = from_json(content, allow_inf_nan=False)
    require_finite(value)  # 1e999 is valid JSON
    return value


def require_finite(value: Any) -> None:
    """Raise ValueError if a number anywhere in plain values is infinite or NaN."""
    if isinstance(value, dict | list | tuple):
        for item in value.values() if isinstance(value, dict) else value:
            require_finite(item)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"expected finite numbers, got {value}")


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
