"""What the names of well-known metrics tell: which way is better, and a margin."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

_HIGHER = frozenset(
    (
        "accuracy", "acc", "top1", "top5", "f1", "fscore", "auc", "auroc", "auprc", "ap",
        "map", "map50", "iou", "miou", "dice", "jaccard", "bleu", "rouge", "rouge1", "rouge2",
        "rougel", "meteor", "chrf", "recall", "precision", "sensitivity", "specificity", "r2",
        "reward", "rewards", "return", "returns", "psnr", "ssim", "ndcg", "mrr", "kappa", "mcc",
        "spearman", "pearson", "throughput", "success", "solved", "won",
    )
)  # fmt: skip
_LOWER = frozenset(
    (
        "loss", "losses", "error", "err", "errors", "fid", "kid", "perplexity", "ppl", "mse",
        "rmse", "mae", "mape", "smape", "wer", "cer", "nll", "bce", "ce", "crossentropy", "ece",
        "brier", "latency", "time", "seconds", "runtime", "duration", "regret", "lpips",
        "memory", "violations",
    )
)  # fmt: skip
_ACCURACIES = frozenset(("accuracy", "acc", "top1", "top5"))

#: Logged beside metrics, but no outcome of a run.
_HOUSEKEEPING = frozenset(
    (
        "epoch", "epochs", "step", "steps", "globalstep", "iteration",
        "iterations", "iter", "lr", "learningrate",
        "timestamp", "samples", "batch", "batchsize", "momentum", "gradnorm", "seed",
    )
)  # fmt: skip

#: The largest difference of an accuracy that doesn't matter, unless one is declared: one point.
POINT = 0.01


#: In front of a name they turn round which way is better, as in scikit-learn's scorers.
_NEGATIONS = frozenset(("neg", "negative", "minus"))

#: With one of these words, a name says something else than a value of the metric in it.
_OTHERWISE = frozenset(
    (
        "weight", "scale", "limit", "target", "threshold", "coef", "coefficient", "decay", "to",
        "until", "reduction", "improvement", "gain", "delta", "diff", "difference", "change",
        "ratio", "size", "type", "function", "fn", "schedule", "budget", "max", "min",
    )
)  # fmt: skip


@dataclass(frozen=True)
class Known:
    """What a metric's name says of it."""

    better: Literal["higher", "lower"]
    is_accuracy: bool = False


def known(name: str) -> Known | None:
    """What a name says, by the last of its words that says anything: "val/top1_error" is lower."""
    words = _words(name)
    if _OTHERWISE & {*words}:
        return None
    told = next((word for word in reversed(words) if word in _LOWER | _HIGHER), None)
    if told is None:
        return None
    turned = bool(_NEGATIONS & {*words})
    is_higher = (told in _HIGHER) != turned
    return Known("higher" if is_higher else "lower", told in _ACCURACIES and not turned)


def is_housekeeping(name: str) -> bool:
    """Whether a name is of what is logged beside the metrics: epochs, the learning rate."""
    last = re.split(r"[./]", name)[-1].lower()
    plain = re.sub(r"[^a-z0-9]", "", last)
    return (
        plain in _HOUSEKEEPING
        or last.startswith(("lr-", "_", "system/"))
        or "lr" in last.split("-")
    )


def _words(name: str) -> list[str]:
    """Words of a name, in small letters: "metrics/mAP50-95(B)" has metrics, map50, 95, b."""
    spaced = re.sub(r"(?<=[a-z]{2})(?=[A-Z])", " ", name)
    return [word for word in re.split(r"[^a-z0-9]+", spaced.lower()) if word]


#: Words of the data that a metric was taken of; a test tells most.
_PARTS = ("test", "val", "valid", "validation", "eval", "dev")


def rank(name: str) -> tuple[int, int, int, str]:
    """Sorts metrics by how likely they are what a study is about: tests and scores first."""
    words, about = _words(name), known(name)
    part = next((n for n, word in enumerate(_PARTS) if word in words), len(_PARTS))
    trained = "train" in words or "training" in words
    return (trained, about is None or about.better == "lower", part, name)


def fitting(names: Mapping[str, str], wanted: str) -> list[str]:
    """Metrics that are called so; else in letters of any size; else whose last part it is.

    `names` are those of the study -> those of the runs; either counts.
    """
    if wanted in names:
        return [wanted]
    alike: tuple[Callable[[str], bool], ...] = (
        lambda source: source == wanted,
        lambda source: source.lower() == wanted.lower(),
        lambda source: source.replace(".", "/").rpartition("/")[2].lower() == wanted.lower(),
    )
    found = ([name for name, source in names.items() if fits(source)] for fits in alike)
    return next(filter(None, found), [])
