"""Published sets, from small files in the layout that their authors document."""

import gzip
import hashlib
import io
import struct
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, get_args

import click
import numpy as np
import numpy.typing as npt
import pytest
import scipy.io

from paribus.cli.data import fetch
from paribus.data.dataset import prepare
from paribus.data.download import fetch_published
from paribus.data.mat import read_mat
from paribus.data.pixels import Bytes, UnusableError
from paribus.data.published import IDX, SETS
from paribus.data.sources import states, verify
from paribus.data.stl10 import OfficialFile
from paribus.data.unpack import open_published
from paribus.errors import DataError, DownloadError
from paribus.study.data import Published

LIKE_MNIST = ("mnist", "fashion_mnist", "kmnist")
TRAINING, TEST = 200, 100


def labels(count: int, classes: int) -> Bytes:
    return (np.arange(count) % classes).astype(np.uint8)


def pixels(count: int, source: str) -> Bytes:
    """Other images for every source: (n, channels, height, width)."""
    random = np.random.default_rng([*source.encode()])
    return random.integers(0, 256, (count, *SETS[source].shape), np.uint8)


def idx(array: npt.NDArray[Any]) -> bytes:
    head = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    return head + array.tobytes()


def mat(images: Bytes, y: Bytes) -> bytes:
    """MATLAB's version 5, compressed as the official files are; the last axis counts images."""
    file = io.BytesIO()
    arrays = {"X": images.transpose(2, 3, 1, 0), "y": np.where(y == 0, 10, y)[:, None]}
    scipy.io.savemat(file, arrays, do_compression=True)  # type: ignore[arg-type]  # or a file
    return b"MATLAB 5.0".ljust(116) + file.getvalue()[116:]  # without the date


def members(source: str) -> dict[str, bytes]:
    """The unpacked files of a set of 200 training and 100 test images."""
    images, classes = pixels(TRAINING + TEST, source), len(SETS[source].classes)
    y = np.concatenate([labels(TRAINING, classes), labels(TEST, classes)])
    if source in LIKE_MNIST:
        arrays = (images[:TRAINING, 0], y[:TRAINING], images[TRAINING:, 0], y[TRAINING:])
        return dict(zip(IDX, map(idx, arrays), strict=True))
    if source == "svhn":
        return {
            "train_32x32.mat": mat(images[:TRAINING], y[:TRAINING]),
            "test_32x32.mat": mat(images[TRAINING:], y[TRAINING:]),
        }
    coarse = [] if source == "cifar10" else [np.full((len(y), 1), 7, np.uint8)]
    rows = np.concatenate([*coarse, y[:, None], images.reshape(len(y), -1)], axis=1)
    *training, test = SETS[source].members
    parts = dict(zip(training, np.split(rows[:TRAINING], len(training)), strict=True))
    return {name: part.tobytes() for name, part in (parts | {test: rows[TRAINING:]}).items()}


def packed(source: str) -> dict[str, bytes]:
    """The files as they are offered."""
    content = members(source)
    if source in LIKE_MNIST:
        return {f"{name}.gz": gzip.compress(of, mtime=0) for name, of in content.items()}
    if source == "svhn":
        return content
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, of in ({"batches.meta.txt": b"cat\n"} | content).items():
            info = tarfile.TarInfo(f"{SETS[source].folders[0]}/{name}")
            info.size = len(of)
            archive.addfile(info, io.BytesIO(of))
    return {SETS[source].files[0].name: gzip.compress(file.getvalue(), mtime=0)}


@pytest.fixture(params=[*SETS])
def source(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, own_cache: Path) -> str:
    """A set as it would be if its authors had published fewer images."""
    for name in SETS:
        files = tuple(
            OfficialFile(file, len(of), hashlib.md5(of).hexdigest())
            for file, of in packed(name).items()
        )
        small = replace(SETS[name], files=files, training=TRAINING, test=TEST)
        monkeypatch.setitem(SETS, name, small)
    return str(request.param)


only = pytest.mark.parametrize


def write(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def require_right(source: str, data_dir: Path | None) -> str:
    """The fingerprint of images that are those of the files."""
    originals, classes = open_published(source, data_dir), len(SETS[source].classes)
    assert originals.part.tolist() == ["train"] * TRAINING + ["test"] * TEST
    expected = np.concatenate([labels(TRAINING, classes), labels(TEST, classes)])
    assert np.array_equal(originals.labels, expected)
    read = np.stack([originals.read(i) for i in range(TRAINING + TEST)])
    assert np.array_equal(read, pixels(TRAINING + TEST, source).transpose(0, 2, 3, 1))
    return originals.fingerprint


def test_every_set_of_a_study_is_known_and_can_be_fetched() -> None:
    assert get_args(Published.model_fields["source"].annotation) == tuple(SETS)
    (choice,) = (one.type for one in fetch.params if one.name == "source")
    assert isinstance(choice, click.Choice)
    assert [*choice.choices] == ["stl10", *SETS]


def test_each_has_its_classes() -> None:
    counts = {source: len(set(of.classes)) for source, of in SETS.items()}
    assert counts == dict.fromkeys((*LIKE_MNIST, "cifar10", "svhn"), 10) | {"cifar100": 100}
    assert SETS["cifar100"].classes == tuple(sorted(SETS["cifar100"].classes))


def test_packed_and_unpacked_files_give_the_same_images(source: str, tmp_path: Path) -> None:
    write(tmp_path / "packed", packed(source))
    write(tmp_path / "mine" / source, members(source))
    write(tmp_path / "others" / SETS[source].folders[0], members(source))
    found = {require_right(source, tmp_path / name) for name in ("packed", "mine", "others")}
    assert len(found) == 1
    assert verify(source, tmp_path / "packed") == verify(source, tmp_path / "others") == []


@only("source", (*LIKE_MNIST, "cifar10"), indirect=True)
def test_a_tenth_of_the_training_images_are_for_validation(source: str, tmp_path: Path) -> None:
    write(tmp_path, packed(source))
    dataset, _ = prepare(Published.model_validate({"source": source, "size": 8}), tmp_path)
    assert dataset.counts().tolist() == [[18, 2, 10]] * 10


def test_damaged_and_missing_files_are_named(source: str, tmp_path: Path) -> None:
    for form, files in (("packed", packed(source)), ("unpacked", members(source))):
        folder = tmp_path / form / source
        write(folder, files)
        name = next(iter(files))
        (folder / name).write_bytes(files[name][:-1])
        with pytest.raises(DataError) as error:
            open_published(source, tmp_path / form)
        assert f"{folder / name}: expected {len(files[name]):,} bytes" in str(error.value)
        assert f"paribus data fetch {source} --data-dir {tmp_path / form}" in str(error.value)
        (folder / name).unlink()
        if len(files) > 1:
            assert verify(source, tmp_path / form) == [f"{folder / name}: it is missing"]


@only("source", LIKE_MNIST, indirect=True)
def test_another_sets_files_of_the_same_names_are_refused(source: str, tmp_path: Path) -> None:
    other = LIKE_MNIST[LIKE_MNIST.index(source) - 1]
    write(tmp_path / "packed", packed(other))
    with pytest.raises(DataError, match=r"expected (MD5|[0-9,]+ bytes)"):
        open_published(source, tmp_path / "packed")
    # The MD5s of unpacked files aren't published, so their folder must be called after the set.
    write(tmp_path / "unpacked", members(other))
    with pytest.raises(DataError, match="it is missing"):
        open_published(source, tmp_path / "unpacked")
    write(tmp_path / source, members(source))
    require_right(source, tmp_path / source)


@only("source", ["mnist", "cifar10"], indirect=True)
def test_files_of_the_right_size_and_another_content_are_refused(
    source: str, tmp_path: Path
) -> None:
    files = members(source)
    damaged = {name: b"\xff" * len(content) for name, content in files.items()}
    write(tmp_path / source, damaged)
    with pytest.raises(DataError, match=f"not the files of {SETS[source].title}"):
        open_published(source, tmp_path)


@only(
    ("content", "why"),
    [
        (b"no MATLAB file", "train_32x32.mat: "),
        (mat(np.zeros((4, 3, 32, 32), np.uint8), labels(4, 10)), r"shape \(32, 32, 3, 5\)"),
        (mat(np.zeros((5, 3, 32, 32), np.uint8), labels(5, 10) + 20), "labels from 1 to 10"),
    ],
    ids=["no MATLAB file", "too few", "other labels"],
)
def test_a_mat_file_of_something_else_is_unusable(content: bytes, why: str, tmp_path: Path) -> None:
    (tmp_path / "train_32x32.mat").write_bytes(content)
    with pytest.raises(UnusableError, match=why):
        read_mat(tmp_path / "train_32x32.mat", (3, 32, 32), 5)


# ---- downloads ------------------------------------------------------------------------------


class Server:
    """Serves files; cuts the first answers after so many bytes."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.cuts: list[int] = []
        self.asked: list[tuple[str, str | None]] = []

    def reply(self, request: BaseHTTPRequestHandler) -> None:
        name, asked = request.path.strip("/"), request.headers["Range"]
        self.asked.append((name, asked))
        content, start = self.files[name], int((asked or "bytes=0-")[6:-1])
        request.send_response(206 if asked else 200)
        if asked:
            span = f"bytes {start}-{len(content) - 1}/{len(content)}"
            request.send_header("Content-Range", span)
        request.send_header("Content-Length", str(len(content) - start))
        request.send_header("ETag", '"one"')
        request.end_headers()
        request.wfile.write(content[start:][: self.cuts.pop(0) if self.cuts else None])


@pytest.fixture
def server(source: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "*")
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.reply(self)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        url = f"http://127.0.0.1:{http.server_port}/"
        monkeypatch.setitem(SETS, source, replace(SETS[source], url=url))
        state.files = packed(source)
        thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield state
        http.shutdown()
        thread.join()


def test_they_are_downloaded_into_the_cache_once(
    source: str, server: Server, own_cache: Path
) -> None:
    require_right(source, None)
    require_right(source, None)
    assert server.asked == [(name, None) for name in server.files]
    assert {file.name for file in (own_cache / source).iterdir()} == {*server.files}
    (state,) = (one for one in states() if one.name == source)
    assert (state.state, state.where) == ("ready", own_cache / source)


def test_a_cut_is_taken_up_where_it_happened(source: str, server: Server, tmp_path: Path) -> None:
    server.cuts = [20_000]
    folder = fetch_published(source, tmp_path, pause=0.001)
    first = next(iter(server.files))
    assert server.asked[:2] == [(first, None), (first, "bytes=20000-")]
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == server.files


def test_wrong_bytes_are_named_and_not_kept(source: str, server: Server, tmp_path: Path) -> None:
    first = next(iter(server.files))
    server.files[first] = bytes(len(server.files[first]))
    with pytest.raises(DownloadError, match=r"with MD5 .*\n.*--data-dir"):
        fetch_published(source, tmp_path, pause=0.001)
    assert not list((tmp_path / source).iterdir())


def test_only_missing_and_damaged_files_are_fetched(
    source: str, server: Server, tmp_path: Path
) -> None:
    write(tmp_path, server.files)
    assert fetch_published(source, tmp_path) == tmp_path
    assert server.asked == []
    last = [*server.files][-1]
    (tmp_path / last).write_bytes(b"damaged")
    fetch_published(source, tmp_path)
    assert server.asked == [(last, None)]
    require_right(source, tmp_path)


def test_progress_is_told_of_each_file(source: str, server: Server, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int | None]] = []
    tell: Callable[..., None] = lambda *now: seen.append(now)  # noqa: E731
    fetch_published(source, tmp_path, tell)
    assert {what for what, _, _ in seen} == {f"downloading {SETS[source].title}"}
    assert {total for _, _, total in seen} == {len(of) for of in server.files.values()}
