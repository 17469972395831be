"""A plan's outlook: each setting's engine, why, and its time by that engine's steps."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from paribus.errors import EngineError
from paribus.execution import engines, estimate
from paribus.records.types import EngineFacts
from paribus.study.spec import Study
from paribus.training import steps

Build = Callable[..., Study]


def test_each_setting_is_measured_by_the_engine_that_will_train_it(
    small_study: Build, native: EngineFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: list[EngineFacts | None] = []

    def steps_by(engine: EngineFacts | None, *rest: Any) -> Any:
        measured.append(engine)
        return steps.steps_by(engine, *rest)

    monkeypatch.setattr(estimate, "steps_by", steps_by)
    study = small_study(engine="torch", variations={"native": {"engine": "native"}})
    outlook = estimate.estimate(study, None, 1)
    assert measured == [None, native]
    assert [(s.engine, s.why) for s in outlook.settings] == [
        ("torch", "as the study asks"),
        ("native", "as the study asks"),
    ]
    assert all(setting.run_seconds > 0 for setting in outlook.settings)


def test_a_plan_says_what_is_noticed_of_networks(
    small_study: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("planned_net.py").write_text(
        "from torch import nn\n\n"
        "def net(channels, height, width, classes):\n"
        "    layers = nn.Flatten(), nn.LazyLinear(classes), nn.Softmax(dim=1)\n"
        "    return nn.Sequential(*layers)\n"
    )
    study = small_study(network="planned_net:net", engine="torch", variations={})
    (note,) = estimate.estimate(study, None, 1).notes
    assert note.startswith("baseline: Its outputs are nonnegative and sum to 1")


def test_a_plan_that_can_not_be_kept_is_refused(
    small_study: Build, native: EngineFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "_objection", lambda *_: "conv2 has stride 2")
    with pytest.raises(EngineError, match="can't train baseline: conv2 has stride 2"):
        estimate.estimate(small_study(engine="native", variations={}), None, 1)
