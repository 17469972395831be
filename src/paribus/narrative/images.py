"""What should be known about a study's images before anything is concluded, in sentences."""

from collections.abc import Mapping

from paribus.data.dataset import Dataset
from paribus.events import ImagesReady
from paribus.narrative import words
from paribus.records.types import DataFacts

#: Of the files that were left out.
MOST_NAMED = 10


def on_images(data: DataFacts) -> tuple[str, ...]:
    """A sentence for each thing that is odd about the images; none where nothing is."""
    lines = [
        f"Class {name} has its images in several folders: {words.listed(groups)}. If those are the "
        "classes, move them up."
        for name, groups in data.groups
    ]
    if data.animated:
        several = words.count(data.animated, "file")
        lines.append(f"{several} with several images: the first one of each is used.")
    if data.shortened:
        deep = words.count(data.shortened, "color image")
        lines.append(
            f"{deep} of 16 bits a channel: the 8 highest bits are read. Where values use only the "
            "lower ones, little is left: scale them up first, or save them as gray images."
        )
    if data.test_groups:
        groups = words.count(data.test_groups, "group")
        lines.append(f"The test images are of {groups}; groups are kept together in splits.")
    return (*lines, *on_training_images(data), *_findings(data))


def on_training_images(data: DataFacts) -> tuple[str, ...]:
    """What the study declares of the training images: how many are left, with which labels."""
    lines = []
    used = data.training or 0
    if data.unused:
        every = used + data.unused
        lines.append(f"Of {every:,} training images, {used:,} are used, as the study declares.")
    if data.changed_labels:
        changed = _share(data.changed_labels, used, "training label")
        lines.append(f"{changed} wrong on purpose; those of validation and test images aren't.")
    return tuple(lines)


def on_left_out(data: DataFacts) -> str:
    """How many files are not among the images, and why; "" where there is none."""
    total = sum(number for _, number in data.left_out)
    reasons = "; ".join(f"{number:,} {reason}" for reason, number in data.left_out)
    return f"{words.count(total, 'file')}: {reasons}" if total else ""


def images_ready(datasets: Mapping[str, Dataset]) -> list[ImagesReady]:
    """What there is to tell of the images of every setting, by its name, once for equal ones."""
    seen: dict[str, list[str]] = {}
    for name, dataset in datasets.items():
        seen.setdefault(dataset.fingerprint, []).append(name)
    return [_ready(tuple(names), datasets[names[0]]) for names in seen.values()]


def _ready(settings: tuple[str, ...], dataset: Dataset) -> ImagesReady:
    return ImagesReady(
        settings,
        dataset.source,
        dataset.fingerprint,
        dataset.classes,
        tuple(map(tuple, dataset.counts().tolist())),
        tuple(line.replace(words.NO_BREAK, " ") for line in on_images(dataset.facts)),
        _first(list(map(str, dataset.left_out))),
    )


def _first(left_out: list[str]) -> tuple[str, ...]:
    more = len(left_out) - MOST_NAMED
    rest = [f"and {more:,} more; `paribus data verify` lists all"] if more > 0 else []
    return (*left_out[:MOST_NAMED], *rest)


def _findings(data: DataFacts) -> list[str]:
    if not (found := data.findings):
        return []
    images = sum(filter(None, (data.training, data.validation, data.test)))
    lines = []
    if found.test_in_training:
        many = _share(found.test_in_training, data.test or 0, "test image")
        lines.append(f"{many} equal to a training image: there, accuracy measures memory alone.")
    if found.in_two_classes:
        many = _share(found.in_two_classes, images, "image")
        lines.append(f"{many} also in another class: at least one of their labels is wrong.")
    if found.plain:
        many = _share(found.plain, images, "image")
        lines.append(f"{many} of a single color: check that the files are read as you expect.")
    if found.alike * 2 > images:
        lines.append(f"{found.alike:,} of {images:,} images are equal to each other.")
    if found.flat_channels:
        channels = len(data.std)
        hold = "holds" if found.flat_channels == 1 else "hold"
        lines.append(f"{found.flat_channels} of {channels} color channels {hold} a single value.")
    if found.shared_groups:
        many = f"{found.shared_groups:,} of the {words.count(data.test_groups or 0, 'group')}"
        lines.append(
            f"{many} in the test images are among the training images too: images of new groups "
            "may be harder."
        )
    return lines


def _share(number: int, total: int, what: str) -> str:
    share = f" ({100 * number / total:.1f} %)" if total else ""
    return f"{words.count(number, what)}{share} {'is' if number == 1 else 'are'}"
