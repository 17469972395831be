"""Whatever of training is combined trains, resumes to the same bits and shares its streams."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from effort import examples
from faults.small import KINDS, content, differing, small_study, train_until, training
from paribus.events import quiet

MOVED: dict[str, dict[str, Any]] = {
    "network": {"kind": "lenet5", "batch_norm": True, "dropout": 0.3},
    "augmentation": {"flip": True, "shift": 2},
}
DECAY = {"weight_decay": st.sampled_from([0.0, 0.01]), "decay": st.sampled_from(["all", "weights"])}
BETAS = {"betas": st.sampled_from([[0.9, 0.999], [0.5, 0.9]]), "eps": st.sampled_from([1e-8, 1e-3])}
OPTIMIZERS = st.one_of(
    st.fixed_dictionaries({"kind": st.sampled_from(["adam", "adamw"]), **DECAY, **BETAS}),
    st.fixed_dictionaries(
        {
            "kind": st.just("sgd"),
            "momentum": st.just(0.9),
            "nesterov": st.booleans(),
            "lr_factors": st.sampled_from([{}, {"fc*": 0.1, "conv1.bias": 3.0}]),
            **DECAY,
        }
    ),
    st.fixed_dictionaries({"kind": st.just("sam"), "momentum": st.just(0.9), **DECAY}),
    st.fixed_dictionaries({"kind": st.just("muon"), **DECAY}),
)
WARMUP = {"warmup": st.sampled_from([0.0, 0.4, 1.0])}
SCHEDULES = st.one_of(
    st.fixed_dictionaries(
        {"kind": st.sampled_from(["constant", "cosine", "linear"]), **WARMUP},
    ),
    st.fixed_dictionaries({"kind": st.just("polynomial"), "power": st.just(2.0), **WARMUP}),
    st.fixed_dictionaries(
        {"kind": st.just("multistep"), "epochs": st.just([1]), "factor": st.just(0.1), **WARMUP}
    ),
    st.fixed_dictionaries({"kind": st.just("one_cycle"), "pct_start": st.just(0.4)}),
)
POLICIES: tuple[dict[str, Any], ...] = (
    {},
    {"randaugment": True},
    {"trivialaugment": True},
    {"autoaugment": "cifar"},
)
AUGMENTATIONS = st.builds(
    lambda others, policy: MOVED["augmentation"] | others | policy,
    st.fixed_dictionaries(
        {},
        optional={
            "cutout": st.just(4),
            "rotate": st.just(10.0),
            "grey": st.just(0.3),
            "color_jitter": st.just(0.3),
            "random_resized_crop": st.just(True),
        },
    ),
    st.sampled_from(POLICIES),
)
TRAINING = st.fixed_dictionaries(
    {
        "optimizer": OPTIMIZERS,
        "schedule": SCHEDULES,
        "clip_gradients": st.sampled_from([None, 0.5]),
        "label_smoothing": st.sampled_from([0.0, 0.1]),
        "class_weights": st.sampled_from(["equal", "balanced"]),
        "mixup": st.sampled_from([0.0, 0.4]),
        "cutmix": st.sampled_from([0.0, 1.0]),
        "ema": st.sampled_from([None, 0.9]),
        "stop_early": st.sampled_from([None, {"patience": 1}]),
        "test_flips": st.booleans(),
        "augmentation": AUGMENTATIONS,
    }
)


def streams(found: dict[str, Any]) -> Any:
    return found["baseline/seed-0/record.json: streams"]


@pytest.fixture(scope="module")
def neighbor(images: Path) -> Any:
    """The streams of the same network and moves, trained by all defaults."""
    with TemporaryDirectory() as out, pytest.MonkeyPatch.context() as patch:
        patch.setitem(KINDS, "plain", MOVED)
        training(small_study(images, "plain", epochs=2), Path(out)).perform(quiet)
        return streams(content(Path(out)))


@examples(40)
@given(asked=TRAINING)
def test_any_combination_resumes_to_the_same_bits_and_draws_what_its_neighbors_do(
    asked: dict[str, Any], images: Path, neighbor: Any
) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setitem(KINDS, "combined", MOVED | asked)
        study = small_study(images, "combined", epochs=2)
        whole, killed = (Path(folder, name) for name in ("whole", "killed"))
        training(study, whole).perform(quiet)
        train_until(training(study, killed), 1)
        training(study, killed).perform(quiet)
        assert differing(content(whole), content(killed)) == set()
        drawn, before = streams(content(whole)), dict(neighbor)
        assert drawn.pop("drawn").items() >= before.pop("drawn").items()
        if asked["optimizer"]["kind"] == "sam":  # which draws dropout twice a step
            assert drawn.pop("dropout") != before.pop("dropout")
        assert drawn == before
