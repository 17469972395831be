"""Downloading from a server that cuts, stalls and lies."""

import gzip
import hashlib
import io
import os
import random
import socket
import tarfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from paribus.data.download import BEGINNINGS, fetch_stl10
from paribus.data.http_stream import ATTEMPTS
from paribus.data.stl10 import OfficialFile
from paribus.errors import DownloadError

MIB = 1 << 20


def noise(size: int, seed: int) -> bytes:
    """Bytes that gzip can't shrink, so that positions in the archive can be reckoned."""
    return random.Random(seed).randbytes(size)


CONTENT = {
    "train_X.bin": noise(300_000, 1),
    "train_y.bin": noise(100, 2),
    "test_X.bin": noise(400_000, 3),
    "test_y.bin": noise(160, 4),
}
FILES = tuple(
    OfficialFile(name, len(content), hashlib.md5(content).hexdigest())
    for name, content in CONTENT.items()
)
LABELLED = [(f"stl10_binary/{name}", content) for name, content in CONTENT.items()]
UNLABELLED = [("stl10_binary/unlabeled_X.bin", noise(8 * MIB, 5))]


def member(name: str, size: int = 0, kind: bytes = tarfile.REGTYPE, link: str = "") -> Any:
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname = size, kind, link
    return info


def packed(members: list[tuple[Any, bytes]]) -> bytes:
    """A .tar.gz of (name or TarInfo, content)."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz", compresslevel=1) as archive:
        for name, content in members:
            info = member(name, len(content)) if isinstance(name, str) else name
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


SMALL = packed(LABELLED)


@dataclass
class Answer:
    """How the server deals with one request; well, if nothing is said."""

    cut: int | None = None  # close after so many bytes
    stall: bool = False  # ... or send no more, but keep the connection open
    ranges: bool = True
    moved: int = 0  # Content-Range and content start so many bytes off
    sized: bool = True  # says how long the content is
    etag: str = '"first"'
    status: int | None = None
    location: str | None = None
    content: bytes | None = None
    length: str | None = None  # Content-Length, where it lies
    pace: float = 0.0  # seconds between two bytes


@dataclass
class Server:
    url: str
    content: bytes = SMALL
    script: list[Answer] = field(default_factory=list)  # answers to come, then good ones
    always: Answer = field(default_factory=Answer)
    asked: list[str | None] = field(default_factory=list)  # the Range of each request
    provided: list[str | None] = field(default_factory=list)  # and its If-Range
    sent: int = 0
    closing: threading.Event = field(default_factory=threading.Event)

    def reply(self, request: BaseHTTPRequestHandler) -> None:
        asked = request.headers["Range"]
        self.asked.append(asked)
        self.provided.append(request.headers["If-Range"])
        answer = self.script.pop(0) if self.script else self.always
        content = answer.content or self.content
        start = 0
        if asked and answer.ranges and request.headers["If-Range"] in (None, '"first"'):
            start = int(asked.removeprefix("bytes=").removesuffix("-")) + answer.moved
        request.send_response(answer.status or (206 if start else 200))
        if answer.location:
            request.send_header("Location", answer.location)
        if start:
            request.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if answer.length is not None:
            request.send_header("Content-Length", answer.length)
        elif answer.sized:
            request.send_header("Content-Length", str(len(content) - start))
        request.send_header("ETag", answer.etag)
        request.end_headers()
        if answer.pace:
            self.drip(request, content[start:], answer.pace)
        self.send(request, content[start:][: answer.cut])
        if answer.stall:
            self.closing.wait()

    def drip(self, request: BaseHTTPRequestHandler, content: bytes, pace: float) -> None:
        for byte in content:
            if self.closing.wait(pace):
                return
            request.wfile.write(bytes([byte]))
            self.sent += 1

    def send(self, request: BaseHTTPRequestHandler, content: bytes) -> None:
        for start in range(0, len(content), 1 << 14):
            request.wfile.write(content[start : start + (1 << 14)])
            self.sent += len(content[start : start + (1 << 14)])


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "*")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            # A small buffer: what was sent is what was fetched, give or take little.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)
            try:
                state.reply(self)
            except ConnectionError:
                self.close_connection = True  # the client has what it wants

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        state = Server(f"http://127.0.0.1:{http.server_port}/stl10_binary.tar.gz")
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield state
        state.closing.set()
        http.shutdown()
        thread.join()


Fetch = Callable[..., Path]


@pytest.fixture
def fetch(server: Server, tmp_path: Path) -> Fetch:
    def run(**changes: Any) -> Path:
        plain: dict[str, Any] = {"url": server.url, "files": FILES, "timeout": 0.5, "pause": 0.001}
        return fetch_stl10(tmp_path / "data", **(plain | changes))

    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "stl10_binary"


def here(folder: Path) -> dict[str, bytes]:
    """What lies in a folder, temporary files included."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def refused(fetch: Fetch, **changes: Any) -> str:
    with pytest.raises(DownloadError) as caught:
        fetch(**changes)
    return str(caught.value)


# ---- the archive ----------------------------------------------------------------------------


def test_it_stops_when_the_labeled_files_are_complete(server: Server, fetch: Fetch) -> None:
    server.content = packed(LABELLED + UNLABELLED)
    assert here(fetch()) == CONTENT
    assert len(SMALL) <= server.sent < len(server.content) / 4


def test_what_comes_before_the_labeled_files_is_passed_over(server: Server, fetch: Fetch) -> None:
    server.content = packed(UNLABELLED + LABELLED)
    assert here(fetch()) == CONTENT


def test_labeled_files_may_lie_on_both_sides_of_the_unlabeled(server: Server, fetch: Fetch) -> None:
    server.content = packed(LABELLED[::-2] + UNLABELLED + LABELLED[::2])
    assert here(fetch()) == CONTENT


def test_a_server_may_keep_the_size_to_itself(server: Server, fetch: Fetch) -> None:
    server.always = Answer(sized=False)
    assert here(fetch()) == CONTENT


def test_names_may_begin_with_a_dot(server: Server, fetch: Fetch) -> None:
    server.content = packed([(f"./{name}", content) for name, content in LABELLED])
    assert here(fetch()) == CONTENT


def test_progress_counts_the_bytes_that_came(fetch: Fetch) -> None:
    seen: list[tuple[str, int, int | None]] = []
    fetch(progress=lambda *now: seen.append(now))
    assert {(what, total) for what, _, total in seen} == {("downloading STL-10", None)}
    counts = [done for _, done, _ in seen]
    assert counts == sorted(counts)
    assert 0 < counts[0] <= counts[-1] <= len(SMALL)


def test_complete_files_need_no_server(server: Server, fetch: Fetch) -> None:
    fetch()
    server.asked.clear()
    fetch()
    assert server.asked == []


def test_files_from_an_earlier_attempt_are_kept_and_damaged_ones_replaced(
    fetch: Fetch, folder: Path
) -> None:
    fetch()
    before = (folder / "train_X.bin").stat()
    (folder / "test_X.bin").write_bytes(b"damaged")
    (folder / "test_y.bin").unlink()
    assert here(fetch()) == CONTENT
    after = (folder / "train_X.bin").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


# ---- a server that cuts and stalls ----------------------------------------------------------


def test_a_cut_is_taken_up_at_the_byte_where_it_happened(server: Server, fetch: Fetch) -> None:
    server.script = [Answer(cut=123_457)]
    assert here(fetch()) == CONTENT
    assert server.asked == [None, "bytes=123457-"]
    assert server.provided == [None, '"first"']


def test_a_weak_etag_makes_no_condition_but_is_compared(server: Server, fetch: Fetch) -> None:
    weak = 'W/"first"'
    server.script = [Answer(cut=350_000, etag=weak), Answer(cut=9, etag=weak), Answer(etag='W/"2"')]
    assert here(fetch()) == CONTENT
    assert server.asked == [None, "bytes=350000-", "bytes=350009-", None]
    assert server.provided == [None] * 4  # RFC 9110: If-Range takes strong validators only


def test_any_number_of_cuts_is_survived_while_bytes_come(server: Server, fetch: Fetch) -> None:
    server.always = Answer(cut=40_000)
    assert here(fetch()) == CONTENT
    assert len(server.asked) > 3 * ATTEMPTS
    assert server.asked[1:3] == ["bytes=40000-", "bytes=80000-"]


def test_a_stalled_connection_is_resumed(server: Server, fetch: Fetch) -> None:
    server.script = [Answer(cut=200_000, stall=True), Answer(cut=0, stall=True)]
    assert here(fetch(timeout=0.2)) == CONTENT
    assert server.asked == [None, "bytes=200000-", "bytes=200000-"]


def test_a_busy_server_is_asked_again(server: Server, fetch: Fetch) -> None:
    server.script = [Answer(status=503), Answer(cut=1000), Answer(status=503)]
    assert here(fetch()) == CONTENT


def test_it_gives_up_when_nothing_more_comes(server: Server, fetch: Fetch, folder: Path) -> None:
    server.script = [Answer(cut=350_000)]
    server.always = Answer(cut=0)
    message = refused(fetch)
    assert len(server.asked) == ATTEMPTS  # the cut itself is the first
    assert message == (
        f"{server.url}: got 350,000 bytes of {len(SMALL):,}, then almost nothing in "
        f"{ATTEMPTS} attempts (the connection was cut).\n"
        f"Try again later: complete files are kept. Or download {server.url} yourself, "
        "unpack it, and pass its folder with --data-dir."
    )
    assert set(here(folder)) == {"train_X.bin", "train_y.bin"}


def test_a_server_that_is_not_there_is_named(fetch: Fetch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # bound but not listening
        url = f"http://127.0.0.1:{free.getsockname()[1]}/x.tar.gz"
        message = refused(fetch, url=url)
    assert message.startswith(f"{url}: got 0 bytes of unknown")
    assert "refused" in message


# ---- a server that can't go on --------------------------------------------------------------

CUT = Answer(cut=350_000)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(ranges=False),
        Answer(moved=1),
        Answer(moved=-350_000 + 1),
        Answer(etag='"second"'),
        Answer(content=SMALL + b"more"),
        Answer(status=416),
    ],
    ids=["200 to a range", "one byte off", "from the front", "other ETag", "other size", "416"],
)
def test_the_archive_is_begun_again_where_going_on_would_mix_two(
    server: Server, fetch: Fetch, folder: Path, answer: Answer
) -> None:
    server.script = [CUT, answer]
    assert here(fetch()) == CONTENT
    assert server.asked == [None, "bytes=350000-", None]


def test_a_file_that_was_complete_is_not_written_again_from_the_second_beginning(
    server: Server, fetch: Fetch, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []
    replace = os.replace

    def watched(part: Path, target: Path) -> None:
        written.append(target.name)
        replace(part, target)

    monkeypatch.setattr("os.replace", watched)
    server.script = [CUT, Answer(ranges=False)]
    fetch()
    assert sorted(name for name in written if name in CONTENT) == sorted(CONTENT)


def test_beginning_again_has_an_end(server: Server, fetch: Fetch) -> None:
    server.always = Answer(cut=100_000, ranges=False)
    message = refused(fetch)
    assert f"got 200. Gave up after {BEGINNINGS} starts." in message
    assert server.asked == [None, "bytes=100000-"] * BEGINNINGS


# ---- a server that lies ---------------------------------------------------------------------


def test_a_refusal_is_final(server: Server, fetch: Fetch) -> None:
    server.always = Answer(status=404)
    assert f"{server.url}: the server answered 404 Not Found." in refused(fetch)
    assert len(server.asked) == 1


def test_a_redirect_on_the_web_is_followed(server: Server, fetch: Fetch) -> None:
    server.script = [Answer(status=302, location=f"{server.url}?elsewhere")]
    assert here(fetch()) == CONTENT


@pytest.mark.parametrize("scheme", ["file", "ftp"])
def test_a_redirect_out_of_the_web_is_refused(
    server: Server, fetch: Fetch, tmp_path: Path, scheme: str
) -> None:
    (tmp_path / "mine.tar.gz").write_bytes(SMALL)
    server.always = Answer(status=302, location=f"{scheme}://{tmp_path}/mine.tar.gz")
    assert f"{scheme}://" in refused(fetch)
    assert len(server.asked) == 1


def test_an_address_out_of_the_web_is_refused(fetch: Fetch, tmp_path: Path) -> None:
    (tmp_path / "mine.tar.gz").write_bytes(SMALL)
    url = (tmp_path / "mine.tar.gz").as_uri()
    assert f"expected an http or https address, got {url!r}" in refused(fetch, url=url)


def test_wrong_bytes_are_named_and_not_kept(server: Server, fetch: Fetch, folder: Path) -> None:
    wrong = noise(400_000, 9)
    server.content = packed([*LABELLED[:2], ("stl10_binary/test_X.bin", wrong), LABELLED[3]])
    assert (
        f"stl10_binary/test_X.bin in the archive: expected MD5 {FILES[2].md5}, "
        f"got {hashlib.md5(wrong).hexdigest()}."
    ) in refused(fetch)
    assert set(here(folder)) == {"train_X.bin", "train_y.bin"}


def test_a_wrong_size_is_named_before_anything_is_written(
    server: Server, fetch: Fetch, folder: Path
) -> None:
    server.content = packed([("stl10_binary/train_X.bin", b"short")])
    message = refused(fetch)
    assert "stl10_binary/train_X.bin in the archive: expected 300,000 bytes, got 5." in message
    assert here(folder) == {}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (SMALL[:200_000], "ended before the end-of-stream marker"),
        (b"<html>Welcome to our hotel's network</html>" * 100, "Not a gzipped file"),
        (gzip.compress(noise(50_000, 6)), "invalid header"),
        (SMALL[:100_000] + noise(100_000, 7) + SMALL[200_000:], " bytes and then: "),
        (b"", "empty"),
    ],
    ids=["an archive cut short", "no gzip", "no tar", "damaged on the way", "nothing"],
)
def test_what_is_no_whole_archive_is_refused(
    server: Server, fetch: Fetch, folder: Path, content: bytes, reason: str
) -> None:
    server.content = content
    message = refused(fetch)
    assert "expected a complete .tar.gz archive" in message
    assert reason in message
    assert here(folder) == {}


def test_files_that_the_archive_lacks_are_named(server: Server, fetch: Fetch) -> None:
    server.content = packed(LABELLED[:1] + LABELLED[2:3])
    assert f"{server.url}: the archive ended without test_y.bin, train_y.bin." in refused(fetch)


def test_nothing_is_ever_written_elsewhere(server: Server, fetch: Fetch, tmp_path: Path) -> None:
    evil = b"evil"
    server.content = packed(
        [
            ("../outside.bin", evil),
            (f"{tmp_path}/absolute.bin", evil),
            ("stl10_binary/../../train_X.bin", evil),
            ("stl10_binary/sub/train_X.bin", evil),
            ("train_X.bin", evil),
            (member("stl10_binary/link", kind=tarfile.SYMTYPE, link=str(tmp_path)), b""),
            ("stl10_binary/link/through.bin", evil),
            *LABELLED[:2],
            (LABELLED[0][0], noise(300_000, 8)),  # a second one of the same name
            *LABELLED[2:],
        ]
    )
    assert here(fetch()) == CONTENT
    result = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")}
    assert result == {"data", "data/stl10_binary"} | {f"data/stl10_binary/{n}" for n in CONTENT}


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_a_link_in_a_files_place_is_refused(
    server: Server, fetch: Fetch, folder: Path, kind: bytes
) -> None:
    link = member("stl10_binary/train_X.bin", size=300_000, kind=kind, link="/etc/x")
    server.content = packed([(link, CONTENT["train_X.bin"])])
    assert "expected 300,000 bytes, got no regular file" in refused(fetch)
    assert here(folder) == {}


def test_a_place_that_cannot_be_written_is_named(
    fetch: Fetch, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "data").write_text("a file, no folder")
    assert refused(fetch) == (
        f"{folder}: can't write the files (Not a directory). "
        "Free some space, or pass another folder with --data-dir."
    )


def test_a_full_disk_leaves_nothing_half_written(
    fetch: Fetch, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(part: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    assert "(No space left on device)" in refused(fetch)
    assert here(folder) == {}
