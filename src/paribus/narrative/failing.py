"""Failed runs in words: how many, what they count as, and what they do to a verdict."""

from collections.abc import Sequence

from paribus.comparison.compare import Comparison
from paribus.comparison.failing import Failing
from paribus.comparison.values import FailedRuns
from paribus.metrics.metric import Metric
from paribus.narrative.numbers import p_in_words, seeds
from paribus.narrative.words import listed


def failures(failed: Sequence[FailedRuns]) -> str:
    """How many runs of each setting failed: "6 of fragile's 12 runs failed"."""
    runs = [
        f"{of.failed} of {of.setting}'s {of.ended} {'run' if of.ended == 1 else 'runs'}"
        for of in failed
    ]
    return f"{listed(runs)} failed"


def counted_as(metric: Metric) -> str:
    """What a failed run counts as in a metric, where it counts."""
    if metric.guesses and metric.compare == "difference":
        return "at chance"
    if metric.compare == "difference" and metric.written == "percent":
        worst = {"higher": "at 0 %", "lower": "at 100 %"}
        if metric.better in worst:
            return worst[metric.better]
    return "as the lowest or highest rank" if metric.better == "neither" else "as the worst rank"


def on_failing(c: Comparison) -> str:
    """Which runs failed, whether one setting fails more often, and what became of the verdict."""
    if not c.failed:
        return ""
    over = "the seeds that both finished" if c.paired else "the runs that finished"
    sentences = [f"{failures(c.failed)}: the estimate is over {over}."]
    if c.failing is not None:
        how_often = _how_often if c.paired else _how_often_unpaired
        sentences.append(how_often(c.failing, c.variation))
    if c.counted is not None and c.p is not None:
        sentences.append(_counted(c))
    return " ".join(filter(None, sentences))


def overruled(c: Comparison) -> str:
    """Why a difference that p shows is undecided, in short."""
    return "" if c.overruled is None else f"; {c.overruled} only if failed runs are left out"


def _how_often(of: Failing, variation: str) -> str:
    p = f"{p_in_words(of.p_adjusted)} for failing equally often, McNemar's exact test"
    return (
        f"Of {seeds(of.n)}, {variation} alone failed in {of.only_variation}, the baseline alone in "
        f"{of.only_baseline} ({p})."
    )


def _how_often_unpaired(of: Failing, variation: str) -> str:
    p = f"{p_in_words(of.p_adjusted)} for failing equally often, Fisher's exact test"
    return (
        f"Of {of.n} runs, {of.only_variation} of {variation} failed and {of.only_baseline} of the "
        f"baseline ({p})."
    )


def _counted(c: Comparison) -> str:
    assert c.counted is not None, "asked only where failed runs count"
    counted = counted_as(c.metric)
    p = p_in_words(c.counted.p_adjusted.behind(c.overruled or c.verdict))
    if c.overruled is not None:
        return f"With failed runs {counted}, {c.overruled} isn't shown ({p})."
    if c.verdict == "undecided":
        return ""
    return f"The verdict holds with failed runs {counted} where they speak against it ({p})."
