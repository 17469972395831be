"""A tool that runs are exported to, and what of them it can hold."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from paribus.export.runs import ExportedRun
from paribus.names import safe_class
from paribus.records.types import Series
from paribus.sources.run import Value

#: Whole numbers up to here are exact wherever they are kept.
MOST = 1 << 53

Write = Callable[[str, Iterable[ExportedRun], Path], None]


def _any(name: str) -> str:
    return name


@dataclass(frozen=True)
class Target:
    """A tool, and how it takes runs.

    Attributes:
        tool: as messages call it.
        write: writes a study's runs, given its name, into a new and empty folder.
        library: the module of another project that this needs; "" for none.
        allowed: a name of a metric or a parameter as the tool takes it.
        whole_places: whether curves may stand at whole places from 0 on alone.
        longest: characters of a parameter's value; 0 for any number.
        look: the command that shows what was written into "{folder}"; "" for none.
    """

    tool: str
    write: Write
    library: str = ""
    allowed: Callable[[str], str] = _any
    whole_places: bool = True
    longest: int = 0
    look: str = ""


def fitted(
    runs: Sequence[ExportedRun], target: Target
) -> tuple[tuple[ExportedRun, ...], tuple[str, ...]]:
    """The runs as the tool can hold them, and a sentence on everything that this changes."""
    measured = renamed((name for run in runs for name in (*run.metrics, *run.curves)), target)
    configured = renamed((name for run in runs for name in run.parameters), target)
    notes = _on_names({**measured, **configured}, target)
    for run in runs:
        notes += [*_on_places(run, target), *_on_lengths(run, target)]
    fit = tuple(_fitted(run, target, measured, configured) for run in runs)
    return fit, tuple(dict.fromkeys(notes))


def _fitted(
    run: ExportedRun, target: Target, measured: Mapping[str, str], configured: Mapping[str, str]
) -> ExportedRun:
    odd = set(_odd_curves(run, target))
    return replace(
        run,
        config={configured[name]: _short(of, target) for name, of in run.config.items()},
        metrics={measured[name]: value for name, value in run.metrics.items()},
        curves={measured[name]: of for name, of in run.curves.items() if name not in odd},
    )


def renamed(names: Iterable[str], target: Target) -> dict[str, str]:
    """Name -> what the tool calls it; different names stay different."""
    given = dict.fromkeys(names)
    kept = {name: name for name in given if target.allowed(name) == name}
    taken = set(kept)
    for name in given:
        if name not in kept:
            plain = target.allowed(name)
            numbered = (f"{plain}_{number}" for number in range(2, len(given) + 3))
            kept[name] = next(one for one in (plain, *numbered) if one not in taken)
            taken.add(kept[name])
    return kept


def _on_names(names: Mapping[str, str], target: Target) -> list[str]:
    return [
        f"{target.tool} doesn't take the name {_quoted(name)}: it is called {_quoted(new)} there"
        for name, new in names.items()
        if name != new
    ]


def _on_places(run: ExportedRun, target: Target) -> list[str]:
    why = "it has places that aren't whole numbers from 0 on"
    odd = _odd_curves(run, target)
    return [f"{target.tool} can't hold the curve {_quoted(name)}: {why}" for name in odd]


def _on_lengths(run: ExportedRun, target: Target) -> list[str]:
    most = f"{target.tool} keeps {target.longest:,} characters of a parameter"
    cut = [name for name, value in run.config.items() if _short(value, target) != value]
    return [f"{most}: {_quoted(name)} has more, and is cut" for name in cut]


def _odd_curves(run: ExportedRun, target: Target) -> list[str]:
    if not target.whole_places:
        return []
    return [name for name, curve in run.curves.items() if not _are_whole(curve)]


def _short(value: Value, target: Target) -> Value:
    return value[: target.longest] if target.longest and isinstance(value, str) else value


def _are_whole(curve: Series) -> bool:
    at = curve.at.astype(np.float64)
    return bool(((at == np.floor(at)) & (at >= 0) & (at <= MOST)).all())


def _quoted(name: str) -> str:
    return f"'{safe_class(name)}'"
