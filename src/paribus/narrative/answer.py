"""The answer in a few sentences: did it help, what do the verdicts mean, what to do next."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from paribus.comparison.comparison import Comparison
from paribus.comparison.study import StudyComparison
from paribus.metrics.metric import Metric
from paribus.narrative.comparisons import NOT_TESTED, interval_of
from paribus.narrative.numbers import difference_of, seeds
from paribus.narrative.words import listed
from paribus.stats.power import MOST_SEEDS

#: A sentence names so many variations; of more it says how many.
MOST_NAMED = 4
#: More variations than this are ordered by their verdicts, and the first screen shows as many.
MOST_LINES = 10
#: With how many seeds to look, and to conclude.
LOOK, CONCLUDE = 5, 10

#: The order in which verdicts are told.
ORDER = (
    *("better", "worse", "higher", "lower", "equivalent", "not worse", "not better"),
    *("undecided", NOT_TESTED),
)


def in_order(compared: StudyComparison) -> list[Comparison]:
    """The comparisons on the primary metric, as declared; many of them by verdict and size."""
    made = list(compared.primary)
    if len(made) <= MOST_LINES:
        return made
    return sorted(made, key=lambda c: (ORDER.index(verdict_of(c)), -abs(c.difference or 0.0)))


def verdict_of(c: Comparison) -> str:
    """The verdict on a comparison, if it has been tested."""
    return NOT_TESTED if c.p is None else c.verdict


def in_short(compared: StudyComparison) -> str:
    """Whether it helped: a sentence per verdict, on all variations that have it."""
    return " ".join(_of_verdict(verdict, of, compared) for verdict, of in _grouped(compared))


def decided_in_short(compared: StudyComparison) -> str:
    """The same of the variations that are decided, as one sentence; "" where none is."""
    sentences = [
        _of_verdict(verdict, of, compared).removesuffix(".")
        for verdict, of in _grouped(compared)
        if verdict not in ("undecided", NOT_TESTED)
    ]
    return f"{'; '.join(sentences)}." if sentences else ""


def _grouped(compared: StudyComparison) -> Iterator[tuple[str, list[Comparison]]]:
    for verdict in ORDER:
        if of := [c for c in in_order(compared) if verdict_of(c) == verdict]:
            yield verdict, of


def _of_verdict(verdict: str, of: Sequence[Comparison], compared: StudyComparison) -> str:
    metric, baseline = compared.values.primary, compared.values.baseline
    who = some([c.variation for c in of])
    one, amount = len(of) == 1, _margin(metric)
    match verdict:
        case "equivalent":
            return f"{who} {'differs' if one else 'differ'} from {baseline} by less than {amount}."
        case "undecided":
            help_ = "helps" if one else "help"
            differ = "differs" if one else "differ"
            question = f"{help_}" if metric.better != "neither" else f"{differ} from {baseline}"
            return f"Whether {who} {question} is undecided with {_seeds(of)}."
        case "not worse" | "not better":
            return f"{who} {'is' if one else 'are'} {verdict} than {baseline} by {amount} or more."
        case "not tested":
            return f"{who} {'is' if one else 'are'} not tested with {_seeds(of)}."
    by = _by(of[0]) if one else ""
    return f"{who} {'is' if one else 'are'} {verdict} than {baseline}{by} in {metric.label}."


def _by(c: Comparison) -> str:
    """How far one variation is from the baseline: " by 0.8 points"; of a ratio nothing."""
    unit = difference_of(c.metric)
    if unit.ratio or c.estimate is None:
        return ""
    interval = interval_of(c) if c.estimate > 0 else interval_of(c).negated()
    return f" by {replace(unit, plus=False).alone(interval)}"


def _seeds(of: Sequence[Comparison]) -> str:
    sizes = {c.sizes for c in of if not c.paired and not c.anytime}
    if len(sizes) == 1 and (pair := sizes.pop()) is not None and pair[0] != pair[1]:
        return f"{pair[0]:,} runs of the baseline against {pair[1]:,}"
    counts = sorted({c.n_seeds for c in of})
    return seeds(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]} seeds"


def _margin(metric: Metric) -> str:
    return "" if metric.margin is None else difference_of(metric).amount(metric.margin)


def some(names: Sequence[str], most: int = MOST_NAMED) -> str:
    """Names in a sentence, of many the first and how many more."""
    left = len(names) - most
    return listed([*names[:most], f"{left} more"] if left > 1 else list(names))


def meanings(compared: StudyComparison) -> Mapping[str, str]:
    """What the verdicts of this study mean: the four, and others where they occur."""
    metric = compared.values.primary
    amount, each = _margin(metric), {verdict_of(c) for c in compared.primary}
    shown = "more than the luck of these seeds explains"
    four = {"better": f"{shown}, in its favor", "worse": f"{shown}, against it"}
    if metric.better == "neither":
        four = {"higher": shown, "lower": shown}
    neither = "these seeds don't show a difference"
    if amount:
        four["equivalent"] = f"shown to differ by less than {amount}"
        neither = f"these seeds show neither a difference nor that it is below {amount}"
    too_few = "with fewer than two seeds, a difference can't be told from their luck"
    before = "nothing is tested before the first look"
    others = {
        "not worse": f"shown not to be worse by {amount} or more",
        "not better": f"shown not to be better by {amount} or more",
        NOT_TESTED: before if any(c.first_look for c in compared.primary) else too_few,
    }
    return four | {"undecided": neither} | {k: v for k, v in others.items() if k in each}


def next_step(compared: StudyComparison, *, elsewhere: bool = False) -> str:
    """What to do now: train more seeds, as many as it takes, or leave it at that.

    `elsewhere`: something else than Paribus trains.
    """
    left = [c for c in compared.primary if verdict_of(c) in ("undecided", NOT_TESTED)]
    if not left:
        return f"Next: {_choice(compared)}. More seeds would only narrow the intervals."
    if any(c.anytime for c in left):
        names = [c.variation for c in left]
        return f"Next: add seeds until {some(names)} {'is' if len(left) == 1 else 'are'} decided."
    if looks := [path.next_look for path in compared.seed_paths.values() if path.next_look]:
        return f"Next: go on with this study, at least to {min(looks)} seeds."
    if any(c.n_seeds < 2 for c in left):
        return f"Next: train more seeds, {LOOK} to look or {CONCLUDE} to conclude."
    each = [
        f"{c.variation} with {c.seeds_needed.seeds:,} seeds"
        for c in left
        if c.seeds_needed is not None and c.seeds_needed.seeds
    ]
    if not each:
        better = _best(compared)
        what = f"take {better}" if better else "try another change"
        other = f" {some([c.variation for c in left])}" if better else ""
        return (
            f"Next: {what}. Not even {MOST_SEEDS:,} seeds would decide{other}, or the seeds so far "
            "don't tell how many would."
        )
    new = (
        "train new runs and compare them alone"
        if elsewhere
        else "declare more seeds in a new study"
    )
    return (
        f"Next: {new}. 80 % of such studies would decide {some(each)}, if what was seen so far is "
        "the truth."
    )


def _best(compared: StudyComparison) -> str:
    """What to take of the variations that are better; "" where none is."""
    better = [c for c in compared.primary if c.verdict == "better"]
    if len(better) <= MOST_NAMED:
        return some([c.variation for c in better]) if better else ""
    most = max(better, key=lambda c: abs(c.difference or 0.0))
    return f"{most.variation}, which differs most of the {len(better)} that are better"


def _choice(compared: StudyComparison) -> str:
    """What to keep once all is decided."""
    if compared.values.primary.better == "neither":
        return "every variation is decided on these test images"
    if better := _best(compared):
        return f"take {better}"
    equal = [c.variation for c in in_order(compared) if c.verdict == "equivalent"]
    instead = f", or {some(equal)} if cheaper" if equal else ""
    return f"keep {compared.values.baseline}{instead}"


def in_images(metric: Metric, test: int | None, held: str) -> str:
    """What a point is in test images, whether the margin is less, and what is held fixed."""
    texts = []
    if metric.images == "all" and test:
        texts.append(f"One point is {_images(test / 100)} of the {test:,} test images.")
        if metric.margin is not None:
            images = _images(metric.margin * test)
            many = "1 image" if images == "1" else f"{images} images"
            less = metric.margin * test < 1
            texts.append(
                f"The margin, what matters at least, is {_margin(metric)}: "
                f"{'less than one image' if less else many}."
            )
    return " ".join([*texts, held])


def _images(number: float) -> str:
    """A number of images that may be none in full: three digits, or all before the point."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"
