"""A folder prepared: several processes decode each file once, and not again after a kill."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from paribus.data import decoders
from paribus.data.dataset import Dataset, prepare
from paribus.data.decode import Rule, contents, decode
from paribus.data.folder import open_folder
from paribus.data.pixels import Target, resized
from paribus.data.taking import File, Taken, Taker
from paribus.errors import DataError
from paribus.study.data import Folder


class Counted:
    """Hears which files are decoded."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.names: list[str] = []
        real = Taker._take

        def take(taker: Taker, file: File) -> Taken:
            self.names.append(f"{file.path.parent.name}/{file.path.name}")
            return real(taker, file)

        monkeypatch.setattr(Taker, "_take", take)


@pytest.fixture
def mine(tmp_path: Path, own_cache: Path, images_in: Callable[..., None]) -> Folder:
    """Two classes of twelve images, and an empty cache."""
    for name in ("cat", "dog"):
        images_in(tmp_path / "mine" / name, 12, side=11)
    return Folder(source="folder", path=str(tmp_path / "mine"), size=8)


@pytest.fixture
def two_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoders, "MOST_FILES", 2)


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others decode however little there is to do."""
    monkeypatch.setattr(decoders, "FEW_FILES", 0)
    monkeypatch.setattr(decoders, "_cores", lambda: 2)


def interrupted(data: Folder, after: int) -> None:
    def interrupt(what: str, done: int, total: int | None) -> None:
        if done >= after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(data, progress=interrupt)


def expected(data: Folder, rule: Rule | None = None) -> list[bytes]:
    target = Target(8, 8)
    return [
        resized(decode(contents(path), rule or Rule(data.color)), target).tobytes()
        for name in ("cat", "dog")
        for path in sorted(Path(data.path, name).glob("*.png"), key=lambda path: int(path.stem))
    ]


def rows(dataset: Dataset) -> list[bytes]:
    return [image.tobytes() for image in np.asarray(dataset.images)]


def test_each_file_is_decoded_once(mine: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = Counted(monkeypatch)
    dataset, _ = prepare(mine)
    assert rows(dataset) == expected(mine)
    assert len(counted.names) == len({*counted.names}) == 24


@pytest.mark.usefixtures("two_at_once", "processes")
def test_several_processes_give_the_same_images(mine: Folder) -> None:
    Path(mine.path, "cat", "3.png").write_bytes(b"no image")
    dataset, originals = prepare(mine)
    assert [str(one) for one in originals.left_out] == [
        "cat/3.png: not a PNG, JPEG, WebP, BMP, GIF, TIFF or PPM"
    ]
    Path(mine.path, "cat", "3.png").unlink()
    assert rows(dataset) == expected(mine)
    assert dataset.fingerprint == prepare(mine)[0].fingerprint


@pytest.mark.usefixtures("two_at_once")
def test_what_was_decoded_before_a_kill_is_not_decoded_again(
    mine: Folder, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted(mine, after=10)
    (own_cache / "looked-at").rename(own_cache / "lost")  # as if nothing had been saved
    counted = Counted(monkeypatch)
    dataset, _ = prepare(mine)
    assert rows(dataset) == expected(mine)
    assert len(counted.names) == 14
    assert not list((own_cache / "unfinished").iterdir())


@pytest.mark.usefixtures("two_at_once")
@pytest.mark.parametrize("damage", ["a row", "a note", "all notes"])
def test_what_is_not_whole_after_a_kill_is_decoded_again(
    damage: str, mine: Folder, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted(mine, after=10)
    (own_cache / "looked-at").rename(own_cache / "lost")
    (draft,) = (own_cache / "unfinished").iterdir()
    if damage == "a row":
        content = bytearray((draft / "images.npy").read_bytes())
        content[128 + 5 * 192] ^= 1
        (draft / "images.npy").write_bytes(content)
    elif damage == "a note":
        (draft / "notes").write_bytes((draft / "notes").read_bytes()[:-9])
    else:
        (draft / "notes").unlink()
    counted = Counted(monkeypatch)
    assert rows(prepare(mine)[0]) == expected(mine)
    assert len(counted.names) == {"a row": 15, "a note": 16, "all notes": 24}[damage]


@pytest.mark.usefixtures("two_at_once")
def test_a_draft_of_other_files_or_another_size_counts_for_nothing(
    mine: Folder, images_in: Callable[..., None]
) -> None:
    interrupted(mine, after=10)
    other = mine.model_copy(update={"size": (8, 9)})
    assert prepare(other)[0].shape == (3, 8, 9)
    interrupted(mine.model_copy(update={"resize": "pad"}), after=10)
    images_in(Path(mine.path, "cat"), 13, side=11)
    assert rows(prepare(mine)[0]) == expected(mine)


def test_files_that_were_checked_before_are_decoded_for_a_new_size_only(
    mine: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(mine)
    counted = Counted(monkeypatch)
    prepare(mine)
    assert counted.names == []
    prepare(mine.model_copy(update={"size": 9}))
    assert len(counted.names) == 24


def test_one_new_file_among_many_is_checked_alone_if_the_images_are_there(
    mine: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(mine)
    touched = Path(mine.path, "dog", "5.png")
    os.utime(touched, ns=(1, 1))
    counted = Counted(monkeypatch)
    prepare(mine)
    assert counted.names == ["dog/5.png"]


@pytest.mark.parametrize("order", [1, -1])
def test_the_brightest_value_fixes_the_scale_of_images_that_were_decoded_before_it(
    order: int, tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("cat", "dog"):
        (tmp_path / "mine" / name).mkdir(parents=True)
        for i, bits in enumerate((9, 10, 12)[::order]):
            ramp = np.linspace(0, 2**bits - 1, 121).astype(np.uint16).reshape(11, 11)
            Image.fromarray(ramp).save(tmp_path / "mine" / name / f"{i}.png")
    data = Folder(source="folder", path=str(tmp_path / "mine"), size=8)
    counted = Counted(monkeypatch)
    assert rows(prepare(data)[0]) == expected(data, Rule(bits=12))
    again = {1: ["cat/0.png", "cat/1.png"], -1: []}[order]
    assert counted.names[6:] == again


def test_a_file_that_changes_between_check_and_decoding_is_named(
    mine: Folder, own_cache: Path
) -> None:
    prepare(mine)
    path = Path(mine.path, "cat", "0.png")
    before = path.stat()
    Image.new("RGB", (11, 11)).save(path)
    path.write_bytes(path.read_bytes().ljust(before.st_size, b"\0"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(DataError, match=r"cat/0\.png: expected the image as it was before"):
        prepare(mine.model_copy(update={"size": 9}))


#: The first argument is the folder; two processes decode, and no file may have more bytes.
FULL = """
import resource, signal, sys
from paribus.data import decoders
from paribus.data.dataset import prepare
from paribus.errors import DataError
from paribus.study.data import Folder

decoders.FEW_FILES, decoders.MOST_FILES = 0, 2
decoders._cores = lambda: 2
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, resource.RLIM_INFINITY))
try:
    prepare(Folder(source="folder", path=sys.argv[1], size=8))
except DataError as error:
    print(error)
"""


def test_a_file_that_cannot_grow_is_a_message_and_the_next_try_goes_on(
    mine: Folder, own_cache: Path
) -> None:
    out = subprocess.run(
        [sys.executable, "-c", FULL, mine.path], capture_output=True, text=True, check=True
    )
    assert f"can't write the resized images ({os.strerror(errno.EFBIG)})" in out.stdout
    assert rows(prepare(mine)[0]) == expected(mine)


@pytest.mark.usefixtures("processes")
def test_a_process_that_is_killed_is_a_message(mine: Folder) -> None:
    with decoders._Decoder(None) as decoder:
        decoder._process.kill()
        decoder.give([])
        with pytest.raises(DataError, match=r"has ended \(signal 9\).*rerun: it resumes"):
            decoder.listen()


@pytest.mark.usefixtures("processes")
def test_a_check_alone_writes_no_images(mine: Folder, own_cache: Path) -> None:
    originals = open_folder(mine, trust_times=False)
    assert len(originals.labels) == 24
    assert not (own_cache / "unfinished").exists()
