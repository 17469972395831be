"""Which engine trains each setting of a study, and why: chosen once, before anything trains.

Settings that leave the choice to Paribus all get the same engine, so that no comparison mixes two.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from paribus.engine.library import NoLibrary, library
from paribus.engine.stages import torch_is_faster
from paribus.engine.vocabulary import UnsupportedLayer, translate
from paribus.errors import EngineError
from paribus.events import EngineMissing, NetworkNoticed, Watch
from paribus.execution.workers import Outcome, Task, Workers
from paribus.narrative.networks import noticed
from paribus.network.build import build_and_describe
from paribus.network.users import Shape
from paribus.records.types import EngineFacts
from paribus.study.config import OwnNetwork
from paribus.study.plan import Run, Setting, settings
from paribus.study.spec import Study

#: Of each setting's images: their shape, and how many classes they have.
Seen = Mapping[str, tuple[Shape, int]]


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
    """A setting whose network is built, to see what it is like and whether the engine fits."""

    shape: Shape
    classes: int

    def perform(self, tell: Watch) -> Outcome:
        """Examine it; the outcome's message says what speaks against the engine, if anything."""
        began = time.perf_counter()
        message = _objection(self, tell) or ""
        return Outcome(self.run, "finished", time.perf_counter() - began, message)


def choose(study: Study, seen: Seen, workers: Workers, watch: Watch) -> dict[str, Choice]:
    """The engine of every setting of a study, by the setting's name.

    Users' own networks are examined by `workers`, since building one may take all memory; what
    is noticed of them is told.

    Raises:
        EngineError: if settings ask for the engine and can't have it; names all of them.
    """
    every = settings(study)
    asking = [setting for setting in every if setting.config.engine != "torch"]
    examined = [s for s in every if s in asking or isinstance(s.config.network, OwnNetwork)]
    against = _objections(examined, seen, workers, watch)
    try:
        native = EngineFacts(build=library().build, digest=library().digest)
    except NoLibrary as error:
        native, why = None, f"the native engine is missing: {error}"
        against = dict.fromkeys((s.name for s in asking), why)
    _refuse({s.name: against[s.name] for s in asking if s.config.engine == "native"})
    free = {s.name: against[s.name] for s in asking if s.config.engine == "auto"}
    if native is None and free:
        watch(EngineMissing(next(iter(free.values()))))
    return {setting.name: _choice(setting, native, free) for setting in every}


def _choice(setting: Setting, native: EngineFacts | None, free: Mapping[str, str]) -> Choice:
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


def _objections(
    examined: Sequence[Setting], seen: Seen, workers: Workers, watch: Watch
) -> dict[str, str]:
    """What speaks against the engine for each setting; "" where nothing does."""
    tasks = [Examination(Run(setting, 0), *seen[setting.name]) for setting in examined]
    custom = [t for t in tasks if isinstance(t.run.setting.config.network, OwnNetwork)]
    outcomes = [task.perform(watch) for task in tasks if task not in custom]
    outcomes += workers.perform(custom, _noticed(watch), lambda outcome: None)
    return {outcome.run.setting.name: outcome.message for outcome in outcomes}


def _objection(task: Examination, tell: Watch) -> str | None:
    config = task.run.setting.config
    try:
        network, facts = build_and_describe(config.network, task.shape, task.classes, seed=0)
    except Exception as error:  # a user's network may raise anything; its runs will say so
        return f"the network can't be built: {error}"
    for sentence in noticed(facts):
        tell(NetworkNoticed(task.run.setting.name, sentence))
    if config.engine == "torch":
        return None
    try:
        program = translate(network, task.shape)
    except UnsupportedLayer as error:
        return str(error)
    # One that asks for the engine gets it all the same.
    return torch_is_faster(program) if config.engine == "auto" else None


def _noticed(watch: Watch) -> Watch:
    """A watch for what is noticed of networks: a killed worker stands in its outcome."""
    return lambda event: watch(event) if isinstance(event, NetworkNoticed) else None
