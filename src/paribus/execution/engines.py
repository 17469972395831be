"""Whether every setting can be trained, and by which engine: found out before anything trains.

Settings that leave the choice to Paribus all get the same engine, so that no comparison mixes two.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from torch import nn

from paribus.engine.library import NoLibrary, library
from paribus.engine.stages import torch_is_faster
from paribus.engine.vocabulary import UnsupportedLayer, translate
from paribus.errors import EngineError, NetworkError, SettingsError
from paribus.events import EngineMissing, NetworkNoticed, Watch
from paribus.execution.place import Outcome, Task
from paribus.execution.workers import Workers
from paribus.narrative.networks import noticed
from paribus.network.build import build_and_describe
from paribus.network.users import Shape
from paribus.records.types import EngineFacts
from paribus.study.config import Config
from paribus.study.networks import LeNet5
from paribus.study.plan import TrainedRun, TrainedSetting, settings
from paribus.study.spec import Study
from paribus.training.steps import beyond_the_engine
from paribus.training.trial import try_step


class Images(NamedTuple):
    """What a network is built for: the shape of the images, their classes, how many train it."""

    shape: Shape
    classes: int
    training: int


#: The images of each setting, by its name.
Seen = Mapping[str, Images]


@dataclass(frozen=True)
class Choice:
    """The engine of a setting, None being PyTorch, and the reason for it as a clause."""

    engine: EngineFacts | None
    why: str

    @property
    def name(self) -> str:
        """As a study names it."""
        return "native" if self.engine else "torch"


@dataclass(frozen=True)
class Examination(Task):
    """A setting to be built and trained for one step, to see whether and by what it can be."""

    run: TrainedRun
    images: Images

    def perform(self, tell: Watch) -> Outcome:
        """Examine it: "failed" if it can't be trained, else what speaks against the engine."""
        began = time.perf_counter()
        try:
            status, message = "finished", self._examine(tell) or ""
        except NetworkError as error:
            status, message = "failed", str(error)
        return Outcome(self.run, status, time.perf_counter() - began, message)

    def _examine(self, tell: Watch) -> str | None:
        config, (shape, classes, training) = self.run.setting.config, self.images
        network, facts = build_and_describe(config.network, shape, classes, seed=0)
        for sentence in noticed(facts):
            tell(NetworkNoticed(self.run.setting.name, sentence))
        objection = _objection(config, network, shape)
        # LeNet-5 may be examined in the study's own process, so it takes no memory there.
        most = 2 if isinstance(config.network, LeNet5) else training
        try_step(config, network, shape, classes, min(config.batch_size, most))
        return objection


def choose(study: Study, seen: Seen, workers: Workers, watch: Watch) -> dict[str, Choice]:
    """The engine of every setting of a study, by the setting's name.

    All networks but LeNet-5 are examined by `workers`, since building one may take all memory;
    what is noticed of users' own is told.

    Raises:
        SettingsError: if settings can't be trained; names all of them.
        EngineError: if settings ask for the engine and can't have it; names all of them.
    """
    every = settings(study)
    objections = _examined(every, seen, workers, watch)
    asking = [setting for setting in every if setting.config.engine != "torch"]
    try:
        native = EngineFacts(build=library().build, digest=library().digest) if asking else None
        against = objections
    except NoLibrary as error:
        native, why = None, f"the native engine is missing: {error}"
        against = dict.fromkeys(objections, why)
    _refuse({s.name: against[s.name] for s in asking if s.config.engine == "native"})
    free = {s.name: against[s.name] for s in asking if s.config.engine == "auto"}
    if native is None and free:
        watch(EngineMissing(next(iter(free.values()))))
    return {setting.name: _choice(setting, native, free) for setting in every}


def _choice(setting: TrainedSetting, native: EngineFacts | None, free: Mapping[str, str]) -> Choice:
    """The engine of a setting, given what speaks against it for those that are free to choose."""
    if setting.config.engine != "auto":
        return Choice(native if setting.config.engine == "native" else None, "as the study asks")
    if why := free[setting.name]:
        return Choice(None, why)
    for other, why in free.items():
        if why:
            return Choice(None, f"as another setting of the study, {other}: {why}")
    return Choice(native, "the engine supports every layer")


def _refuse(against: Mapping[str, str]) -> None:
    """Refuse to train the settings of which something speaks against the engine."""
    impossible: dict[str, list[str]] = {}
    for setting, why in against.items():
        if why:
            impossible.setdefault(why, []).append(setting)
    if impossible:
        each = "; ".join(f"{', '.join(names)}: {why}" for why, names in impossible.items())
        raise EngineError(
            f"The study asks for the native engine, which can't train {each}. "
            "Write `engine: torch`, or `auto`, which takes torch where it must."
        )


def _examined(
    every: Sequence[TrainedSetting], seen: Seen, workers: Workers, watch: Watch
) -> dict[str, str]:
    """What speaks against the engine for each setting; "" where nothing does.

    Raises:
        SettingsError: if settings can't be trained.
    """
    tasks = [Examination(TrainedRun(setting, 0), seen[setting.name]) for setting in every]
    custom = [t for t in tasks if not isinstance(t.run.setting.config.network, LeNet5)]
    outcomes = [task.perform(watch) for task in tasks if task not in custom]
    outcomes += workers.perform(custom, _noticed(watch), lambda outcome: None)
    said = {outcome.run.setting.name: outcome for outcome in outcomes}
    ordered = [(setting.name, said[setting.name]) for setting in every]
    if wrong := {name: o.message for name, o in ordered if o.status != "finished"}:
        raise SettingsError(wrong, len(every))
    return {name: outcome.message for name, outcome in ordered}


def _objection(config: Config, network: nn.Module, shape: Shape) -> str | None:
    if config.engine == "torch":
        return None
    if why := beyond_the_engine(config):
        return why
    try:
        program = translate(network, shape)
    except UnsupportedLayer as error:
        return str(error)
    # One that asks for the engine gets it all the same.
    return torch_is_faster(program) if config.engine == "auto" else None


def _noticed(watch: Watch) -> Watch:
    """A watch for what is noticed of networks: a killed worker stands in its outcome."""
    return lambda event: watch(event) if isinstance(event, NetworkNoticed) else None
