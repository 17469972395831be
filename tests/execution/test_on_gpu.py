"""A whole study on a GPU, from its file to its report: the processor takes a GPU's way and name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from faults.here import in_this_process
from paribus import pipeline
from paribus.execution import engines, inputs
from paribus.records.types import DeviceFacts
from paribus.study.plan import settings
from paribus.study.spec import Study
from training.fake_gpu import Apart

GPU = DeviceFacts(kind="cuda", name="NVIDIA T", driver="580.1", libraries="CUDA 13.0, cuDNN 91900")


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    def devices(study: Study, share: int) -> dict[str, Apart]:
        return {s.name: Apart(precision=s.config.precision) for s in settings(study)}

    monkeypatch.setattr(engines, "devices", devices)
    for module in (engines, inputs):
        monkeypatch.setattr(
            module,
            "device_facts",
            lambda device: (
                GPU.model_copy(update={"precision": device.precision}) if device.is_apart else None
            ),
        )


@pytest.mark.usefixtures("gpu")
def test_a_study_says_what_it_was_trained_on(
    small_study: Callable[..., Study], tmp_path: Path
) -> None:
    study = small_study(
        device="cuda", epochs=2, seeds=2, variations={"bf16": {"precision": "bfloat16"}}
    )
    with in_this_process():
        results = pipeline.run(study, tmp_path / "out")
    for record in results.records:
        environment = record.facts.environment
        assert environment.device is not None
        assert environment.device.precision == record.facts.config.get("precision", "float32")
        assert record.facts.train_seconds > 0
        assert record.facts.train_cpu_seconds == 0
    assert set(results.table("runs")["device"]) == {"cuda"}
    assert results.compared is not None
    assert {c.metric.name for c in results.compared.comparisons} >= {"test_accuracy", "test_loss"}
    text = (tmp_path / "out" / "report.html").read_text()
    assert "PyTorch, on NVIDIA T" in text
    assert "NVIDIA T, driver 580.1, CUDA 13.0, cuDNN 91900, bfloat16, deterministic" in text
    assert any(sentence.startswith("Training times are") for sentence in results.missing)
    assert "different" not in text.partition("Machine, versions")[2].partition("Study file")[0]
