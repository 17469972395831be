"""A server that lies, drips or never ends: the right bytes, or a clear error, and an end."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from data.test_download import (
    CONTENT,
    LABELLED,
    SMALL,
    Answer,
    Fetch,
    Server,
    fetch,
    folder,
    here,
    packed,
    refused,
    server,
)
from effort import telling
from paribus.data import download
from paribus.data.http_stream import ATTEMPTS, LEAST

__all__ = ["fetch", "folder", "server"]  # fixtures

CUT = Answer(cut=350_000)
KEEP = len(SMALL)


# ---- the right bytes ------------------------------------------------------------------------

#: What the server answers first; then it behaves.
SURVIVED: dict[str, list[Answer]] = {
    "a cut": [CUT],
    "a cut after one byte": [Answer(cut=1)],
    "a cut before the last byte": [Answer(cut=KEEP - 1)],
    "a stall": [Answer(cut=200_000, stall=True)],
    "a stall before anything": [Answer(cut=0, stall=True)],
    "a drip for a while": [Answer(pace=0.05)],
    "busy": [Answer(status=503), Answer(status=429)],
    "busy after a cut": [CUT, Answer(status=500)],
    "a range one byte late": [CUT, Answer(moved=1)],
    "a range from the front": [CUT, Answer(moved=-350_000 + 1)],
    "the whole for a range": [CUT, Answer(ranges=False)],
    "another ETag": [CUT, Answer(etag='"second"')],
    "another size": [CUT, Answer(content=SMALL + b"more")],
    "no such range": [CUT, Answer(status=416)],
    "a length too long": [Answer(length=str(KEEP + 1))],
    "no length": [Answer(sized=False)],
    "a length that is no number": [Answer(length="many")],
    "a negative length": [Answer(length="-1")],
}


@pytest.mark.parametrize(
    "name",
    telling(
        SURVIVED,
        "a cut",
        "a stall",
        "busy",
        "a range one byte late",
        "the whole for a range",
        "another ETag",
        "a length too long",
        "no length",
    ),
)
def test_the_right_bytes_come_in_the_end(name: str, server: Server, fetch: Fetch) -> None:
    server.script = list(SURVIVED[name])
    assert here(fetch(timeout=0.3)) == CONTENT


# ---- a clear error --------------------------------------------------------------------------

#: What the server answers always, and what is said of it.
REFUSED: dict[str, tuple[Answer, str]] = {
    "a byte a connection": (Answer(cut=1), "then almost nothing"),
    "a little a connection": (Answer(cut=LEAST - 1), "then almost nothing"),
    "a byte and a stall": (Answer(cut=1, stall=True), "attempts (timed out)"),
    "a drip": (Answer(pace=0.02), f"got less than {LEAST:,} bytes in 0."),
    "a drip without length": (Answer(pace=0.02, sized=False), "Gave up after 3 starts"),
    "a length too short": (Answer(length="400000"), "got 400,000 bytes and then: "),
    "no bytes": (Answer(length="0"), "got 0 bytes and then: "),
    "a length of a terabyte": (Answer(length=str(1 << 40)), "got 1,099,511,627,776"),
    "a length of many digits": (Answer(length="9" * 5000), "expected at most"),
    "not found": (Answer(status=404), "404 Not Found"),
    "a redirect to a file": (Answer(status=302, location="file:///etc/passwd"), "file:///etc"),
    "a redirect to data": (Answer(status=302, location="data:,x"), "data:,x"),
    "a redirect to itself": (Answer(status=302, location="/stl10_binary.tar.gz"), "infinite loop"),
    "a redirect to nowhere": (Answer(status=302, location="http://[/"), "to no address"),
    "a redirect without an address": (Answer(status=302), "302"),
    "wrong bytes": (Answer(content=packed([(LABELLED[0][0], bytes(300_000))])), "MD5"),
    "a page": (Answer(content=b"<html>Log in</html>" * 99), "Not a gzipped file"),
}


def test_there_are_twenty_five_of_them() -> None:
    assert len(SURVIVED) + len(REFUSED) >= 25


@pytest.mark.parametrize(
    "name",
    telling(
        REFUSED,
        "a byte a connection",
        "a drip without length",
        "a length of a terabyte",
        "not found",
        "a redirect to a file",
        "wrong bytes",
    ),
)
def test_it_ends_with_a_clear_error_and_nothing_wrong_is_kept(
    name: str, server: Server, fetch: Fetch, folder: Path
) -> None:
    server.always, reason = REFUSED[name]
    began = time.monotonic()
    message = refused(fetch, timeout=0.2)
    assert reason in message
    assert "Try again later" in message
    assert len(server.asked) <= max(ATTEMPTS, 11)  # urllib itself ends a chain of redirects
    assert time.monotonic() - began < 30
    assert here(folder).items() <= CONTENT.items()


def test_a_server_that_drips_for_ever_is_given_up_after_bounded_attempts(
    server: Server, fetch: Fetch
) -> None:
    server.always = Answer(pace=0.01)
    assert "then almost nothing" in refused(fetch, timeout=0.1)
    assert len(server.asked) == ATTEMPTS
    assert server.sent < LEAST


def test_a_file_without_end_is_left(
    server: Server, fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "LARGEST", 200_000)
    server.always = Answer(sized=False)
    assert "expected at most 200,000 bytes" in refused(fetch)
    assert len(server.asked) == 1


def test_a_slow_reader_is_not_taken_for_a_slow_server(server: Server, fetch: Fetch) -> None:
    assert here(fetch(timeout=0.2, progress=lambda *_: time.sleep(0.03))) == CONTENT
    assert len(server.asked) == 1
