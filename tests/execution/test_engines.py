"""The choice of an engine: once a study, never two in a comparison, always with the reason."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from faults.here import Here
from paribus.engine.library import NoLibrary
from paribus.engine.stages import Program
from paribus.errors import EngineError, NetworkError, SettingsError
from paribus.events import EngineMissing, Event, quiet
from paribus.execution import engines
from paribus.execution.engines import Images, choose
from paribus.execution.workers import Workers
from paribus.log import says
from paribus.records.types import EngineFacts
from paribus.study.plan import settings
from paribus.study.spec import Study
from paribus.training.device import Device
from training.fake_gpu import Apart

Build = Callable[..., Study]

NATIVE = EngineFacts(build="x86-64-v3", digest="0" * 64)

NETWORKS = """
import os, signal, itertools, torch
from torch import nn

COUNT = itertools.count()

def dilated(channels, height, width, classes):
    layers = nn.Conv2d(channels, 4, 3, dilation=2), nn.Flatten(), nn.LazyLinear(classes)
    return nn.Sequential(*layers)

def too_large(**shape):
    os.kill(os.getpid(), signal.SIGKILL)

def varying(**shape):
    network = dilated(**shape)
    nn.init.normal_(network[0].bias, generator=torch.Generator().manual_seed(next(COUNT)))
    return network

def wrong(**shape):
    raise RuntimeError("no such thing")
"""

OWN = {"network": "engine_networks:dilated"}


@pytest.fixture(autouse=True)
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that is there, which is never slower; and networks of a user's own."""
    (tmp_path / "engine_networks.py").write_text(NETWORKS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(engines, "library", lambda: SimpleNamespace(**NATIVE.model_dump()))
    monkeypatch.setattr(engines, "torch_is_faster", lambda program: None)


def without_library(monkeypatch: pytest.MonkeyPatch) -> None:
    def library() -> None:
        raise NoLibrary("it was not built: no compiler")

    monkeypatch.setattr(engines, "library", library)


def chosen(study: Study, heard: Callable[[Event], None] = quiet) -> dict[str, tuple[str, str]]:
    seen = {setting.name: Images((1, 16, 16), 10, 100) for setting in settings(study)}
    result = choose(study, seen, Here(), heard)
    assert all(choice.engine in (None, NATIVE) for choice in result.values())
    return {name: (choice.name, choice.why) for name, choice in result.items()}


def test_the_engine_trains_what_it_knows(small_study: Build) -> None:
    study = small_study(variations={"bn": {"network.batch_norm": True}})
    assert chosen(study) == {
        "baseline": ("native", "the engine supports every layer"),
        "bn": ("native", "the engine supports every layer"),
    }


def test_one_setting_outside_its_vocabulary_gives_all_of_them_to_torch(small_study: Build) -> None:
    result = chosen(small_study(variations={"own": OWN}))
    assert result["own"][0] == result["baseline"][0] == "torch"
    assert "dilation 1" in result["own"][1]
    assert result["baseline"][1] == f"as another setting of the study, own: {result['own'][1]}"


def test_so_does_an_optimizer_that_it_does_not_have(small_study: Build) -> None:
    sharp: dict[str, object] = {"optimizer": {"kind": "sam"}}
    why = "sam takes the gradients of each step twice, and the engine once"
    assert chosen(small_study(variations={"sharp": sharp})) == {
        "baseline": ("torch", f"as another setting of the study, sharp: {why}"),
        "sharp": ("torch", why),
    }
    with pytest.raises(EngineError, match=f"can't train sharp: {why}"):
        chosen(small_study(engine="native", variations={"sharp": sharp}))


@pytest.mark.parametrize(
    "keys", [{"label_smoothing": 0.1}, {"class_weights": "balanced"}, {"mixup": 0.2, "cutmix": 1.0}]
)
def test_it_follows_smoothed_weighted_and_mixed_labels(
    small_study: Build, keys: dict[str, object]
) -> None:
    assert {name for name, _ in chosen(small_study(variations={"other": keys})).values()} == {
        "native"
    }


def test_so_does_one_that_torch_trains_as_fast(
    small_study: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(program: Program) -> str | None:
        return "too large" if any(stage.normalization for stage in program.stages) else None

    monkeypatch.setattr(engines, "torch_is_faster", slow)
    bn = {"network.batch_norm": True}
    assert chosen(small_study(variations={"bn": bn})) == {
        "baseline": ("torch", "as another setting of the study, bn: too large"),
        "bn": ("torch", "too large"),
    }
    # Who asks for the engine gets it, whatever is faster.
    asked = chosen(small_study(engine="native", variations={"bn": bn}))
    assert set(asked.values()) == {("native", "as the study asks")}


def test_a_setting_that_names_its_engine_keeps_it(small_study: Build) -> None:
    study = small_study(
        engine="torch",
        variations={"native": {"engine": "native"}, "open": {"engine": "auto"}, "own": OWN},
    )
    assert chosen(study) == {
        "baseline": ("torch", "as the study asks"),
        "native": ("native", "as the study asks"),
        "open": ("native", "the engine supports every layer"),
        "own": ("torch", "as the study asks"),
    }


def test_asked_for_what_it_does_not_know_it_refuses_in_words(small_study: Build) -> None:
    with pytest.raises(EngineError) as refused:
        chosen(small_study(engine="native", variations={"own": OWN}))
    message = str(refused.value)
    assert message.startswith("The study asks for the native engine, which can't train own: ")
    assert "dilation 1" in message
    assert message.endswith("Write `engine: torch`, or `auto`, which takes torch where it must.")
    assert refused.value.exit_code == 2


@pytest.mark.parametrize("engine", ["auto", "torch"])
def test_what_is_noticed_of_a_network_is_told_before_anything_trains(
    small_study: Build, engine: str
) -> None:
    heard: list[Event] = []
    own = {"network": "engine_networks:varying", "engine": engine}
    chosen(small_study(variations={"own": own}), heard.append)
    assert len(heard) == 1
    assert "own: Built twice from the same seed, 0.bias started with" in says(heard[0])


@pytest.mark.parametrize("engine", ["auto", "torch", "native"])
def test_settings_that_cannot_be_trained_are_all_named_before_any_is(
    small_study: Build, engine: str
) -> None:
    wrong = {"network": "engine_networks:wrong"}
    single = {"network.batch_norm": True, "batch_size": 1}
    changes = {"l2": {"epochs": 2}, "wrong": wrong, "one": single}
    study = small_study(engine=engine, variations=changes)
    with pytest.raises(SettingsError) as refused:
        chosen(study)
    title, wrong_line, one_line = str(refused.value).splitlines()
    assert title == "2 of 4 settings can't be trained, so nothing was trained:"
    assert wrong_line.startswith("wrong: engine_networks:wrong: ")
    assert wrong_line.endswith("engine_networks.py:20: RuntimeError: no such thing")
    assert one_line.startswith("one: lenet5: batch normalization needs more than one image")


def test_without_its_library_torch_trains_and_one_event_says_so(
    small_study: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_library(monkeypatch)
    heard: list[Event] = []
    why = "the native engine is missing: it was not built: no compiler"
    study = small_study(variations={"l2": {"epochs": 2}, "torch": {"engine": "torch"}})
    assert chosen(study, heard.append) == {
        "baseline": ("torch", why),
        "l2": ("torch", why),
        "torch": ("torch", "as the study asks"),
    }
    assert heard == [EngineMissing(why)]


def test_who_asks_for_torch_never_hears_of_a_library(
    small_study: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_library(monkeypatch)
    heard: list[Event] = []
    assert set(chosen(small_study(engine="torch"), heard.append).values()) == {
        ("torch", "as the study asks")
    }
    assert heard == []


def test_who_asks_for_the_engine_without_its_library_is_refused(
    small_study: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_library(monkeypatch)
    with pytest.raises(
        EngineError, match="can't train l2: the native engine is missing: it was not"
    ):
        chosen(small_study(variations={"l2": {"engine": "native"}}))


def test_a_network_that_takes_all_memory_ends_a_worker_and_is_named(small_study: Build) -> None:
    study = small_study(variations={"large": {"network": "engine_networks:too_large"}})
    seen = dict.fromkeys(("baseline", "large"), Images((1, 16, 16), 10, 100))
    with Workers(1) as workers, pytest.raises(SettingsError) as refused:
        choose(study, seen, workers, quiet)
    assert list(refused.value.why) == ["large"]
    assert "killed by SIGKILL" in refused.value.why["large"]


# ---- devices ---------------------------------------------------------------------------------


def test_images_that_do_not_fit_are_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def empty(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(torch, "empty", empty)
    with (
        pytest.raises(NetworkError) as refused,
        engines._room(Images((3, 96, 64), 10, 50_000), Apart()),
    ):
        raise AssertionError("not reached")
    assert str(refused.value) == (
        "50,000 training images of 96x64 pixels don't fit into the memory of CPU. Take smaller "
        "ones (data.size), fewer runs at once (--per-device), or device: cpu"
    )


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ({"precision": "bfloat16"}, "the native engine computes in float32"),
        ({"compile": True}, "torch.compile compiles what PyTorch does"),
    ],
)
def test_what_only_pytorch_can_do_is_left_to_it(
    keys: dict[str, Any], why: str, small_study: Build
) -> None:
    assert set(chosen(small_study(**keys)).values()) == {("torch", why)}


def test_where_runs_get_a_gpu_pytorch_trains_them_and_they_are_tried_here(
    small_study: Build,
) -> None:
    study = small_study(device="auto")
    seen = {setting.name: Images((1, 16, 16), 10, 100) for setting in settings(study)}
    result = choose(study, seen, Here(), quiet, gpu_share=2)
    assert {choice.device for choice in result.values()} == {Device("cuda", share=2)}
    assert {choice.why for choice in result.values()} == {"the native engine computes on the CPU"}
    assert {(choice.engine, choice.gpu) for choice in result.values()} == {(None, None)}
