"""Images resized once, cached under a fingerprint, and memory-mapped by every worker process."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from paribus.data.build import ARRAYS, IMAGES, LABELS, PART, build, header_of, packed
from paribus.data.cache import (
    FACTS,
    own_cache,
    read_facts,
    require_private,
    require_whole,
)
from paribus.data.findings import find
from paribus.data.images import LeftOut, Originals, Progress, silent, target_of
from paribus.data.parts import drawn_splits, moments, numbered, part_numbers
from paribus.data.pixels import Bytes, resized
from paribus.data.sources import open_source
from paribus.data.splits import PARTS, Splits
from paribus.data.training_images import KEYS, as_they_come, chosen, noisy
from paribus.errors import DataError, ReadError
from paribus.io.disk import private
from paribus.io.reading import UnfitError, opened, patiently, read_whole
from paribus.io.strict_json import dumps
from paribus.records.types import DataFacts, DataFindings, Integers
from paribus.study.data import (
    Data,
    as_recorded,
)

#: Increased when a change gives different pixels, labels or parts for the same images.
DATASET_FORMAT = 1

#: Of why files were left out.
MOST_REASONS = 20

#: Cached images that are compared with their source at each call, drawn anew each time.
COMPARED = 20


@dataclass(frozen=True)
class Dataset:
    """Labeled images of one size, in three parts.

    Attributes:
        images: (n, channels, height, width), memory-mapped copy-on-write.
        labels: (n,) each image's class.
        mean, std: per channel, of the training images scaled to 0..1.
        fingerprint: SHA-256 over the source's contents, the size, the split and the format.
        folder: where the arrays are; `open_dataset` opens them again.
        findings: what is odd about the images.
        group: (n,) the group of each image, as `Originals` has it.
        drawn: what of it differs from what is in its folder.
        left_out, groups, animated, shortened: as `Originals` has them; set only by `prepare`.
    """

    images: Bytes
    labels: Integers
    splits: Splits
    classes: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    source: str
    fingerprint: str
    folder: Path
    findings: DataFindings
    group: Integers | None = None
    drawn: "Drawn | None" = None
    left_out: tuple[LeftOut, ...] = ()
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    animated: int = 0
    shortened: int = 0

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of every image."""
        _, channels, height, width = self.images.shape
        return channels, height, width

    @property
    def facts(self) -> DataFacts:
        """What a record keeps of it; of what was left out, the most frequent reasons."""
        reasons = Counter(one.reason for one in self.left_out)
        return DataFacts(
            source=self.source,
            fingerprint=self.fingerprint,
            classes=self.classes,
            training=len(self.splits.training),
            validation=len(self.splits.validation),
            test=len(self.splits.test),
            shape=self.shape,
            mean=self.mean,
            std=self.std,
            left_out=tuple(reasons.most_common(MOST_REASONS)),
            groups=tuple(self.groups.items()),
            animated=self.animated,
            shortened=self.shortened,
            findings=self.findings,
            test_groups=self._groups(self.splits.test),
            unused=self.drawn.unused if self.drawn else 0,
            changed_labels=self.drawn.changed_labels if self.drawn else 0,
        )

    def _groups(self, index: Integers) -> int | None:
        return None if self.group is None else len(np.unique(self.group[index]))

    def counts(self) -> Integers:
        """Images of each class in each part: (classes, parts)."""
        parts = (self.splits.training, self.splits.validation, self.splits.test)
        classes = len(self.classes)
        return np.stack([np.bincount(self.labels[p], minlength=classes) for p in parts], axis=1)


@dataclass(frozen=True)
class Drawn:
    """Parts and labels that were drawn for one seed, with what of a dataset follows from them.

    `unused`: training images that a study leaves out; `changed_labels`: of those it keeps.
    """

    splits: Splits
    labels: Integers
    mean: tuple[float, ...]
    std: tuple[float, ...]
    fingerprint: str
    findings: DataFindings
    unused: int
    changed_labels: int

    def of(self, dataset: Dataset) -> Dataset:
        """The same images in these parts, with these labels."""
        return replace(
            dataset,
            splits=self.splits,
            labels=self.labels,
            mean=self.mean,
            std=self.std,
            fingerprint=self.fingerprint,
            findings=self.findings,
            drawn=self,
        )


def draw_parts(data: Data, dataset: Dataset, originals: Originals, seed: int) -> Drawn:
    """Parts drawn from `seed`, as far as the source leaves them open, as a study declares them.

    It also declares which training images are left, and with which labels.

    Raises:
        DataError: a class is left without an image in one of the parts.
    """
    labels, classes = originals.labels, len(originals.classes)
    whole = drawn_splits(data, originals, seed)
    training = chosen(data, labels, whole.training, classes, seed)
    splits = replace(whole, training=training)
    noise = noisy(data, labels, training, classes, seed)
    mean, std = moments(dataset.images, training)
    changes = f"split {seed}" if seed else data.model_dump_json(include={*KEYS})
    return Drawn(
        splits=splits,
        labels=noise,
        mean=mean,
        std=std,
        fingerprint=hashlib.sha256(f"{dataset.fingerprint} {changes}".encode()).hexdigest(),
        findings=find(dataset.images, labels, numbered(splits, len(labels)), std, dataset.group),
        unused=len(whole.training) - len(training),
        changed_labels=int((noise != labels).sum()),
    )


def as_declared(data: Data, dataset: Dataset, originals: Originals) -> Dataset:
    """A dataset as it comes with the training images and labels that a study declares."""
    if as_they_come(data) == data:
        return dataset
    return draw_parts(data, dataset, originals, 0).of(dataset)


def prepare(
    data: Data, data_dir: Path | None = None, progress: Progress | None = None
) -> tuple[Dataset, Originals]:
    """The images that a study's `data` names, resized and in their original form.

    Resized images are cached, checked at each call, and made again where they are damaged or
    aren't those of the source: every file by its SHA-256; labels, parts, mean and standard
    deviation in whole; and `COMPARED` images, which are resized again.

    Args:
        data_dir: where official files are, if not in the cache.

    Raises:
        DataError: if images are missing, damaged or too few, or the cache can't be written or
            isn't this user's alone.
    """
    with ExitStack() as kept:
        try:
            originals = open_source(data, data_dir, progress, kept)
            dataset = _prepare(data, originals, progress or silent)
        except ReadError:
            raise
        except OSError as error:
            raise DataError(
                f"{own_cache()}: can't write the resized images ({error.strerror}). Free some "
                "space, or set PARIBUS_CACHE to another folder; what is done is kept."
            ) from None
    return as_declared(data, dataset, originals), originals


def _prepare(data: Data, originals: Originals, progress: Progress) -> Dataset:
    datasets = own_cache() / "datasets"
    fingerprint = _fingerprint(data, originals)
    folder = datasets / f"{originals.source}-{fingerprint[:32]}"
    require_private(datasets, folder, *(folder / name for name in (FACTS, *ARRAYS)))
    try:
        require_whole(folder, fingerprint, ARRAYS)
        _require_same(folder, data, originals)
    except DataError:
        originals.require_whole()  # later runs trust what is built now
        with private():
            build(folder, fingerprint, data, originals, progress)
    return replace(
        open_dataset(folder),
        left_out=originals.left_out,
        groups=originals.groups,
        animated=originals.animated,
        shortened=originals.shortened,
    )


def open_dataset(folder: Path) -> Dataset:
    """Map a prepared dataset; nothing is checked, so that workers start quickly.

    Raises:
        DataError: if it isn't there.
    """
    try:
        facts = read_facts(folder)
        images, labels, part = (_load(folder / name) for name in ARRAYS)
        return Dataset(
            images=images,
            labels=np.array(labels),
            splits=Splits(*(np.flatnonzero(part == number) for number in range(len(PARTS)))),
            classes=tuple(facts["classes"]),
            mean=tuple(facts["mean"]),
            std=tuple(facts["std"]),
            source=facts["source"],
            fingerprint=facts["fingerprint"],
            folder=folder,
            findings=DataFindings.model_validate(facts["findings"]),
            group=_group(facts),
        )
    except (UnfitError, ValueError, LookupError, TypeError) as error:
        raise DataError(f"{folder}: not a prepared dataset ({error})") from None


def _numbers(group: Integers | None) -> list[int] | None:
    return None if group is None else group.tolist()


def _group(facts: Mapping[str, Any]) -> Integers | None:
    return np.array(facts["group"], np.int64) if "group" in facts else None


def _load(path: Path) -> npt.NDArray[Any]:
    def load() -> npt.NDArray[Any]:
        with opened(path):  # numpy would wait for a pipe
            loaded: npt.NDArray[Any] = np.load(path, mmap_mode="c", allow_pickle=False)
            return loaded

    return patiently(path, load)


def _require_same(folder: Path, data: Data, originals: Originals) -> None:
    """Raise DataError for a whole folder that was sealed over other images than these."""
    with suppress(UnfitError):
        if _same_files(folder, data, originals) and _same_images(folder, data, originals):
            return
    raise DataError(f"{folder}: of other images")


def _same_files(folder: Path, data: Data, originals: Originals) -> bool:
    """Whether labels and parts are the source's, and the images as many and as large."""
    header = header_of(data, originals)

    def beginning() -> bytes:
        with opened(folder / IMAGES) as file:
            return file.read(len(header))

    if patiently(folder / IMAGES, beginning) != header:
        return False
    expected = {LABELS: packed(originals.labels), PART: packed(part_numbers(data, originals))}
    return all(read_whole(folder / name, len(of)) == of for name, of in expected.items())


def _same_images(folder: Path, data: Data, originals: Originals) -> bool:
    """Whether classes, mean and deviation are the source's, and some images drawn at random."""
    dataset, count = open_dataset(folder), len(originals.labels)
    facts = (dataset.classes, (dataset.mean, dataset.std))
    if facts != (originals.classes, moments(dataset.images, dataset.splits.training)):
        return False
    if _numbers(dataset.group) != _numbers(originals.group):
        return False
    return all(
        np.array_equal(dataset.images[i], resized(originals.read(i), target_of(data)))
        for i in np.random.default_rng().choice(count, min(COMPARED, count), False).tolist()
    )


def _fingerprint(data: Data, originals: Originals) -> str:
    # The images' contents count, not the path of their folder.
    choices = as_recorded(data.model_dump(mode="json", exclude={"path", *KEYS}))
    parts = {"format": DATASET_FORMAT, "contents": originals.fingerprint, **choices}
    return hashlib.sha256(dumps(parts, sort_keys=True).encode()).hexdigest()
