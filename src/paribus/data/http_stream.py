"""A file on a web server, read once from start to end across broken connections."""

import io
import re
import time
from collections.abc import Callable
from http.client import HTTPException, HTTPMessage, HTTPResponse
from typing import IO, Any, NoReturn
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from paribus.errors import DownloadError

SCHEMES = ("http", "https")
#: Attempts in a row with less than LEAST bytes each before the stream gives up.
ATTEMPTS = 5
#: A connection that sends fewer bytes than this within the timeout has stalled.
LEAST = 1 << 14
#: Status codes worth another attempt: the server is busy.
TRANSIENT = (408, 429, 500, 502, 503, 504)


class NotResumableError(DownloadError):
    """The server can't resume the file: it has changed, or ranges aren't supported."""


class HttpStream(io.RawIOBase):
    """Reads a file once; resumes where a connection breaks or stalls.

    Args:
        url: an http or https address; redirects must lead to http or https too.
        timeout: seconds in which `LEAST` bytes must arrive, or the connection has stalled.
        pause: seconds before the second attempt in a row; doubled before each further one.
        seen: called with the number of bytes read so far.
        largest: the most bytes that the file may have.

    Reading raises DownloadError if attempts bring almost nothing, the file is too large or the
    server refuses, and NotResumableError if the file must be started again.
    """

    def __init__(
        self, url: str, timeout: float, pause: float, seen: Callable[[int], None], largest: int
    ) -> None:
        if urlsplit(url).scheme not in SCHEMES:
            raise DownloadError(f"expected an http or https address, got {url!r}.")
        self.url, self._timeout, self._pause, self._seen = url, timeout, pause, seen
        self._largest = largest
        self.offset = self._begun = 0
        self._fruitless = 0  # attempts in a row
        self._waited, self._waited_from = 0.0, 0  # seconds, and the offset at their start
        self.size: int | None = None
        self._tag: str | None = None
        self._response: HTTPResponse | None = None
        self._opener = build_opener(_WebRedirects)

    def readable(self) -> bool:
        """Always."""
        return True

    def close(self) -> None:
        """Close the connection."""
        self._hang_up()
        super().close()

    # mypy: typeshed's WriteableBuffer is narrower here than what io.BufferedReader passes.
    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill the front of `buffer`; 0 bytes mean the end of the file."""
        while True:
            if self._response is None and self._fruitless:
                time.sleep(self._pause * 2 ** (self._fruitless - 1))
            began = self._begun if self._response is not None else self.offset
            try:
                return self._receive(buffer)
            except (OSError, HTTPException) as error:
                self._hang_up()
                self._fruitless = 1 if self.offset - began >= LEAST else self._fruitless + 1
                if self._fruitless >= ATTEMPTS:
                    self._give_up(error)

    def _give_up(self, error: Exception) -> NoReturn:
        reason = str(getattr(error, "reason", "")) or str(error) or type(error).__name__
        size = "unknown" if self.size is None else f"{self.size:,}"
        raise DownloadError(
            f"{self.url}: got {self.offset:,} bytes of {size}, then almost nothing in "
            f"{ATTEMPTS} attempts ({reason})."
        ) from None

    def _receive(self, buffer: memoryview) -> int:
        if self._response is None:
            self._response, self._begun = self._connect(), self.offset
            self._waited, self._waited_from = 0.0, self.offset
        room = len(buffer) if self.size is None else min(len(buffer), self.size - self.offset)
        # read1 returns what has arrived, so that a broken connection loses nothing.
        started = time.monotonic()
        block = self._response.read1(room) if room else b""
        self._require_flow(time.monotonic() - started, len(block))
        if room and not block and self.size is not None:
            raise ConnectionError("the connection was cut")
        buffer[: len(block)] = block
        self.offset += len(block)
        if self.offset > self._largest:
            self._too_large(self.offset)
        self._seen(self.offset)
        return len(block)

    def _require_flow(self, waited: float, size: int) -> None:
        """Raise if too little arrives; only time spent waiting counts, not the reader's work."""
        self._waited += waited
        if self._waited > self._timeout:
            if self.offset + size - self._waited_from < LEAST:
                raise TimeoutError(f"got less than {LEAST:,} bytes in {self._waited:.1f} s")
            self._waited, self._waited_from = 0.0, self.offset + size

    def _too_large(self, size: int) -> NoReturn:
        raise DownloadError(f"{self.url}: expected at most {self._largest:,} bytes, got {size:,}.")

    def _connect(self) -> HTTPResponse:
        request = Request(self.url, headers={"User-Agent": "paribus"})
        if self.offset:
            request.add_header("Range", f"bytes={self.offset}-")
            if self._tag and not self._tag.startswith("W/"):
                request.add_header("If-Range", self._tag)
        try:
            response: HTTPResponse = self._opener.open(request, timeout=self._timeout)
        except HTTPError as error:
            self._refused(error)
        try:
            if self.offset:
                self._require_same(response)
            else:
                self._begin(response)
        except BaseException:
            response.close()
            raise
        return response

    def _begin(self, response: HTTPResponse) -> None:
        length = response.headers.get("Content-Length", "")
        # Cut: Python doesn't convert numbers of thousands of digits.
        self.size = int(length[:30]) if length.isdecimal() else None
        if self.size is not None and self.size > self._largest:
            self._too_large(self.size)
        self._tag = response.headers.get("ETag")

    def _require_same(self, response: HTTPResponse) -> None:
        """Accept only the next byte of the same file."""
        if response.status != 206:
            raise NotResumableError(
                f"{self.url}: expected status 206 for the bytes from {self.offset:,} on, "
                f"got {response.status}"
            )
        content_range = response.headers.get("Content-Range", "")
        match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", content_range.strip())
        size = self.size if self.size is not None else "*"
        if not match or int(match[1]) != self.offset or match[2] not in ("*", str(size)):
            raise NotResumableError(
                f"{self.url}: expected bytes {self.offset}-/{size}, got {content_range!r}"
            )
        tag = response.headers.get("ETag")
        if tag != self._tag:
            raise NotResumableError(
                f"{self.url}: the file changed on the server (ETag {self._tag}, now {tag})"
            )

    def _refused(self, error: HTTPError) -> NoReturn:
        with error:
            answer = f"the server answered {error.code} {error.reason}"
        if error.code in TRANSIENT:
            raise ConnectionError(answer) from None
        if error.code == 416 and self.offset:
            raise NotResumableError(f"{self.url}: {answer}") from None
        raise DownloadError(f"{self.url}: {answer}.") from None

    def _hang_up(self) -> None:
        response, self._response = self._response, None
        if response is not None:
            response.close()


class _WebRedirects(HTTPRedirectHandler):
    """Follows redirects to http and https only (urllib allows ftp), and closes invalid ones."""

    def http_error_302(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage
    ) -> Any:
        try:
            return super().http_error_302(req, fp, code, msg, headers)
        except ValueError as error:
            text = f"{msg}, a redirect to no address: {error}"
            raise HTTPError(req.full_url, code, text, headers, fp) from None

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        if urlsplit(newurl).scheme not in SCHEMES:
            raise HTTPError(req.full_url, code, f"{msg}, a redirect to {newurl}", headers, fp)
        return super().redirect_request(req, fp, code, msg, headers, newurl)
