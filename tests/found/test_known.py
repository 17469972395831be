"""What the names of metrics tell."""

import pytest

from paribus.found.known import is_housekeeping, known, rank


@pytest.mark.parametrize(
    ("name", "better"),
    [
        ("accuracy", "higher"),
        ("val/acc", "higher"),
        ("eval_accuracy", "higher"),
        ("metrics/mAP50-95(B)", "higher"),
        ("episode_reward_mean", "higher"),
        ("f1_macro", "higher"),
        ("testAUROC", "higher"),
        ("val_loss", "lower"),
        ("top1_error", "lower"),
        ("fid_score", "lower"),
        ("eval/perplexity", "lower"),
        ("inference_time", "lower"),
        ("RMSE", "lower"),
    ],
)
def test_the_last_word_that_says_anything_says_which_way_is_better(name: str, better: str) -> None:
    about = known(name)
    assert about is not None and about.better == better


@pytest.mark.parametrize("name", ["neg_mean_squared_error", "neg_log_loss", "minus_loss"])
def test_a_negation_turns_it_round(name: str) -> None:
    about = known(name)
    assert about is not None and about.better == "higher"


@pytest.mark.parametrize(
    "name",
    [
        "loss_weight", "reward_scale", "time_limit", "time_to_accuracy", "error_reduction",
        "accuracy_gain", "memory_size", "target_accuracy",
    ],
)  # fmt: skip
def test_a_word_that_makes_it_something_else_leaves_it_unknown(name: str) -> None:
    assert known(name) is None


@pytest.mark.parametrize("name", ["score", "entropy", "my_metric", "sparsity", "", "___"])
def test_other_names_say_nothing(name: str) -> None:
    assert known(name) is None


def test_accuracies_are_told_from_other_shares() -> None:
    told = {name: known(name) for name in ("val_acc", "top1", "f1", "top1_error")}
    assert [bool(of and of.is_accuracy) for of in told.values()] == [True, True, False, False]


@pytest.mark.parametrize(
    "name", ["epoch", "global_step", "lr", "lr-Adam", "learning_rate", "_runtime", "train/epoch"]
)
def test_what_is_logged_by_the_way_is_no_metric(name: str) -> None:
    assert is_housekeeping(name)


@pytest.mark.parametrize("name", ["val_loss", "step_time", "clr", "epoch_loss", "batch_accuracy"])
def test_metrics_with_such_words_in_them_stay_metrics(name: str) -> None:
    assert not is_housekeeping(name)


def test_tests_come_before_validation_and_scores_before_losses() -> None:
    names = ["train_loss", "val_loss", "loss", "val_acc", "train_acc", "test_acc"]
    assert sorted(names, key=rank) == [
        "test_acc", "val_acc", "val_loss", "loss", "train_acc", "train_loss",
    ]  # fmt: skip
