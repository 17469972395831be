"""Archives that a server may send instead of STL-10's."""

from __future__ import annotations

import gzip
import io
import tarfile
from typing import Any

from data.test_download import CONTENT, LABELLED, member, noise, packed

EVIL = b"evil"
WHOLE: list[tuple[Any, bytes]] = list(LABELLED)
X = "stl10_binary/train_X.bin"
SIZE = len(CONTENT["train_X.bin"])


def pax(headers: dict[str, str], content: bytes = EVIL, name: str = X) -> tuple[Any, bytes]:
    """A member with pax records before it."""
    info = member(name, len(content))
    info.pax_headers = headers
    return info, content


def raw(kind: bytes, size: int, content: bytes, name: str = "x", field: bytes = b"") -> bytes:
    """A header of any kind that says any size, and any content; `field` as the size is written."""
    header = bytearray(tarfile.TarInfo(name).tobuf(tarfile.USTAR_FORMAT))
    header[124:136] = field or b"\x80" + size.to_bytes(11, "big")
    header[156:157] = kind
    header[148:156] = b" " * 8
    header[148:156] = f"{sum(header[:512]):06o}\0 ".encode()
    padding = -len(content) % 512
    return bytes(header) + content + bytes(padding)


def zipped(*parts: bytes, end: bool = True) -> bytes:
    """Parts of a tar, packed."""
    return gzip.compress(b"".join(parts) + bytes(1024 if end else 0), 1)


def plain(members: list[tuple[Any, bytes]]) -> bytes:
    """A tar of members without its end."""
    return gzip.decompress(packed(members)).rstrip(b"\0") + b"\0" * 512


def _endless(block: bytes, megabytes: int) -> bytes:
    """One block again and again, which packs to a thousandth."""
    file = io.BytesIO()
    with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=1) as packer:
        for _ in range(megabytes):
            packer.write(block * ((1 << 20) // len(block)))
    return file.getvalue()


def _chain(kind: bytes, count: int) -> bytes:
    """Long names of long names of ..."""
    return raw(kind, 4, b"abc\0") * count


def _link(kind: bytes, target: str = "") -> bytes:
    """The first file's content under its name, and of another kind."""
    return packed([(member(X, size=SIZE, kind=kind, link=target), CONTENT["train_X.bin"]), *WHOLE])


#: Archives that hold the labeled files besides, so that these are taken and all else is not.
HARMLESS: dict[str, bytes] = {
    "..": packed([("../outside.bin", EVIL), *WHOLE]),
    ".. within": packed([("stl10_binary/../../train_X.bin", EVIL), *WHOLE]),
    ".. many times": packed([("../" * 40 + "tmp/outside.bin", EVIL), *WHOLE]),
    "absolute": packed([("/tmp/paribus-absolute.bin", EVIL), *WHOLE]),
    "absolute and right": packed([("/stl10_binary/train_X.bin", EVIL), *WHOLE]),
    "with backslashes": packed([("stl10_binary\\..\\..\\train_X.bin", EVIL), *WHOLE]),
    "deeper": packed([("stl10_binary/sub/train_X.bin", EVIL), *WHOLE]),
    "beside": packed([("train_X.bin", EVIL), *WHOLE]),
    "an empty name": packed([("", EVIL), *WHOLE]),
    "a name of NUL": packed([("stl10_binary/train_X.bin\0/../../x", noise(SIZE, 1)), *WHOLE]),
    "a name that is no text": packed([("stl10_binary/\udcff\udcfe", EVIL), *WHOLE]),
    "a link and what goes through it": packed(
        [
            (member("stl10_binary/l", kind=tarfile.SYMTYPE, link="/tmp"), b""),
            ("stl10_binary/l/through.bin", EVIL),
            *WHOLE,
        ]
    ),
    "its folder as a link": packed(
        [(member("stl10_binary", kind=tarfile.SYMTYPE, link="/tmp"), b""), *WHOLE]
    ),
    "a device": packed([(member("stl10_binary/zero", kind=tarfile.CHRTYPE), b""), *WHOLE]),
    "a second of one name": packed([*WHOLE[:1], (X, noise(SIZE, 8)), *WHOLE[1:]]),
    "modes that would let anybody in": packed(
        [(member("stl10_binary/suid"), b""), *WHOLE]
    ),
    "pax records of another place": packed(
        [pax({"path": "../../outside.bin"}, noise(SIZE, 1)), *WHOLE]
    ),
    "pax records of an owner": packed([pax({"uid": "0", "uname": "root"}, name="x"), *WHOLE]),
    "global pax records": zipped(
        raw(tarfile.XGLTYPE, 22, b"22 comment=abcdefghij\n"), plain(WHOLE)
    ),
}  # fmt: skip

#: Archives that are refused, and what is said of them.
REFUSED: dict[str, tuple[bytes, str]] = {
    "a symbolic link": (_link(tarfile.SYMTYPE, "/etc/passwd"), "no regular file"),
    "a hard link": (_link(tarfile.LNKTYPE, "/etc/passwd"), "no regular file"),
    "a character device": (_link(tarfile.CHRTYPE), "no regular file"),
    "a block device": (_link(tarfile.BLKTYPE), "no regular file"),
    "a pipe": (_link(tarfile.FIFOTYPE), "no regular file"),
    "a folder": (_link(tarfile.DIRTYPE), "no regular file"),
    "the wrong one first": (packed([(X, noise(SIZE, 8)), *WHOLE]), "MD5"),
    "too short": (packed([(X, EVIL), *WHOLE]), "got 4"),
    "too long": (packed([(X, noise(SIZE + 1, 8)), *WHOLE]), f"got {SIZE + 1:,}"),
    "a size of pax that lies": (packed([pax({"size": str(SIZE)}), *WHOLE]), "got"),
    "a negative size of pax": (packed([pax({"size": "-513"}, name="x"), *WHOLE]), "got"),
    "a size of pax of many digits": (
        packed([pax({"size": "9" * 4000}, name="x"), *WHOLE]),
        "got",
    ),
    "records longer than any": (packed([pax({"a": "9" * 5000}), *WHOLE]), "a header of 5,"),
    "a size that takes years to pass over": (zipped(raw(b"0", 1 << 80, EVIL)), "a member of"),
    "a negative size": (zipped(raw(b"0", 0, EVIL, field=b"\xff" * 12)), "got"),
    "a name of a terabyte": (zipped(raw(tarfile.GNUTYPE_LONGNAME, 1 << 40, EVIL)), "a header of"),
    "a link's name of a terabyte": (
        zipped(raw(tarfile.GNUTYPE_LONGLINK, 1 << 40, EVIL)),
        "a header of",
    ),
    "pax records of a terabyte": (zipped(raw(tarfile.XHDTYPE, 1 << 40, EVIL)), "a header of"),
    "global records of a terabyte": (zipped(raw(tarfile.XGLTYPE, 1 << 40, EVIL)), "a header of"),
    "records that aren't": (zipped(raw(tarfile.XHDTYPE, 12, b"not a record")), "got"),
    "a record of no length": (zipped(raw(tarfile.XHDTYPE, 8, b"0 a=bcd\n"), plain(WHOLE)), "got"),
    "digits without end": (
        zipped(raw(tarfile.XHDTYPE, 4_000, b"1" * 4_000)),
        "complete .tar.gz archive",
    ),
    "long names of long names": (zipped(_chain(tarfile.GNUTYPE_LONGNAME, 3_000)), "got"),
    "records of records": (zipped(_chain(tarfile.XGLTYPE, 3_000)), "got"),
    "a sparse file": (zipped(raw(tarfile.GNUTYPE_SPARSE, 0, b"", X)), "a sparse file"),
    "a sparse file by pax": (
        packed(
            [
                pax(
                    {
                        "GNU.sparse.major": "1",
                        "GNU.sparse.minor": "0",
                        "GNU.sparse.realsize": str(SIZE),
                        "GNU.sparse.name": X,
                    },
                    b"999999999999\n" + b"0\n" * 250,
                )
            ]
        ),
        "a sparse file",
    ),
    "a sparse map by pax": (packed([pax({"GNU.sparse.map": "0,x,1"}, name="x"), *WHOLE]), "got"),
    "more members than memory holds": (
        _endless(bytes(tarfile.TarInfo("x").tobuf(tarfile.USTAR_FORMAT)), 8),
        "more than 1,000 members",
    ),
    "nothing but zeros": (_endless(bytes(512), 64), "ended without"),
    "a pack within a pack": (gzip.compress(packed(WHOLE)), "got"),
    "half an end": (zipped(plain(WHOLE[:2]), end=False), "ended without test_X.bin, test_y.bin"),
}  # fmt: skip
