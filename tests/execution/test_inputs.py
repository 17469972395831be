"""What decides a run's result, and how a change of it is put in words."""

from dataclasses import replace

import pytest

from paribus.execution.inputs import RunInputs
from paribus.records.types import TRAINING_FORMAT, EngineFacts, RunFacts
from synthetic import make_records, make_study

FACTS = make_records(make_study(seeds=1))[0].facts


def of(facts: RunFacts) -> RunInputs:
    return RunInputs(
        format=TRAINING_FORMAT,
        config=facts.config,
        seed=facts.seed,
        data=facts.data.fingerprint,
        torch=facts.environment.torch,
        code=facts.code,
    )


def test_nothing_has_changed_where_the_digest_is_the_same() -> None:
    same = of(FACTS)
    assert same.changes_since(FACTS.model_copy(update={"digest": same.digest})) == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"torch": "2.14.0"}, "torch: 2.13.0 -> 2.14.0"),
        ({"data": "0" * 64}, f"the images: {FACTS.data.fingerprint[:12]} -> {'0' * 12}"),
        (
            {"engine": EngineFacts(build="x86-64-v3", digest="0" * 64)},
            "the engine: torch -> native x86-64-v3 (library 000000000000)",
        ),
        ({"device": "cuda"}, "the device: cpu -> cuda"),
        ({"code": "1" * 64}, "the network's code or a file it is given"),
        ({"config": FACTS.config | {"epochs": 7}}, "epochs: 100 -> 7"),
    ],
)
def test_each_change_is_named(change: dict[str, object], words: str) -> None:
    assert replace(of(FACTS), **change).changes_since(FACTS) == (words,)  # type: ignore[arg-type]


def test_a_record_without_its_code_is_judged_by_all_else() -> None:
    """Records from before `code` was kept: the code is blamed only where nothing else differs."""
    now = replace(of(FACTS), code="1" * 64, torch="2.14.0")
    assert now.changes_since(FACTS) == ("torch: 2.13.0 -> 2.14.0",)


#: As the tests' images were fingerprinted when these digests were written down.
DATA = "7699240c0d861f793183449e8e508b39aabfec02ea67e84267e15131632b476f"
NATIVE = EngineFacts(build="x86-64-v3", digest="0" * 64)


def test_what_torch_trains_has_the_digests_that_it_had_before_there_was_another_engine() -> None:
    torch = replace(of(FACTS), data=DATA)
    assert torch.digest == "d6a59539acfb4b40b4a9ec822ab2584bddab791e73eb70c59cfb341539b304b4"
    assert torch.digest_anywhere == (
        "6047f5ca8fb8cda5bfdecf64e12fccd5597bef5146232e2eb7dc20ba829688dc"
    )


def test_the_engine_its_build_and_its_library_decide_a_result() -> None:
    engines = [
        None,
        NATIVE,
        NATIVE.model_copy(update={"build": "x86-64-v2"}),
        NATIVE.model_copy(update={"digest": "1" * 64}),
    ]
    each = [replace(of(FACTS), engine=engine) for engine in engines]
    assert len({one.digest for one in each}) == 4
    assert len({one.digest_anywhere for one in each}) == 1  # a run may go on, if asked to


def test_only_the_torch_version_decides_where_a_run_may_go_on() -> None:
    one = of(FACTS)
    assert replace(one, torch="other").digest_anywhere == one.digest_anywhere
    assert replace(one, torch="other").digest != one.digest
    assert replace(one, seed=9).digest_anywhere != one.digest_anywhere


def test_the_kind_of_device_decides_a_result_and_not_where_a_run_may_be_looked_for() -> None:
    """`checkpoint.refuse_other_devices` says in words that it may not go on."""
    one = of(FACTS)
    assert replace(one, device="cuda").digest != one.digest
    assert replace(one, device="cuda").digest_anywhere == one.digest_anywhere
