"""What makes the runs of a study that Paribus doesn't train itself: a command, or a function."""

import re
import shlex
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator

from paribus.study.config import Line
from paribus.study.placeholders import names_in
from paribus.study.sections import Section

#: What stands for "by another metric" in front of its name.
BEST = "best:"


def _point(at: str | int) -> str | int:
    if isinstance(at, int) or at == "last" or (at.startswith(BEST) and len(at) > len(BEST)):
        return at
    raise ValueError("last, best:METRIC, or the number of a step or epoch")


#: Which of a metric's values counts: "last", "best:METRIC", or a step or epoch.
At = Annotated[str | int, AfterValidator(_point)]

#: Characters of a command, as of any value of a study file.
LONGEST = 2_000


def _command(text: str) -> str:
    text = text.strip()
    if not text or any(not sign.isprintable() and sign not in "\n\t" for sign in text):
        raise ValueError("a command")
    [*names_in(text)]
    return text


_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_SPAN = re.compile(r"([0-9]+(?:\.[0-9]+)?)([smhd]?)")


def _seconds(value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e9:
        return float(value)
    span = _SPAN.fullmatch(value) if isinstance(value, str) else None
    if span is None or not float(span[1]):
        raise ValueError("seconds, or a time such as 90s, 30m or 2h")
    return float(span[1]) * _UNITS[span[2]]


def _inside(path: str) -> str:
    if path.startswith(("/", "~")) or ".." in path.split("/"):
        raise ValueError("a file or folder inside {out}")
    return path


class Script(Section):
    """What makes a run, whatever it is.

    Attributes:
        at: the value that counts: the last one, that where another metric is best, or at a step.
        depends: files and folders whose change makes a run out of date, beside those that are
            found from the command or function.
        threads: processor cores that each run computes on.
        time_limit: seconds that a run may take, or a time such as `30m` or `2h`.
    """

    at: At = "last"
    depends: Annotated[tuple[Line, ...], Field(strict=False, max_length=1_000)] = ()
    threads: Annotated[int, Field(ge=1, le=1_024)] = 1
    time_limit: Annotated[float, BeforeValidator(_seconds)] | None = None


class Command(Script):
    """A command, as a shell would have it; `{seed}`, `{out}`, `{lr}`, ... stand for their values.

    Attributes:
        command: how it is started.
        reads: the file or folder in `{out}` that has the run's metrics, in any layout that
            `paribus compare` reads; by default `metrics.json` and `metrics.csv`, or what is there.
        shell: whether a shell runs it.
        style: how `{overrides}` writes all parameters: `a.b=1` or `--a-b 1`.
    """

    command: Annotated[str, Field(max_length=LONGEST), AfterValidator(_command)]
    reads: Annotated[Line, AfterValidator(_inside)] | None = None
    shell: bool = False
    style: Literal["hydra", "flags"] = "hydra"

    @model_validator(mode="after")
    def _closed_quotes(self) -> Self:
        if not self.shell:
            try:
                shlex.split(self.command)
            except ValueError as error:
                raise ValueError(f"a command with every quote closed ({error})") from None
        return self


#: In place of a function's name, of one that Python was given.
GIVEN = "__main__:"


class Call(Script):
    """A Python function, `package.module:name`.

    It is called with `seed`, `out` and the parameters.

    Attributes:
        call: its name.
    """

    call: Annotated[str, Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_<][\w.<>]*$", max_length=300)]


def _trainer_tag(value: Any) -> str:
    if isinstance(value, Mapping):
        return "call" if "call" in value else "command"
    return "call" if isinstance(value, Call) else "command"


Trainer = Annotated[
    Annotated[Command, Tag("command")] | Annotated[Call, Tag("call")],
    Discriminator(_trainer_tag),
]
