"""The metrics of found runs: which they are, which one decides, which way is better."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from paribus.found.known import POINT, fitting, is_housekeeping, known, rank
from paribus.found.unsettled import Choice, UnsettledError
from paribus.metrics.registry import METRICS, OF_CLASSES, OF_PREDICTIONS, PRIMARY
from paribus.sources.run import FoundRun
from paribus.study.faults import meant
from paribus.study.found import Declared
from paribus.study.metrics import RESERVED, DeclaredMetric

#: More metrics than this are not compared; the likeliest are.
MOST_METRICS = 200
#: Characters of a metric's name in a study.
LONGEST = 64
#: A number of each row of a table is measured if so large a share of them differ.
MOSTLY = 0.7


@dataclass(frozen=True)
class Measured:
    """The metrics of runs.

    Attributes:
        names: as the study has them -> as the runs have them.
        primary: the one that decides, as the study has it.
        declared: what the study declares of each.
        margin: of the primary metric; None where none is declared or known.
        said: what somebody declared of the primary metric, if anything.
        notes: what was left out, in sentences.
    """

    names: Mapping[str, str]
    primary: str
    declared: Mapping[str, DeclaredMetric]
    margin: float | None
    said: DeclaredMetric | None = None
    notes: tuple[str, ...] = ()

    @property
    def source(self) -> str | None:
        """The primary metric as the runs have it; None where it follows from predictions."""
        return self.names.get(self.primary)


def measured(runs: Sequence[FoundRun], declared: Declared) -> Measured:
    """The metrics of runs, the primary one, and what is declared or known of them.

    Raises:
        UnsettledError: none or several may decide, or it isn't known which way is better.
    """
    computed = _computed(runs)
    found = sorted(measured_names(runs, declared.primary), key=rank)
    names = _study_names([name for name in found if name not in computed])
    logged = dict.fromkeys(name for run in runs for name in run.metrics)
    every_name = {**names, **{name: name for name in computed}}
    primary = _primary(every_name, found, declared, logged)
    said = _declared(every_name, declared)
    kept = dict(list(names.items())[:MOST_METRICS])
    kept |= {primary: names[primary]} if primary in names else {}
    every = {
        name: _declaration(name, source, runs, said.get(name), is_primary=name == primary)
        for name, source in kept.items()
    }
    margin = declared.margin or _margin(primary, every, said.get(primary))
    notes = tuple(_left(found, computed, len(names) - len(kept)))
    return Measured(kept, primary, every, margin, said.get(primary), notes)


def _computed(runs: Sequence[FoundRun]) -> Sequence[str]:
    """The metrics that follow from the runs' predictions."""
    predicted = [run.predictions for run in runs if run.predictions is not None]
    if any(of.probabilities is not None for of in predicted):
        return OF_PREDICTIONS
    return OF_CLASSES if predicted else ()


def measured_names(runs: Sequence[FoundRun], primary: str | None = None) -> Iterator[str]:
    """The names of what was measured; a number in a table's row may be a parameter instead."""
    names = dict.fromkeys(name for run in runs for name in run.metrics)
    for name in names:
        if name == primary or not (is_housekeeping(name) or _is_parameter(name, runs)):
            yield name


def _is_parameter(name: str, runs: Sequence[FoundRun]) -> bool:
    """Whether a number stands in the configurations too, with few values that recur.

    By its name a metric may recur, too, as where a run succeeds or doesn't; not so if its values
    are other whole numbers: `precision` is 16.
    """
    values = [run.config[name] for run in runs if name in run.config]
    if not values or len(set(values)) >= MOSTLY * len(values):
        return False
    if known(name) is None:
        return True
    counts = all(not isinstance(value, float) or value.is_integer() for value in values)
    return counts and not set(values) <= {0, 1}


# ---- the one that decides -----------------------------------------------------------------------


def _primary(
    names: Mapping[str, str],
    found: Sequence[str],
    declared: Declared,
    logged: Collection[str],
) -> str:
    """The name in the study of the metric that decides; `logged` are all numbers of the runs."""
    wanted = declared.primary
    if wanted is None:
        able = [PRIMARY] if PRIMARY in names and not found else list(names)
        if len(able) == 1:
            return able[0]
        if not able:
            other: list[Choice] = [{"metric": name} for name in logged]
            why = "all numbers are parameters, as it seems" if other else "no number was logged"
            raise UnsettledError(f"No run has a metric: {why}.", other)
        choices = [{"metric": _shown(name, names[name])} for name in able]
        raise UnsettledError(f"The runs have {len(able)} metrics. Which one decides?", choices)
    found_names = fitting(names, wanted)
    if len(found_names) == 1:
        return found_names[0]
    if found_names:
        choices = [{"metric": _shown(name, names[name])} for name in found_names]
        raise UnsettledError(f"{wanted!r} may be several metrics.", choices)
    choices = [{"metric": _shown(name, names[name])} for name in names]
    hint = meant(wanted, list(names.values()))
    raise UnsettledError(f"No run has a metric {wanted!r}{hint}", choices)


# ---- what is known of each ----------------------------------------------------------------------


def _declaration(
    name: str,
    source: str,
    runs: Sequence[FoundRun],
    said: DeclaredMetric | None,
    *,
    is_primary: bool,
) -> DeclaredMetric:
    """What is declared of a metric, and else known by its name and values.

    Raises:
        UnsettledError: it is the primary one, and nothing says which way is better.
    """
    about = known(source)
    better = (said.better if said else None) or (about.better if about else None)
    if better is None and is_primary:
        choices: list[Choice] = [
            {"metric": _shown(name, source), f"{way}_better": True} for way in ("higher", "lower")
        ]
        raise UnsettledError(f"Is a higher {source} better, or a lower one?", choices)
    values = {"better": better or "neither", "label": name}
    if about and about.is_accuracy and not (said and said.unit):
        low, high = _range(source, runs)
        if low >= 0 and high <= 1:
            values["written"] = "percent"
        elif low >= 0 and high <= 100:
            values["unit"] = "%"
    given = said.model_dump(exclude_defaults=True) if said else {}
    return DeclaredMetric.model_validate({**values, **given, "better": values["better"]})


def _declared(names: Mapping[str, str], declared: Declared) -> dict[str, DeclaredMetric]:
    """What is declared of each metric, by its name in the study.

    Raises:
        UnsettledError: a name is that of no metric, or may be that of several.
    """
    said = {}
    for wanted, of in declared.metrics.items():
        found = fitting(names, wanted)
        if len(found) != 1:
            what = f"may be several: {', '.join(found)}" if found else "is a metric of no run"
            hint = "" if found else meant(wanted, list(names.values()))
            raise UnsettledError(f"metrics: {wanted!r} {what}{hint}")
        said[found[0]] = of
    return said


def _shown(name: str, source: str) -> str:
    """How a choice names a metric: as the runs do, unless no study can."""
    return name if ":" in source or len(source) > LONGEST else source


def _margin(
    primary: str, every: Mapping[str, DeclaredMetric], said: DeclaredMetric | None
) -> float | None:
    """The margin that is declared with the metric; of an accuracy, else one point."""
    if said is not None and said.margin is not None:
        return said.margin
    if primary not in every:
        return METRICS[primary].margin
    about = known(primary)
    if about is None or not about.is_accuracy:
        return None
    of = every[primary]
    if of.written == "percent":
        return POINT
    return 100 * POINT if of.unit == "%" else None


def _range(source: str, runs: Sequence[FoundRun]) -> tuple[float, float]:
    """The lowest and highest value that any run logged."""
    logged = [run.metrics[source].values for run in runs if source in run.metrics]
    finite = [values[np.isfinite(values)] for values in logged]
    some = [values for values in finite if len(values)]
    if not some:
        return np.nan, np.nan
    return float(min(v.min() for v in some)), float(max(v.max() for v in some))


def _left(found: Sequence[str], computed: Collection[str], left: int) -> Iterator[str]:
    if both := [name for name in found if name in computed]:
        named = ", ".join(both)
        yield f"{named}: worked out from the predictions, not taken from what the runs reported."
    if left > 0:
        most = f"at most {MOST_METRICS} are compared"
        yield f"{left:,} of {len(found):,} metrics are left out: {most}."


def _study_names(found: Sequence[str]) -> dict[str, str]:
    """As a study may call them -> as the runs do: without ":", of at most 64 characters."""
    names: dict[str, str] = {}
    for source in found:
        name = "".join(sign if sign.isprintable() else "_" for sign in source.replace(":", "_"))
        name = name.strip()[:LONGEST] or "_"
        if name in RESERVED or name in names:
            base, number = name[: LONGEST - 4], 2
            while f"{base}_{number}" in names:
                number += 1
            name = f"{base}_{number}"
        names[name] = source
    return names
