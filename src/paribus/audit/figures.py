"""What a setting's confusion matrix says, and whether the printed figures match it."""

from collections.abc import Iterator
from dataclasses import dataclass

from paribus.audit.spec import ACCURACY, AVERAGES, SHARES, Printed, Published, PublishedSetting
from paribus.metrics import classification as metrics
from paribus.stats.proportions import share

#: Figures are computed in 64 bits; an exact tie may miss by their last ones.
_LAST_BITS = 1e-12


@dataclass(frozen=True)
class ClassResult:
    """What a setting's matrix says of one class.

    Attributes:
        name: of the class.
        support, right: its test images, and how many of them were classified correctly.
        recall, low, high: right / support, with its 95 % Wilson interval.
        precision, f1: as scikit-learn defines them; 0/0 is 0.
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

    Attributes:
        setting: its name.
        images, right: test images, and how many of them were classified correctly.
        accuracy, low, high: with its 95 % Wilson interval: for new images of this kind and
            this network, not for a network from another seed.
        classes: in the order of the file.
        macro, weighted: the means over the classes, plain and weighted by support.
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
    """A printed figure and what the matrix gives.

    Attributes:
        setting, row, figure: where it is printed, as `main`, `dog`, `recall`.
        printed: as it is printed.
        computed: from the matrix.
        expected: that, rounded to as many digits as are printed.
        follows: the two agree.
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
    return tuple(
        _network(name, setting, published.classes) for name, setting in published.settings.items()
    )


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
    columns = (setting.matrix.diagonal(), figures.support, figures.precision, figures.f1)
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


def _class(name: str, right: int, support: int, precision: float, f1: float) -> ClassResult:
    recall = share(right, support)
    return ClassResult(
        name, support, right, right / support, recall.low, recall.high, precision, f1
    )


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
