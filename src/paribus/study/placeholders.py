"""What stands in braces in a command: {seed}, {out}, {lr}; two braces are one."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

_BRACES = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")

#: What stands for all parameters, each with its value.
OVERRIDES = "overrides"
#: What a command may name beside its parameters.
OWN = ("seed", "out", OVERRIDES)


def names_in(text: str) -> Iterator[str]:
    """The names in braces, in their order.

    Raises:
        ValueError: a brace stands alone.
    """
    for found in _BRACES.finditer(text):
        if found[0] in "{}":
            raise ValueError(f"a name in braces, or two of them for one, got a lone {found[0]!r}")
        if found[1] is not None:
            yield found[1]


def filled(text: str, value: Callable[[str], str]) -> str:
    """The text with `value(name)` in place of each name in braces."""
    return _BRACES.sub(lambda found: value(found[1]) if found[1] is not None else found[0][0], text)


def written(value: Any) -> str:
    """A parameter's value as a command has it: true, null, 0.1, [1,2]."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case list() | tuple():
            return f"[{','.join(map(written, value))}]"
    return str(value)


def as_hydra(parameters: Mapping[str, Any]) -> list[str]:
    """`a.b=1` for each parameter, as Hydra reads it."""
    return [f"{name}={_hydra_value(value)}" for name, value in parameters.items()]


def as_flags(parameters: Mapping[str, Any]) -> list[str]:
    """`--a-b 1` for each parameter, one word each; a list's values follow each other.

    What has no value is left out.
    """
    words: list[str] = []
    for name, value in parameters.items():
        if value is not None:
            values = value if isinstance(value, list | tuple) else [value]
            words += [f"--{re.sub('[._]', '-', name)}", *map(written, values)]
    return words


#: What Hydra's grammar reads as one text without quotes.
_HYDRA_PLAIN = re.compile(r"[A-Za-z_/][\w./-]*")
#: Texts that Hydra would read as another type.
_HYDRA_WORDS = {"null", "true", "false", "inf", "nan"}


def _hydra_value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{','.join(map(_hydra_value, value))}]"
    if isinstance(value, str):
        if _HYDRA_PLAIN.fullmatch(value) and value.lower() not in _HYDRA_WORDS:
            return value
        # Hydra's grammar: a backslash is itself but before the closing quote.
        escaped = re.sub(r"(\\*)'", r"\1\1\\'", value)
        escaped = re.sub(r"(\\+)$", r"\1\1", escaped)
        return f"'{escaped}'"
    return written(value)
