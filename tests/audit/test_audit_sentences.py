"""Which sentences are read as rankings of classes, how, and which are left alone."""

import pytest

from paribus.audit.sentences import NOT_A_RANKING, Reading, Unread, read_sentence

CLASSES = ["airplane", "car", "cat", "dog", "race car", "ship"]
SETTINGS = ["main", "batch-norm", "l2"]
ALL = ("recall", "precision", "f1")


def read(says: str) -> Reading | Unread:
    return read_sentence(says, CLASSES, SETTINGS)


@pytest.mark.parametrize(
    ("says", "extreme", "classes"),
    [
        ("All three settings do worst on dog.", "worst", ("dog",)),
        ("all settings do worst on dog", "worst", ("dog",)),
        ("Dogs are the worst class in every setting.", "worst", ("dog",)),
        ("The networks do best on airplane, car and ship.", "best", ("airplane", "car", "ship")),
        ("The three best classes are airplane, car and ship.", "best", ("airplane", "car", "ship")),
        ("3 settings perform best on the race car.", "best", ("race car",)),
        ("Worst on CAT", "worst", ("cat",)),
    ],
)
def test_a_ranking_is_read_over_all_settings_and_metrics(
    says: str, extreme: str, classes: tuple[str, ...]
) -> None:
    found = read(says)
    assert isinstance(found, Reading)
    assert (found.extreme, found.classes) == (extreme, classes)
    assert (found.settings, found.metrics) == (tuple(SETTINGS), ALL)


@pytest.mark.parametrize(
    ("says", "settings", "metrics"),
    [
        ("L2 does worst on dog.", ("l2",), ALL),
        ("With batch normalization, dog is the worst.", ("batch-norm",), ALL),
        ("Both the main setting and L2 do worst on dog.", ("main", "l2"), ALL),
        ("Dog has the lowest recall.", tuple(SETTINGS), ("recall",)),
        ("Dog has the lowest accuracy of the classes.", tuple(SETTINGS), ("recall",)),
        ("Dog has the lowest precision and F1-score in main.", ("main",), ("precision", "f1")),
    ],
)
def test_settings_and_metrics_that_are_named_count_alone(
    says: str, settings: tuple[str, ...], metrics: tuple[str, ...]
) -> None:
    assert read(says) == Reading("worst", ("dog",), settings, metrics)


@pytest.mark.parametrize(
    ("says", "why"),
    [
        ("Dog is the second worst.", "the word 'second' is beyond what is read"),
        ("All settings but main do worst on dog.", "the word 'but' is beyond what is read"),
        ("Dog is not the worst class.", "the word 'not' is beyond what is read"),
        ("Some settings do worst on dog.", "the word 'some' is beyond what is read"),
        ("Dog is worst, because it looks like cat.", "the word 'because' is beyond what is read"),
        ("With dropout dog is the worst.", "the word 'dropout' is beyond what is read"),
        ("Mainly dog is the worst.", "the word 'mainly' is beyond what is read"),
        ("Best on ship and worst on dog.", "it speaks of the best and the worst at once"),
        ("Worst in main is dog, in l2 cat.", "which class goes with which setting isn't plain"),
        ("Both settings do worst on dog.", "it speaks of 2 settings, but would be read of 3"),
        ("The two worst classes are dog.", "it speaks of 2 classes, but would be read of 1"),
        ("4 settings do worst on dog.", "it speaks of 4 settings, but would be read of 3"),
    ],
)
def test_a_ranking_that_may_mean_something_else_is_not_guessed_at(says: str, why: str) -> None:
    found = read(says)
    assert isinstance(found, Unread)
    assert found.why.startswith(why)


@pytest.mark.parametrize(
    "says",
    [
        "Training takes slightly longer with batch normalization.",
        "L2 has the highest accuracy.",
        "Dogs are confused with cats.",
        "The best epoch is the tenth.",
        "",
    ],
)
def test_a_sentence_without_a_superlative_or_a_class_ranks_no_classes(says: str) -> None:
    assert read(says) is NOT_A_RANKING


@pytest.mark.parametrize(
    ("says", "classes", "settings"),
    [
        ("The worst class is a.", ["a", "b"], ["main"]),
        ("All 3 settings do worst on 7.", ["3", "7"], ["main"]),
        ("All do worst on dog.", ["dog", "Dog"], ["main"]),
        ("The worst in dog is cat.", ["dog", "cat"], ["dog"]),
    ],
)
def test_names_that_may_be_other_words_are_not_guessed_at(
    says: str, classes: list[str], settings: list[str]
) -> None:
    found = read_sentence(says, classes, settings)
    assert isinstance(found, Unread)
    assert "may be a name or another word" in found.why


def test_a_longer_name_counts_before_a_shorter_one_inside_it() -> None:
    found = read_sentence("Worst on dog in l2-strong.", CLASSES, ["l2", "l2-strong"])
    assert isinstance(found, Reading)
    assert found.settings == ("l2-strong",)
