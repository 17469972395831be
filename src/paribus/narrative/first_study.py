"""The text of a study to begin with, by what a user's images are like."""

import math
from collections.abc import Collection, Iterable, Iterator, Sequence

from paribus.data.dataset import Dataset
from paribus.data.look import Look, Own
from paribus.data.splits import PARTS
from paribus.names import safe_class, safe_name
from paribus.narrative.expected import FEW_IMAGES
from paribus.narrative.words import listed
from paribus.study.data import Csv, Digits, Folder
from paribus.study.yaml import scalar

#: Classes that are listed; a folder may have thousands.
MOST_CLASSES = 20

#: Steps of an epoch, at least, and of the training, about.
STEPS_OF_AN_EPOCH, STEPS = 10, 600
#: The smallest and the largest batch, and number of epochs.
BATCHES, EPOCHS = (8, 128), (10, 50)
#: A margin of one point, unless that is less than a few test images.
POINT, LARGEST_MARGIN = 0.01, 0.5


def first_study(
    data: Own | Digits,
    shows: str,
    about: Sequence[str],
    training: int,
    test: int,
    given: Collection[str] = (),
) -> str:
    """A commented study of LeNet-5 with two variations.

    Args:
        shows: what the images are, for the study's name.
        about: what is known of the images, a line each.
        training, test: how many images these parts have.
        given: the parts that the images are in already; others are drawn.
    """
    margin = fitting_margin(test)
    batch = fitting_batch(training)
    return f"""\
# A study to begin with; change what you like. `paribus plan study.yaml` says what it takes and
# what it can show, `paribus run study.yaml` trains it and writes the report.
name: {scalar(f"Does batch normalization or L2 help on {safe_name(shows)}?"[:300])}

{_lines(f"# {line}" for line in about)}
data:
{_lines(f"  {line}" for line in _data(data, given))}

network: lenet5           # or mlp, convnet, resnet20, ... or your own, as my_networks:small
optimizer: {{kind: adam, lr: 1e-3}}
epochs: {fitting_epochs(training, batch)}
batch_size: {batch}
# augmentation: {{flip: true, shift: 2}}   # if a mirror image is one of the same class

# All settings get 5 seeds; where that leaves something undecided, 10.
seeds: {{until: decided, looks: [5, 10]}}
# The smallest gain in test accuracy that you would act on. {_in_images(margin, test)}
margin: {margin:g}

# What each changes in all of the above, the baseline.
variations:
  batch-norm: {{network.batch_norm: true}}
  l2: {{optimizer.weight_decay: 1e-3}}

# What you expect: `paribus check` tells whether the runs support it.
# claims:
#   - id: batch-norm
#     says: Batch normalization makes LeNet-5 better at these images.
#     test: {{setting: batch-norm, against: baseline, metric: test_accuracy, expect: better}}
"""


def digits_study() -> str:
    """A study of the digits that come with scikit-learn."""
    about = (
        "scikit-learn's 1,797 handwritten digits of 8x8 pixels. For images of your own:",
        "paribus new NAME --data FOLDER",
    )
    return first_study(
        Digits(source="digits", size=32), "handwritten digits", about, training=1079, test=359
    )


def on_first_sight(dataset: Dataset, seen: Look, given: Collection[str] = ()) -> list[str]:
    """The classes of images, their parts and their sizes, a line each; `given` parts stay."""
    numbers = dataset.counts().sum(axis=1).tolist()
    named = [f"{safe_class(c)} ({n:,})" for c, n in zip(dataset.classes, numbers, strict=True)]
    if (more := len(named) - MOST_CLASSES) > 0:
        named[MOST_CLASSES:] = [f"and {more:,} more"]
    of_parts = zip(dataset.counts().sum(axis=0).tolist(), PARTS, strict=True)
    parts = [f"{number:,} {part}" for number, part in of_parts]
    return [
        f"{len(dataset.classes):,} classes: {', '.join(named)}",
        f"{', '.join(parts)} images{_as_given(given)}",
        f"height x width of {_looked_at(dataset, seen)}: {_sizes(seen)}",
    ]


def fitting_margin(test: int) -> float:
    """A margin that is at least a few test images, in whole points."""
    points = math.ceil(100 * FEW_IMAGES / test)
    return min(max(POINT, points / 100), LARGEST_MARGIN)


def fitting_batch(training: int) -> int:
    """A power of two that leaves an epoch some steps."""
    least, most = BATCHES
    fitting = max(1, training // STEPS_OF_AN_EPOCH)
    return min(max(least, 1 << (fitting.bit_length() - 1)), most)


def fitting_epochs(training: int, batch: int) -> int:
    """As many epochs as make a training of `STEPS`, to the next ten."""
    least, most = EPOCHS
    return min(max(least, 10 * round(STEPS / math.ceil(training / batch) / 10)), most)


def _data(data: Own | Digits, given: Collection[str]) -> Iterator[str]:
    yield f"source: {data.source}"
    if not isinstance(data, Digits):
        yield "# A relative path starts in the folder where paribus is run."
        yield f"path: {scalar(data.path)}"
    size = data.size if isinstance(data.size, int) else [*data.size]
    yield f"size: {size}   # pixels of a side, or height and width: [48, 64]"
    yield "# resize: pad   # the whole image, with black beside it, instead of its middle"
    if isinstance(data, Folder | Csv):
        yield f"color: {data.color}   # or {'gray' if data.color == 'rgb' else 'rgb'}"
    if drawn := [part for part in ("validation", "test") if part not in given]:
        yield "# A share of each class, or a number of its images."
        yield from (f"{part}: {getattr(data, part)}" for part in drawn)


def _in_images(margin: float, test: int) -> str:
    return f"{100 * margin:g} points are {margin * test:.3g} of {test:,} test images."


def _as_given(given: Collection[str]) -> str:
    known = [part for part in PARTS if part in given]
    return f"; you have sorted {listed(known)} images already, and they stay so" if known else ""


def _looked_at(dataset: Dataset, seen: Look) -> str:
    every, some = len(dataset.labels), seen.sizes.total()
    return f"{some:,} of {every:,} images" if some < every else f"{every:,} images"


def _sizes(seen: Look) -> str:
    smallest, commonest, largest = (
        "x".join(map(str, size)) for size in (seen.smallest, seen.commonest, seen.largest)
    )
    if smallest == largest:
        return smallest
    return f"{smallest} to {largest}, most often {commonest}"


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(lines)
