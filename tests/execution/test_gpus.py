"""Which device each setting gets, and which GPUs its processes: nothing of that needs a GPU."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from paribus.errors import DeviceError
from paribus.execution.gpus import devices, gpus_for, unused, visible, workers_for
from paribus.execution.workers import Workers
from paribus.study.spec import Study

Build = Callable[..., Study]


@pytest.fixture
def three(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three GPUs are here."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 3)


def kinds(study: Study, share: int) -> list[str]:
    return [device.kind for device in devices(study, share).values()]


@pytest.mark.parametrize(
    ("device", "engine", "share", "kind"),
    [
        ("auto", "auto", 0, "cpu"),
        ("auto", "auto", 1, "cuda"),
        ("auto", "torch", 2, "cuda"),
        ("auto", "native", 1, "cpu"),  # where that engine computes
        ("cpu", "auto", 1, "cpu"),
        ("cuda", "auto", 1, "cuda"),
        ("cuda:2", "auto", 1, "cuda"),
    ],
)
def test_a_setting_gets_what_it_asks_for_or_a_gpu_where_one_is(
    device: str, engine: str, share: int, kind: str, small_study: Build
) -> None:
    assert kinds(small_study(device=device, engine=engine), share) == [kind, kind]


def test_a_variation_may_be_about_the_device(small_study: Build) -> None:
    study = small_study(device="cpu", variations={"gpu": {"device": "cuda"}})
    assert kinds(study, 1) == ["cpu", "cuda"]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"device": "cuda"}, r"^device: cuda: torch \S+, which is built without CUDA, finds no"),
        ({"device": "mps"}, r"^device: mps: torch \S+ finds no GPU of Apple's here"),
        ({"variations": {"gpu": {"device": "cuda"}}}, "^gpu: device: cuda: torch"),
    ],
)
def test_a_device_that_is_not_there_is_refused_in_words(
    keys: dict[str, Any], message: str, small_study: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.version, "cuda", None)
    with pytest.raises(DeviceError, match=message):
        devices(small_study(**keys), 0)


@pytest.mark.usefixtures("three")
def test_a_number_that_no_gpu_has_is_refused(small_study: Build) -> None:
    study = small_study(device="cuda:3")
    assert gpus_for(study) == ()
    with pytest.raises(DeviceError, match="cuda:3: there is no such GPU; PyTorch finds cuda:0 to"):
        devices(study, 0)


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("device", "gpus"),
    [("auto", ("0", "1", "2")), ("cuda", ("0", "1", "2")), ("cuda:1", ("1",)), ("cpu", ())],
)
def test_processes_share_all_gpus_or_the_one_that_is_named(
    device: str, gpus: tuple[str, ...], small_study: Build
) -> None:
    assert gpus_for(small_study(device=device)) == gpus


@pytest.mark.usefixtures("three")
def test_gpus_that_the_user_hides_stay_hidden(
    small_study: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-a,GPU-b")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert visible() == ("GPU-a", "GPU-b")
    assert gpus_for(small_study(device="cuda:1")) == ("GPU-b",)


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("jobs", "per_device", "most", "share"),
    [(None, 1, 3, 1), (None, 4, 12, 4), (2, 4, 2, 1), (6, 4, 6, 2), (99, 2, 6, 2)],
)
def test_so_many_runs_are_at_work_on_each_gpu(
    jobs: int | None, per_device: int, most: int, share: int, small_study: Build
) -> None:
    workers = workers_for(small_study(device="auto"), jobs, per_device)
    assert (workers.most, workers.gpu_share) == (most, share)


@given(st.integers(1, 4), st.integers(1, 12))
def test_new_processes_go_to_the_gpus_with_the_fewest(gpus: int, processes: int) -> None:
    workers = Workers(gpus=[f"GPU-{n}" for n in range(gpus)], per_device=12)
    counts: dict[str | None, int] = {}
    for _ in range(processes):
        gpu = workers._free_gpu()
        counts[gpu] = counts.get(gpu, 0) + 1
        workers._workers.append(type("", (), {"gpu": gpu})())
    assert max(counts.values()) - min([*counts.values(), *[0] * (gpus - len(counts))]) <= 1


@pytest.mark.usefixtures("three")
def test_gpus_are_left_alone_unless_a_study_asks_and_the_plan_says_so(small_study: Build) -> None:
    assert gpus_for(small_study()) == ()
    assert unused(small_study()) == (
        "PyTorch finds 3 GPUs here; all runs train on the CPU, unless you add --device auto."
    )
    assert unused(small_study(device="cuda")) is None


def test_without_gpus_there_is_one_process_a_core(small_study: Build) -> None:
    workers = workers_for(small_study(), None)
    assert workers.gpu_share == 0
    assert unused(small_study()) is None
    assert workers._free_gpu() is None
