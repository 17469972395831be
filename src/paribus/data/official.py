"""STL-10's official labeled files: where they lie and whether they are whole."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from paribus.data.cache import Found, Ledger

#: The official archive's folder.
FOLDER = "stl10_binary"


@dataclass(frozen=True)
class OfficialFile:
    """A file as its publishers made it; `size` in bytes, `md5` in hexadecimal."""

    name: str
    size: int
    md5: str


STL10 = (
    OfficialFile("train_X.bin", 5000 * 3 * 96 * 96, "918c2871b30a85fa023e0c44e0bee87f"),
    OfficialFile("train_y.bin", 5000, "5a34089d4802c674881badbb80307741"),
    OfficialFile("test_X.bin", 8000 * 3 * 96 * 96, "7f263ba9f9e0b06b93213547f721ac82"),
    OfficialFile("test_y.bin", 8000, "36f9794fa4beb8a2c72628de14fa638e"),
)


def official_folder(place: Path, files: tuple[OfficialFile, ...] = STL10) -> Path:
    """`place` itself if one of the files lies there, otherwise its `stl10_binary`."""
    return place if any((place / file.name).is_file() for file in files) else place / FOLDER


def missing(folder: Path, files: tuple[OfficialFile, ...] = STL10) -> list[str]:
    """The names of the files that aren't there."""
    return [file.name for file in files if not (folder / file.name).is_file()]


def faults(
    folder: Path, files: tuple[OfficialFile, ...] = STL10, *, trust_times: bool = True
) -> dict[str, str]:
    """What is wrong with the files, by name; empty if all are there and whole.

    Args:
        trust_times: believe an earlier check of a file whose size and time are unchanged.
    """
    ledger = Ledger(folder, trust_times)
    found = {file.name: _fault(folder / file.name, file, ledger) for file in files}
    ledger.save()
    faulty = {name: fault for name, fault in found.items() if fault}
    # A damaged file may have been put right under its old time: no fault is only remembered.
    return faults(folder, files, trust_times=False) if faulty and trust_times else faulty


def _fault(path: Path, file: OfficialFile, ledger: Ledger) -> str:
    try:
        size = path.stat().st_size
        if size != file.size:
            return f"{size:,} bytes came, {file.size:,} are expected"
        md5 = ledger.ask(path, _md5)["md5"]
    except FileNotFoundError:
        return "it is missing"
    except OSError as error:
        return f"it can't be read ({error.strerror})"
    return "" if md5 == file.md5 else f"its MD5 is {md5}, {file.md5} is expected"


def _md5(path: Path) -> Found:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False))
    return {"md5": digest.hexdigest()}
