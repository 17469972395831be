"""What a study may say of augmentation, and in which short forms."""

from typing import Any

import pytest

from paribus.errors import StudyError
from paribus.study.augmentation import NAMED, Augmentation
from paribus.study.config import Config
from paribus.study.plan import settings
from paribus.study.read import parse_study
from trained import trained


def of(section: Any) -> Augmentation:
    config = {"data": {"source": "digits"}, "epochs": 1, "augmentation": section}
    return Config.model_validate(config).augmentation


def problem(section: str) -> str:
    with pytest.raises(StudyError) as refused:
        parse_study(f"name: x\ndata: digits\nepochs: 1\naugmentation: {section}\n", "s.yaml")
    return str(refused.value)


@pytest.mark.parametrize("name", NAMED)
def test_a_name_alone_stands_for_a_section(name: str) -> None:
    assert of(name) == of(NAMED[name]) != Augmentation()
    assert len(of(name).on) == 1


def test_true_asks_for_the_defaults_and_false_for_nothing() -> None:
    for key in ("random_resized_crop", "randaugment"):
        assert of({key: True}) == of({key: {}})
        assert of({key: False}) == Augmentation()


def test_what_is_switched_off_is_not_recorded() -> None:
    assert Augmentation().model_dump() == {"flip": False, "shift": 0}
    recorded = of({"crop": 4, "grey": 0.1}).model_dump()
    assert recorded == {"flip": False, "shift": 0, "crop": 4, "grey": 0.1}


@pytest.mark.parametrize(
    ("section", "says"),
    [
        ("nonsense", "expected a section, or one of flip, randaugment, trivialaugment"),
        ("{crop: 4, shift: 2}", "expected shift or crop, one of them"),
        ("{randaugment: true, trivialaugment: true}", "expected at most one of randaugment"),
        ("{trivialaugment: true, autoaugment: cifar}", "expected at most one of randaugment"),
        ("{random_resized_crop: {scale: [0.9, 0.1]}}", "expected the smaller number first"),
        ("{random_resized_crop: {ratio: [2, 1]}}", "expected the smaller number first"),
        ("{color_jitter: {hue: 0.9}}", "augmentation.color_jitter.hue: expected a number less"),
        ("{cutuot: 3}", "did you mean 'cutout'?"),
        ("{rotate: 181}", "augmentation.rotate: expected a number less than or equal to 180"),
    ],
)
def test_what_can_not_be_is_refused_in_words(section: str, says: str) -> None:
    assert says in problem(section)


def test_a_variation_may_set_one_key_or_the_whole_section() -> None:
    study = trained(
        parse_study(
            "name: x\ndata: digits\nepochs: 1\naugmentation: {crop: 4}\nvariations:\n"
            "  cut: {augmentation.cutout: 8}\n  trivial: {augmentation: trivialaugment}\n"
        )
    )
    on = {setting.name: setting.config.augmentation.on for setting in settings(study)}
    assert on == {"baseline": ("crop",), "cut": ("crop", "cutout"), "trivial": ("trivialaugment",)}
