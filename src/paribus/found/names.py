"""What settings are called, and which of them is the baseline."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from paribus.found.grouping import Grouping, Label, hashable
from paribus.found.keys import conditions, fits, written
from paribus.found.unsettled import Choice, UnsettledError
from paribus.sources.run import FoundRun, Value
from paribus.study.config import SETTING_NAME

#: Names that say that a setting is the baseline.
_BASELINES = ("baseline", "main", "base", "control", "default", "vanilla", "reference")
#: Characters of a setting's name.
LONGEST = 64


@dataclass(frozen=True)
class Named:
    """Settings by name, the baseline first."""

    names: Mapping[Label, str]
    baseline: Label
    note: str = ""


def name_settings(runs: Sequence[FoundRun], grouping: Grouping, wanted: str | None) -> Named:
    """Name the settings, and find the baseline: by its name, or by what its runs have.

    Raises:
        UnsettledError: it isn't known which setting is the baseline, or none fits what is wanted.
    """
    of: dict[Label, list[FoundRun]] = defaultdict(list)
    for run, label in zip(runs, grouping.labels, strict=True):
        if label is not None:
            of[label].append(run)
    given = _given_names(of, grouping)
    configs = {label: common(of[label]) for label in of}
    baseline, note = _baseline(of, given, configs, grouping, wanted)
    names = given or _by_difference(list(of), configs, baseline, grouping)
    ordered = {baseline: names[baseline], **names}
    return Named(_safe(ordered), baseline, note)


def _given_names(of: Mapping[Label, Sequence[FoundRun]], grouping: Grouping) -> dict[Label, str]:
    """Names that settings have already, if these tell them apart: by groups, or by titles."""
    if not grouping.keys and all(isinstance(label, str) for label in of):
        return {label: str(label) for label in of}
    names_of: tuple[Callable[[FoundRun], str], ...] = (lambda run: run.group, lambda run: run.title)
    for name_of in names_of:
        names = {label: {name_of(run) for run in runs} for label, runs in of.items()}
        single = {label: next(iter(found)) for label, found in names.items() if len(found) == 1}
        if len(single) == len(of) == len(set(single.values())) and all(single.values()):
            return single
    return {}


def _baseline(
    of: Mapping[Label, Sequence[FoundRun]],
    given: Mapping[Label, str],
    configs: Mapping[Label, Mapping[str, Value]],
    grouping: Grouping,
    wanted: str | None,
) -> tuple[Label, str]:
    if wanted is not None:
        return _wanted(of, given, configs, grouping, wanted), ""
    if len(of) == 1:
        return next(iter(of)), ""
    said = [label for label, name in given.items() if name.lower() in _BASELINES]
    if len(said) == 1:
        return said[0], f"{given[said[0]]} is taken for the baseline, as its name says."
    raise UnsettledError(
        f"Which of the {len(of)} settings is the baseline?",
        _baselines(of, given, configs, grouping),
    )


def _baselines(
    of: Mapping[Label, Sequence[FoundRun]],
    given: Mapping[Label, str],
    configs: Mapping[Label, Mapping[str, Value]],
    grouping: Grouping,
) -> Iterator[Choice]:
    for label in sorted(of, key=lambda label: -len(of[label])):
        yield {"baseline": given[label] if given else _told(configs[label], grouping)}


def _told(config: Mapping[str, Value], grouping: Grouping) -> str:
    """The values that tell a setting from all others: "lr=0.1,wd=0"."""
    keys = grouping.keys[: grouping.enough]
    return ",".join(f"{name}={written(config.get(key))}" for key, name in _short(keys).items())


def _wanted(
    of: Mapping[Label, Sequence[FoundRun]],
    given: Mapping[Label, str],
    configs: Mapping[Label, Mapping[str, Value]],
    grouping: Grouping,
    wanted: str,
) -> Label:
    """The one setting of this name, or with these values."""
    found = [label for label, name in given.items() if wanted == name]
    found = found or [label for label, name in given.items() if wanted == _plain(name)]
    if not found and (values := conditions(wanted)):
        found = [label for label in of if fits(configs[label], values)]
    if not found:  # a value alone may do
        keys = grouping.keys[: grouping.enough]
        told = {label: [written(configs[label].get(key)) for key in keys] for label in of}
        found = [label for label, values in told.items() if wanted in values]
    if len(found) == 1:
        return found[0]
    what = "fits no setting" if not found else f"fits {len(found)} settings"
    among = of if not found else {label: of[label] for label in found}
    if len(of) == 1:
        raise UnsettledError(
            f"The baseline {wanted!r} {what}: nothing in the configurations tells settings apart, "
            "so all runs are of one."
        )
    raise UnsettledError(
        f"The baseline {wanted!r} {what}.", _baselines(among, given, configs, grouping)
    )


def common(runs: Sequence[FoundRun]) -> dict[str, Value]:
    """What the configurations of all runs agree on."""
    first, *others = (run.config for run in runs)
    return {
        key: value
        for key, value in first.items()
        if all(hashable(other.get(key)) == hashable(value) for other in others)
    }


def _by_difference(
    labels: Sequence[Label],
    configs: Mapping[Label, Mapping[str, Value]],
    baseline: Label,
    grouping: Grouping,
) -> dict[Label, str]:
    """Names from what distinguishes settings from the baseline: "mixup=0.2"."""
    keys = _short(grouping.keys[: grouping.enough])
    before = configs[baseline]
    if len(keys) == 1 and (words := _words(next(iter(keys)), configs)):
        return words
    names = {}
    for label in labels:
        config = configs[label]
        own = {
            name: config.get(key)
            for key, name in keys.items()
            if label == baseline or hashable(config.get(key)) != hashable(before.get(key))
        }
        names[label] = ",".join(f"{name}={written(value)}" for name, value in own.items())
    if not names[baseline] or len(names[baseline]) > LONGEST:
        names[baseline] = "baseline"
    return names


def _words(key: str, configs: Mapping[Label, Mapping[str, Value]]) -> dict[Label, str]:
    """Settings by the words that alone tell them apart: "resnet", "vit"; none where one is none."""
    values = {label: config.get(key) for label, config in configs.items()}
    words = {label: value for label, value in values.items() if isinstance(value, str)}
    texts = all(re.search("[A-Za-z]", value) for value in words.values())
    return words if len(words) == len(values) and texts else {}


def _short(keys: Sequence[str]) -> dict[str, str]:
    """Each key by its last part, where that tells it from the others."""
    lasts = {key: re.split(r"[./]", key)[-1] for key in keys}
    counted = Counter(lasts.values())
    return {key: last if counted[last] == 1 else key for key, last in lasts.items()}


def _safe(names: Mapping[Label, str]) -> dict[Label, str]:
    """The same as names of folders, which differ in more than the size of letters."""
    safe: dict[Label, str] = {}
    taken: set[str] = set()
    for label, name in names.items():
        plain, number = _plain(name), 2
        while plain.casefold() in taken:
            ending = f"-{number}"
            plain = f"{_plain(name)[: LONGEST - len(ending)]}{ending}"
            number += 1
        taken.add(plain.casefold())
        safe[label] = plain
    return safe


def _plain(name: str) -> str:
    """A name that a folder can have: other signs are hyphens."""
    plain = re.sub(r"[^A-Za-z0-9._,=+-]+", "-", name).strip("-.")[:LONGEST]
    plain = plain if re.match(r"[A-Za-z0-9]", plain) else f"setting-{plain}"[:LONGEST]
    assert re.fullmatch(SETTING_NAME, plain), "made of those letters only"
    return plain
