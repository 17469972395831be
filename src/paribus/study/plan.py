"""From a study to its settings and runs: what each variation changes, and in which order."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, overload

from paribus.study.config import VARIED, Config, Source, flat, override
from paribus.study.faults import BOOLEANS
from paribus.study.found import FoundStudy
from paribus.study.parameters import changed, recorded
from paribus.study.scripted import ScriptedStudy
from paribus.study.sections import Section
from paribus.study.spec import Planned, Question, Study
from paribus.study.trainer import Call, Command


@dataclass(frozen=True)
class Setting:
    """One full configuration under its name.

    Attributes:
        recorded: what the records of its runs keep of it.
        changes: dotted path -> (value in the baseline, value here).
        vary: what of a run its seed decides, as far as Paribus decides it.
    """

    name: str
    recorded: Mapping[str, Any]
    changes: Mapping[str, tuple[Any, Any]]
    vary: tuple[Source, ...] = VARIED


@dataclass(frozen=True)
class TrainedSetting(Setting):
    """A setting that Paribus trains."""

    config: Config = field(kw_only=True)


@dataclass(frozen=True)
class ScriptedSetting(Setting):
    """A setting whose runs a command or a function makes, from these parameters."""

    trainer: Command | Call = field(kw_only=True)
    parameters: Mapping[str, Any] = field(kw_only=True)


@dataclass(frozen=True)
class Run:
    """A setting and a seed."""

    setting: Setting
    seed: int

    @property
    def key(self) -> tuple[str, int]:
        """The setting's name and the seed."""
        return self.setting.name, self.seed

    def seed_of(self, source: Source) -> int:
        """The seed that decides this: the run's own, or 0 where the study doesn't vary it."""
        return self.seed if source in self.setting.vary else 0


@dataclass(frozen=True)
class TrainedRun(Run):
    """A setting to train from a seed."""

    setting: TrainedSetting


@dataclass(frozen=True)
class ScriptedRun(Run):
    """A setting for a script to run with a seed."""

    setting: ScriptedSetting


@overload
def settings(study: Study) -> tuple[TrainedSetting, ...]: ...
@overload
def settings(study: ScriptedStudy) -> tuple[ScriptedSetting, ...]: ...
@overload
def settings(study: Question) -> tuple[Setting, ...]: ...
def settings(study: Question) -> tuple[Setting, ...]:
    """The baseline first, then each variation in the order of the study."""
    if isinstance(study, Study):
        return _trained(study)
    return _scripted(study) if isinstance(study, ScriptedStudy) else _found(study)


def _trained(study: Study) -> tuple[TrainedSetting, ...]:
    baseline = Config.model_validate(study.model_dump(include=set(Config.model_fields)))
    configs = {study.baseline: baseline}
    for name, overrides in study.variations.items():
        configs[name] = Config.model_validate(override(baseline.model_dump(), overrides))
    return tuple(
        TrainedSetting(
            name, config.recorded(), changes(baseline, config), config.vary, config=config
        )
        for name, config in configs.items()
    )


def _scripted(study: ScriptedStudy) -> tuple[ScriptedSetting, ...]:
    trainer = study.trainer.model_dump(mode="json", exclude_defaults=True)
    before = recorded(trainer, study.parameters)
    every = []
    for name, overrides in {study.baseline: {}, **study.variations}.items():
        own_trainer, parameters = changed(trainer, study.parameters, overrides)
        kept = recorded(own_trainer, parameters)
        every.append(
            ScriptedSetting(
                name,
                kept,
                _differences(before, kept),
                trainer=type(study.trainer).model_validate(own_trainer),
                parameters=parameters,
            )
        )
    return tuple(every)


def _found(study: Question) -> tuple[Setting, ...]:
    assert isinstance(study, FoundStudy), "there are three kinds of studies"
    every = [Setting(study.baseline, study.of_setting(study.baseline), {})]
    for name, overrides in study.variations.items():
        changed = {path: (study.config.get(path), value) for path, value in overrides.items()}
        every.append(Setting(name, study.of_setting(name), changed))
    return tuple(every)


@overload
def runs(study: Study, seeds: Mapping[str, int] | None = None) -> tuple[TrainedRun, ...]: ...
@overload
def runs(
    study: ScriptedStudy, seeds: Mapping[str, int] | None = None
) -> tuple[ScriptedRun, ...]: ...
@overload
def runs(study: Question, seeds: Mapping[str, int] | None = None) -> tuple[Run, ...]: ...
def runs(study: Question, seeds: Mapping[str, int] | None = None) -> tuple[Run, ...]:
    """Every run, interleaved: all settings of seed 0, then all of seed 1, and so on.

    A machine that slows down during a study then slows all settings alike. `seeds` says how many
    each setting has; by default as many as the study allows.
    """
    every = settings(study)
    if isinstance(study, Planned):
        return tuple(
            _run(setting, seed)
            for seed in study.every_seed
            for setting in every
            if seeds is None or seed < seeds[setting.name]
        )
    assert isinstance(study, FoundStudy), "there are three kinds of studies"
    return tuple(
        Run(setting, seed)
        for seed in study.every_seed
        for setting in every
        if seed in study.seeds[setting.name]
    )


def _run(setting: Setting, seed: int) -> Run:
    match setting:
        case TrainedSetting():
            return TrainedRun(setting, seed)
        case ScriptedSetting():
            return ScriptedRun(setting, seed)
    return Run(setting, seed)


def changes(baseline: Config, config: Config) -> dict[str, tuple[Any, Any]]:
    """Every dotted path whose value differs, with both values (None where there is none)."""
    differences = _differences(baseline.model_dump(), config.model_dump())
    return {
        path: (
            _at(baseline, path) if before is None else before,
            _at(config, path) if after is None else after,
        )
        for path, (before, after) in differences.items()
    }


def _at(config: Config, path: str) -> Any:
    """The value of a key that is at its default and left out; None where there is no such key."""
    part: Any = config
    for key in path.split("."):
        if not isinstance(part, Section) or key not in type(part).model_fields:
            return None
        part = getattr(part, key)
    return part


def _differences(
    baseline: Mapping[str, Any], setting: Mapping[str, Any]
) -> dict[str, tuple[Any, Any]]:
    before, after = dict(flat(baseline)), dict(flat(setting))
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
