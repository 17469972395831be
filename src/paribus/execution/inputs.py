"""All that decides a run's result, and how to say what of it has changed."""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

import torch

from paribus.data.dataset import Dataset
from paribus.execution.environment import named
from paribus.network.build import source_digest
from paribus.records.types import TRAINING_FORMAT, EngineFacts, RunFacts
from paribus.study.config import flat
from paribus.study.plan import Run


@dataclass(frozen=True)
class RunInputs:
    """What a run's result follows from.

    Attributes:
        config: the setting in full.
        data: the data set's fingerprint.
        code: SHA-256 of the file of a user's own network.
        engine: None for PyTorch.
    """

    format: int
    config: dict[str, Any]
    seed: int
    data: str
    torch: str
    code: str | None
    engine: EngineFacts | None = None

    @property
    def digest(self) -> str:
        """SHA-256 over all of it; a record is reused while it stays equal."""
        # What torch trains says nothing of engines, as when there was no other: such records stay.
        engine = {"engine": self.engine.model_dump()} if self.engine else {}
        return _digest(self._without("engine") | engine)

    @property
    def digest_anywhere(self) -> str:
        """SHA-256 over what doesn't depend on where it is trained."""
        return _digest(self._without("engine", "torch"))

    def changes_since(self, facts: RunFacts) -> tuple[str, ...]:
        """In words, how this differs from what a record was made of; empty where nothing does."""
        if facts.digest == self.digest:
            return ()
        before, now = dict(flat(facts.config)), dict(flat(self.config))
        changes = [
            f"{path}: {_value(before, path)} -> {_value(now, path)}"
            for path in {**before, **now}
            if before.get(path) != now.get(path)
        ]
        if facts.data.fingerprint != self.data:
            changes.append(f"the images: {facts.data.fingerprint[:12]} -> {self.data[:12]}")
        if facts.environment.torch != self.torch:
            changes.append(f"torch: {facts.environment.torch} -> {self.torch}")
        if facts.environment.engine != self.engine:
            changes.append(f"the engine: {named(facts.environment.engine)} -> {named(self.engine)}")
        # A record from before Paribus wrote this down says nothing of its code.
        if facts.code != self.code and (facts.code or not changes):
            changes.append("the code of the network")
        return tuple(changes) or ("how Paribus trains",)

    def _without(self, *names: str) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if name not in names}


def run_inputs(run: Run, dataset: Dataset, engine: EngineFacts | None = None) -> RunInputs:
    """What the result of training `run` on `dataset` here, with `engine`, would follow from."""
    config = run.setting.config
    return RunInputs(
        format=TRAINING_FORMAT,
        config=config.recorded(),
        seed=run.seed,
        data=dataset.fingerprint,
        torch=torch.__version__,
        code=source_digest(config.network),
        engine=engine,
    )


def _digest(parts: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _value(values: dict[str, Any], path: str) -> str:
    return json.dumps(values[path]) if path in values else "(none)"
