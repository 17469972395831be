"""Published sets read from the files that their authors offer, packed or unpacked."""

import gzip
import hashlib
import math
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

import numpy as np

from paribus.data.cache import own_cache, require_private
from paribus.data.images import Originals, Progress
from paribus.data.mat import read_mat
from paribus.data.pixels import Bytes, UnusableError
from paribus.data.published import SETS, PublishedSet
from paribus.data.stl10 import faults, missing
from paribus.errors import DataError
from paribus.io.disk import private
from paribus.io.reading import UnfitError, names_in, opened, patiently, read_whole


@dataclass(frozen=True)
class Found:
    """The folder of a set's files, and whether they are packed as they are offered."""

    folder: Path
    packed: bool


def find(source: str, place: Path) -> Found:
    """Where below `place` a set's files are; where they would be downloaded to if nowhere.

    Packed files, which are checked by their MD5s, may lie in `place` itself. So may unpacked
    ones of CIFAR; those of MNIST only in folders that are named after the set, for the files of
    several sets have the same names.
    """
    published = SETS[source]
    below = [place / source, *(place / folder for folder in published.folders)]
    for folder in (*below, place):
        if {file.name for file in published.files} & {*names_in(folder)}:
            return Found(folder, packed=True)
    named = published.labels or any(place.match(name) for name in (source, *published.folders))
    for folder in (*below, *([place] if named else [])):
        if {*published.members} & {*names_in(folder)}:
            return Found(folder, packed=False)
    return Found(place / source, packed=True)


def damage(source: str, found: Found, *, trust_times: bool = True) -> dict[str, str]:
    """What is wrong with a set's files, by name; empty if all are as they should be."""
    published = SETS[source]
    if found.packed:
        return faults(found.folder, published.files, trust_times=trust_times)
    wrong = {}
    for name, size in _sizes(published).items():
        try:
            got = patiently(found.folder / name, (found.folder / name).stat).st_size
            if got != size:
                wrong[name] = f"expected {size:,} bytes, got {got:,}"
        except UnfitError:
            wrong[name] = "it is missing"
    return wrong


def absent(source: str, found: Found) -> bool:
    """Whether files must be downloaded."""
    return found.packed and bool(missing(found.folder, SETS[source].files))


def open_published(
    source: str, data_dir: Path | None, progress: Progress | None = None
) -> Originals:
    """The official training images, then the test ones, all in memory.

    Without a `data_dir` they are read from the cache, and downloaded into it if missing.

    Raises:
        DataError: if a file is damaged, or missing from `data_dir`.
    """
    found = find(source, data_dir or own_cache())
    if data_dir is None:
        if absent(source, found):
            # Imported here: files that are there need no network.
            from paribus.data.download import fetch_published

            with private():
                fetch_published(source, own_cache(), progress)
            found = find(source, own_cache())
        require_private(found.folder, *(found.folder / name for name in names_in(found.folder)))

    def require_whole(trust_times: bool = False) -> None:
        if damaged := damage(source, found, trust_times=trust_times):
            place = f" --data-dir {data_dir}" if data_dir else ""
            raise DataError(
                "\n".join(f"{found.folder / name}: {fault}" for name, fault in damaged.items())
                + f"\n`paribus data fetch {source}{place}` downloads missing and damaged files."
            )

    require_whole(trust_times=True)
    images, labels = _decoded(SETS[source], found)
    return Originals(
        source=source,
        classes=SETS[source].classes,
        labels=labels.astype(np.int64),
        part=np.repeat(["train", "test"], [SETS[source].training, SETS[source].test]),
        channels=SETS[source].shape[0],
        fingerprint=_fingerprint(images, labels),
        read=lambda i: np.ascontiguousarray(images[i].transpose(1, 2, 0)),
        require_whole=require_whole,
    )


def _fingerprint(images: Bytes, labels: Bytes) -> str:
    digest = hashlib.sha256(images.data)  # however they are packed
    digest.update(labels.data)
    return digest.hexdigest()


def _decoded(published: PublishedSet, found: Found) -> tuple[Bytes, Bytes]:
    """Images (n, channels, height, width) and their labels."""
    try:
        if published.is_mat:
            return _mat(published, found.folder)
        contents = _packed(published, found) if found.packed else _unpacked(published, found)
        sizes = _sizes(published)
        if wrong := [name for name, size in sizes.items() if len(contents.get(name, b"")) != size]:
            raise UnusableError(f"{wrong[0]} doesn't have {sizes[wrong[0]]:,} bytes")
        ordered = {name: contents[name] for name in published.members}
        images, labels = (_cifar if published.labels else _idx)(published, ordered)
        if labels.max() >= len(published.classes):
            most = f"labels up to {len(published.classes) - 1}"
            raise UnusableError(f"expected {most}, got {labels.max()}")
    except (UnusableError, UnfitError, EOFError, zlib.error, tarfile.TarError) as error:
        raise DataError(f"{found.folder}: not the files of {published.title} ({error})") from None
    return images, labels


def _mat(published: PublishedSet, folder: Path) -> tuple[Bytes, Bytes]:
    counts = published.training, published.test
    parts = [
        read_mat(folder / name, published.shape, count)
        for name, count in zip(published.members, counts, strict=True)
    ]
    images, labels = zip(*parts, strict=True)
    return np.concatenate(images), np.concatenate(labels)


def _sizes(published: PublishedSet) -> dict[str, int]:
    """The bytes of every unpacked file."""
    pixels = math.prod(published.shape)
    if published.labels:
        *training, test = published.members
        each = published.labels + pixels
        count = published.training // len(training)
        return dict.fromkeys(training, count * each) | {test: published.test * each}
    counts = (published.training, published.training, published.test, published.test)
    heads = {name: 16 if "images" in name else 8 for name in published.members}
    return {
        name: head + count * (pixels if head == 16 else 1)
        for (name, head), count in zip(heads.items(), counts, strict=True)
    }


def _unpacked(published: PublishedSet, found: Found) -> dict[str, bytes]:
    return {name: read_whole(found.folder / name, size) for name, size in _sizes(published).items()}


def _packed(published: PublishedSet, found: Found) -> dict[str, bytes]:
    """The unpacked files of packed ones, which have been checked by their MD5s."""
    sizes = _sizes(published)
    contents: dict[str, bytes] = {}
    for file in published.files:
        with opened(found.folder / file.name) as packed:
            if published.labels:
                contents |= _members(packed, sizes)
            else:
                name = file.name.removesuffix(".gz")
                with gzip.open(packed) as plain:
                    contents[name] = plain.read(sizes[name] + 1)
    return contents


def _members(packed: IO[bytes], sizes: Mapping[str, int]) -> dict[str, bytes]:
    contents = {}
    with tarfile.open(fileobj=packed, mode="r|gz") as archive:
        for member in archive:
            name = PurePosixPath(member.name).name
            if name in sizes and member.isreg():
                content = archive.extractfile(member)
                assert content is not None  # it is a regular file
                contents[name] = content.read(sizes[name] + 1)
    return contents


def _idx(published: PublishedSet, contents: Mapping[str, bytes]) -> tuple[Bytes, Bytes]:
    """MNIST's format: a magic number, the sizes of the axes, each of 4 bytes, then the bytes."""
    arrays = []
    for name, content in contents.items():
        axes = content[3]
        start = 4 + 4 * axes
        shape = np.frombuffer(content, ">u4", axes, 4).tolist()
        if content[:3] != b"\0\0\x08" or start + math.prod(shape) != len(content):
            raise UnusableError(f"{name}: expected {published.title}'s format, got another")
        arrays.append(np.frombuffer(content, np.uint8, offset=start).reshape(shape))
    train, train_labels, test, test_labels = arrays
    if train.shape[1:] != published.shape[1:] or test.shape[1:] != published.shape[1:]:
        got = f"images of {train.shape[1:]} and {test.shape[1:]}"
        raise UnusableError(f"expected images of {published.shape[1:]}, got {got}")
    return np.concatenate([train, test])[:, None], np.concatenate([train_labels, test_labels])


def _cifar(published: PublishedSet, contents: Mapping[str, bytes]) -> tuple[Bytes, Bytes]:
    """CIFAR's binary version: for each image its labels, then its red, green and blue pixels."""
    each = published.labels + math.prod(published.shape)
    rows = np.concatenate(
        [np.frombuffer(content, np.uint8).reshape(-1, each) for content in contents.values()]
    )
    pixels = np.ascontiguousarray(rows[:, published.labels :])
    return pixels.reshape(-1, *published.shape), rows[:, published.labels - 1].copy()
