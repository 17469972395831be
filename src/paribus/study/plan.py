"""From a study to its settings and runs: what each variation changes, and in which order."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from paribus.study.config import Config, Source, flat, override
from paribus.study.faults import BOOLEANS
from paribus.study.spec import Study


@dataclass(frozen=True)
class Setting:
    """One full configuration under its name."""

    name: str
    config: Config
    changes: Mapping[str, tuple[Any, Any]]  # dotted path -> (value in the baseline, value here)


@dataclass(frozen=True)
class Run:
    """A setting to train from a seed."""

    setting: Setting
    seed: int

    @property
    def key(self) -> tuple[str, int]:
        """The setting's name and the seed."""
        return self.setting.name, self.seed

    def seed_of(self, source: Source) -> int:
        """The seed that decides this: the run's own, or 0 where the study doesn't vary it."""
        return self.seed if source in self.setting.config.vary else 0


def settings(study: Study) -> tuple[Setting, ...]:
    """The baseline first, then each variation in the order of the study."""
    baseline = Config.model_validate(study.model_dump(include=set(Config.model_fields)))
    every = [Setting(study.baseline, baseline, {})]
    for name, overrides in study.variations.items():
        config = Config.model_validate(override(baseline.model_dump(), overrides))
        every.append(Setting(name, config, changes(baseline, config)))
    return tuple(every)


def runs(study: Study, seeds: Mapping[str, int] | None = None) -> tuple[Run, ...]:
    """Every run, interleaved: all settings of seed 0, then all of seed 1, and so on.

    A machine that slows down during a study then slows all settings alike. `seeds` says how many
    each setting has; by default as many as the study allows.
    """
    every = settings(study)
    return tuple(
        Run(setting, seed)
        for seed in range(study.most_seeds)
        for setting in every
        if seeds is None or seed < seeds[setting.name]
    )


def changes(baseline: Config, config: Config) -> dict[str, tuple[Any, Any]]:
    """Every dotted path whose value differs, with both values (None where there is none)."""
    before, after = dict(flat(baseline.model_dump())), dict(flat(config.model_dump()))
    return {
        path: (before.get(path), after.get(path))
        for path in {**before, **after}
        if before.get(path) != after.get(path)
    }


def surprises(study: Study) -> tuple[str, ...]:
    """Arguments of networks that look like true or false and are text, a sentence each."""
    baseline, *variations = settings(study)
    network = baseline.config.network.model_dump()
    written = [(baseline.name, path, value) for path, value in flat(network, "network.")]
    written += [(s.name, path, to) for s in variations for path, (_, to) in s.changes.items()]
    return tuple(
        f"{name}: {path} is the text {value!r}; if you mean {BOOLEANS[value.lower()]}, write it so"
        for name, path, value in written
        if path.startswith("network.arguments.")
        and isinstance(value, str)
        and value.lower() in BOOLEANS
    )
