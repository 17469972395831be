"""What tells the settings of runs: what is declared, names, files, configurations, groups."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from paribus.found.grouping import IS_NAME, Grouping, by_config
from paribus.found.keys import fits, last_part
from paribus.found.metrics import measured_names
from paribus.found.seeds import guessed_pattern, named
from paribus.found.unsettled import UnsettledError
from paribus.sources.run import FoundRun, Value
from paribus.study.faults import meant
from paribus.study.found import Declared


@dataclass(frozen=True)
class Given:
    """What is said of each run before its configuration is looked at.

    Attributes:
        settings: name of each run's setting, None for one that is left out; None where nothing
            but configurations can tell.
        seeds: where a pattern tells them.
        left: why a run is left out; "" for others.
    """

    settings: Sequence[str | None] | None
    seeds: Sequence[int | None] | None
    left: Sequence[str]


def given_of(runs: Sequence[FoundRun], declared: Declared) -> Given:
    """What declared settings, else a pattern, else files say of the runs' settings."""
    compare, left, seeds = declared.compare, [""] * len(runs), None
    settings: Sequence[str | None] | None = None
    if all(run.setting is not None for run in runs):
        settings = [run.setting for run in runs]
    if compare.pattern is not None:
        names = named(runs, compare.pattern)
        left = ["" if fit else "its name doesn't fit the pattern" for fit in names.fits]
        settings = names.settings if "{setting}" in compare.pattern else settings
        seeds = names.seeds if "{seed}" in compare.pattern else None
    if compare.settings:
        settings = [_declared_setting(run, compare.settings) for run in runs]
        why = "it fits none of the declared settings"
        left = [said or ("" if s else why) for said, s in zip(left, settings, strict=True)]
    return Given(settings, seeds, left)


def _declared_setting(run: FoundRun, settings: Mapping[str, Mapping[str, Value]]) -> str | None:
    """The one declared setting that a run matches; raises UnsettledError for several."""
    fitting = [name for name, values in settings.items() if fits(run.config, values)]
    if len(fitting) > 1:
        both = " and ".join(fitting[:2])
        raise UnsettledError(
            f"{run.name} fits the declared settings {both}. Give them more keys under "
            "compare.settings, so that each run fits one."
        )
    return fitting[0] if fitting else None


def grouping_of(
    runs: Sequence[FoundRun],
    settings: Sequence[str | None] | None,
    seeds: Sequence[int | None],
    seed_key: str,
    declared: Declared,
    whys: Sequence[str],
) -> Grouping:
    """Runs by the settings that are given; else by configurations, by groups, or by titles.

    Those that are left out for a reason (`whys`) have no setting, and make none.
    """
    counting = [n for n, why in enumerate(whys) if not why]
    if not counting:
        raise UnsettledError(f"No run counts: {'; '.join(dict.fromkeys(whys))}.")
    grouping = _of_counting(
        [runs[n] for n in counting],
        None if settings is None else [settings[n] for n in counting],
        [seeds[n] for n in counting],
        seed_key,
        declared,
    )
    labels = dict(zip(counting, grouping.labels, strict=True))
    return replace(grouping, labels=tuple(labels.get(n) for n in range(len(runs))))


def _of_counting(
    runs: Sequence[FoundRun],
    settings: Sequence[str | None] | None,
    seeds: Sequence[int | None],
    seed_key: str,
    declared: Declared,
) -> Grouping:
    ignored = declared.compare.ignore
    _require_keys(ignored, runs)
    names = set(measured_names(runs, declared.primary))
    grouping = by_config(runs, seeds, seed_key=seed_key, ignored=ignored, measured=names)
    if settings is not None:
        same = dict.fromkeys(_keys_of_names(runs), IS_NAME)
        return Grouping(tuple(settings), passed_over={**grouping.passed_over, **same})
    if len(set(grouping.labels)) > 1:
        return grouping
    for labels in ([run.group for run in runs], [run.title for run in runs]):
        if all(labels) and 1 < len(set(labels)) < len(labels):
            return Grouping(tuple(labels), passed_over=grouping.passed_over)
    if pattern := guessed_pattern(runs):
        raise UnsettledError(
            "Nothing in the configurations tells settings apart.", [{"pattern": pattern}]
        )
    return grouping


def _require_keys(wanted: Sequence[str], runs: Sequence[FoundRun]) -> None:
    """Raise UnsettledError for a key that no configuration has."""
    keys = list(dict.fromkeys(key for run in runs for key in run.config))
    known = {*keys, *map(last_part, keys)}
    for key in wanted:
        if key not in known and last_part(key) not in known:
            raise UnsettledError(f"ignore: no run has a key {key!r}{meant(key, keys)}")


def _keys_of_names(runs: Sequence[FoundRun]) -> Iterator[str]:
    """The keys under which a table's rows name their settings."""
    for key in runs[0].config:
        if all(run.setting == str(run.config.get(key)) for run in runs):
            yield key
