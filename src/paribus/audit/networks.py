"""What a setting's confusion matrix says, whether the printed figures match it, and differences.

One run of each setting can tell something of two trained networks, and little of two settings.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from scipy import stats

from paribus.audit.spec import ACCURACY, AVERAGES, SHARES, Printed, Published, PublishedSetting
from paribus.metrics import classification as metrics
from paribus.stats.intervals import ALPHA
from paribus.stats.multiplicity import holm
from paribus.stats.power import SeedsNeeded, seeds_needed
from paribus.stats.proportions import fisher_p, mcnemar_p, newcombe, share

#: One percentage point.
POINT = 0.01
#: Figures are computed in 64 bits; an exact tie may miss by their last ones.
_LAST_BITS = 1e-12


@dataclass(frozen=True)
class ClassResult:
    """What a setting's matrix says of one class, its recall with a 95 % Wilson interval.

    `right` of `support` test images were classified correctly. Precision and F1 are as scikit-learn
    defines them; 0/0 is 0.
    """

    name: str
    support: int
    right: int
    recall: float
    low: float
    high: float
    precision: float
    f1: float


@dataclass(frozen=True)
class Network:
    """The one trained network that a setting's matrix describes.

    The 95 % Wilson interval of its accuracy is for new images of this kind and this network, not
    for a network from another seed. Averages over the classes are plain and weighted by support.
    """

    setting: str
    images: int
    right: int
    accuracy: float
    low: float
    high: float
    classes: tuple[ClassResult, ...]
    macro: metrics.Average
    weighted: metrics.Average


@dataclass(frozen=True)
class PrintedFigure:
    """A printed figure, such as `dog`'s `recall` in the setting `main`, and what the matrix gives.

    Expected is what is computed, rounded to as many digits as are printed.
    """

    setting: str
    row: str
    figure: str
    printed: str
    computed: float
    expected: str
    follows: bool


def networks(published: Published) -> tuple[Network, ...]:
    """The network of each setting, in the order of the file."""
    return tuple(_network(*setting, published.classes) for setting in published.settings.items())


def printed_figures(
    published: Published, trained: tuple[Network, ...]
) -> tuple[PrintedFigure, ...]:
    """Every printed figure, checked; supports are checked where the file is read."""
    return tuple(
        PrintedFigure(
            setting=network.setting,
            row=row,
            figure=figure,
            printed=str(printed),
            computed=computed,
            expected=f"{computed:.{printed.digits}f}",
            follows=follows(printed, computed),
        )
        for network, setting in zip(trained, published.settings.values(), strict=True)
        for row, figure, printed, computed in _pairs(network, setting)
    )


def follows(printed: Printed, computed: float) -> bool:
    """Whether a figure rounds to what is printed, at the digits printed; a tie may go either way.

    0.26 follows from anything between 0.255 and 0.265, both included.
    """
    half = 0.5 * 10.0**-printed.digits
    return abs(float(printed) - computed) <= half + _LAST_BITS


def _network(name: str, setting: PublishedSetting, classes: tuple[str, ...]) -> Network:
    figures = metrics.class_figures(setting.matrix)
    correct = share(int(setting.matrix.trace()), int(setting.matrix.sum()))
    columns = (figures.support, setting.matrix.diagonal(), figures.precision, figures.f1)
    return Network(
        setting=name,
        images=correct.of,
        right=correct.count,
        accuracy=correct.count / correct.of,
        low=correct.low,
        high=correct.high,
        classes=tuple(map(_class, classes, *(column.tolist() for column in columns))),
        macro=metrics.macro_average(figures),
        weighted=metrics.weighted_average(figures),
    )


def _class(name: str, support: int, right: int, *precision_and_f1: float) -> ClassResult:
    recall = share(right, support)
    interval = (recall.low, recall.high)
    return ClassResult(name, support, right, right / support, *interval, *precision_and_f1)


def _pairs(
    network: Network, setting: PublishedSetting
) -> Iterator[tuple[str, str, Printed, float]]:
    """Row, figure, what is printed, what the matrix gives."""
    classes = {result.name: result for result in network.classes}
    for name, printed in setting.per_class_accuracy_printed.items():
        yield name, ACCURACY, printed, classes[name].recall
    averages = dict(zip(AVERAGES, (network.macro, network.weighted), strict=True))
    for name, entry in setting.report_printed.items():
        if isinstance(entry, Printed):
            yield name, ACCURACY, entry, network.accuracy
            continue
        for figure, printed in zip(SHARES, entry[:-1], strict=True):
            yield name, figure, printed, getattr((classes | averages)[name], figure)


@dataclass(frozen=True)
class Networks:
    """A variation's trained network against the baseline's, by accuracy.

    Attributes:
        low, high, p: Newcombe's 95 % interval, and Fisher's p of "the two are right equally
            often", for two networks that were shown different images.
        paired_p: the smallest and the largest p that McNemar's test could give if both saw
            the same images; None if the classes' supports show that they didn't.
    """

    estimate: float
    low: float
    high: float
    p: float
    paired_p: tuple[float, float] | None


@dataclass(frozen=True)
class Training:
    """Two settings, judged from one run each under a stated spread over seeds.

    p is of a difference this large between one run each, if the two settings are equally good,
    adjusted by Holm over the variations; up to 0.05 the difference is resolved. `seeds` are the
    paired seeds that would show it, if it is the true one.
    """

    p: float
    p_adjusted: float
    resolved: bool
    seeds: SeedsNeeded | None


@dataclass(frozen=True)
class Difference:
    """A variation against the baseline, by their test accuracies."""

    variation: str
    networks: Networks
    training: Training


def differences(networks: Sequence[Network], spread: float) -> tuple[Difference, ...]:
    """Every setting against the first one; the spread is over seeds, of the difference."""
    baseline, *variations = networks
    compared = [_networks(baseline, variation) for variation in variations]
    p = [float(2 * stats.norm.sf(abs(of.estimate) / spread)) for of in compared]
    adjusted = holm(p).tolist() if p else []
    return tuple(
        Difference(
            variation.setting,
            of,
            Training(raw, holms, holms <= ALPHA, seeds_for(of.estimate, spread, len(variations))),
        )
        for variation, of, raw, holms in zip(variations, compared, p, adjusted, strict=True)
    )


def smallest_resolvable(spread: float) -> float:
    """The difference between one run each that chance alone exceeds in 5 % of cases."""
    return float(stats.norm.isf(ALPHA / 2)) * spread


def seeds_for(difference: float, spread: float, variations: int) -> SeedsNeeded | None:
    """Paired seeds that would show a difference with probability 0.8, among so many variations."""
    return seeds_needed(difference, spread, alpha=ALPHA / variations)


def paired_bounds(baseline: Network, variation: Network) -> tuple[float, float] | None:
    """The smallest and largest p of the exact McNemar test that the matrices leave open.

    The test needs the images that one network alone gets right. A class with n images, of
    which the two get b and v right, has between |v - b| and min(b, n - v) + min(v, n - b) of
    them; v - b, the surplus, is known. With the surplus fixed, more of them means a larger p:
    the two differences' random walk is longer, and strays farther. None if the supports differ:
    the test images then aren't the same.
    """
    pairs = list(zip(baseline.classes, variation.classes, strict=True))
    if any(b.support != v.support for b, v in pairs):
        return None
    surplus = variation.right - baseline.right
    fewest = sum(abs(v.right - b.right) for b, v in pairs)
    most = sum(
        min(b.right, v.support - v.right) + min(v.right, b.support - b.right) for b, v in pairs
    )
    smallest, largest = (
        mcnemar_p((alone - surplus) // 2, (alone + surplus) // 2) for alone in (fewest, most)
    )
    return smallest, largest


def _networks(baseline: Network, variation: Network) -> Networks:
    b, v = (share(of.right, of.images) for of in (baseline, variation))
    low, high = newcombe(v, b)
    return Networks(
        estimate=v.count / v.of - b.count / b.of,
        low=low,
        high=high,
        p=fisher_p(v, b),
        paired_p=paired_bounds(baseline, variation),
    )
