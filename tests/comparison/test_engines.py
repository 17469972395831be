"""Runs of different engines or devices are never compared, unless that is the question."""

from dataclasses import replace

import pytest

from paribus.comparison.study import compare
from paribus.errors import ComparisonError
from paribus.records.types import DeviceFacts, EngineFacts, Record
from paribus.study.config import Engine
from paribus.study.spec import Study
from synthetic import make_records, make_study

NATIVE = EngineFacts(build="x86-64-v3", digest="0" * 64)


def trained(study: Study, *native: tuple[str, int], failing: str | None = None) -> list[Record]:
    """A study's records, those of `native` (setting, seed) by Paribus's own engine."""
    made = make_records(study, images=50, failing=(failing, 0) if failing else None)
    return [_native(r) if (r.facts.setting, r.facts.seed) in native else r for r in made]


def _native(record: Record) -> Record:
    environment = record.facts.environment.model_copy(update={"engine": NATIVE})
    return replace(record, facts=record.facts.model_copy(update={"environment": environment}))


def study_of(engine: Engine = "auto", variation: Engine | None = None) -> Study:
    study = make_study(seeds=2, epochs=3, settings=["main", "l2"])
    values = {"l2": {"engine": variation}} if variation else study.variations
    return Study.model_validate(study.model_dump() | {"engine": engine, "variations": values})


def test_settings_that_leave_the_engine_open_must_have_the_same() -> None:
    study = study_of()
    compare(study, trained(study))
    compare(study, trained(study, ("main", 0), ("main", 1), ("l2", 0), ("l2", 1)))
    with pytest.raises(ComparisonError) as refused:
        compare(study, trained(study, ("l2", 1)))
    assert str(refused.value) == (
        "l2, seed 1 was trained by native, but main, seed 0 by torch; a comparison needs one "
        "engine, unless the variation changes `engine`. Run the study again: what doesn't fit is "
        "retrained; --engine torch (or native) keeps those runs."
    )


def test_a_variation_of_the_engine_is_compared() -> None:
    study = study_of("torch", "native")
    result = compare(study, trained(study, ("l2", 0), ("l2", 1)))
    assert result.comparisons


@pytest.mark.parametrize("native", [[("l2", 0)], [("l2", 0), ("l2", 1), ("main", 1)]])
def test_a_setting_that_names_its_engine_must_have_it(native: list[tuple[str, int]]) -> None:
    study = study_of("torch", "native")
    with pytest.raises(ComparisonError, match=r"seed 1 was trained by .*, but the study asks for"):
        compare(study, trained(study, *native))


def test_a_failed_run_is_compared_with_nothing() -> None:
    study = study_of()
    compare(study, trained(study, ("l2", 0), failing="l2"))


# ---- devices ---------------------------------------------------------------------------------


def on_gpu(study: Study, *gpu: tuple[str, int]) -> list[Record]:
    """A study's records, those of `gpu` (setting, seed) trained on one."""
    facts = DeviceFacts(kind="cuda", name="NVIDIA T")

    def moved(record: Record) -> Record:
        environment = record.facts.environment.model_copy(update={"device": facts})
        return replace(record, facts=record.facts.model_copy(update={"environment": environment}))

    made = make_records(study, images=50)
    return [moved(r) if (r.facts.setting, r.facts.seed) in gpu else r for r in made]


def devices_of(device: str, variation: str | None = None) -> Study:
    study = make_study(seeds=2, epochs=3, settings=["main", "l2"])
    values = {"l2": {"device": variation}} if variation else study.variations
    return Study.model_validate(study.model_dump() | {"device": device, "variations": values})


def test_runs_on_several_kinds_of_devices_are_not_compared() -> None:
    study = devices_of("auto")
    compare(study, on_gpu(study))
    compare(study, on_gpu(study, ("main", 0), ("main", 1), ("l2", 0), ("l2", 1)))
    with pytest.raises(ComparisonError) as refused:
        compare(study, on_gpu(study, ("l2", 1)))
    assert str(refused.value) == (
        "l2, seed 1 was trained on cuda, but main, seed 0 on cpu; a comparison needs one kind of "
        "device, unless the variation changes `device`. Run the study again: what doesn't fit is "
        "retrained; --device cpu (or cuda) keeps those runs."
    )


def test_a_variation_of_the_device_is_compared() -> None:
    study = devices_of("cpu", "cuda:1")
    assert compare(study, on_gpu(study, ("l2", 0), ("l2", 1))).comparisons
    with pytest.raises(ComparisonError, match=r"l2, seed 1 was trained on cpu, but the study asks"):
        compare(study, on_gpu(study, ("l2", 0)))
