"""STL-10's official labeled files: where they are, and whether they are complete."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from paribus.data.cache import Found, Ledger

#: The official archive's folder.
FOLDER = "stl10_binary"


@dataclass(frozen=True)
class OfficialFile:
    """A published file; `size` in bytes, `md5` in hexadecimal."""

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
    """`place` if it holds one of the files, else its `stl10_binary`."""
    return place if any((place / file.name).is_file() for file in files) else place / FOLDER


def missing(folder: Path, files: tuple[OfficialFile, ...] = STL10) -> list[str]:
    """The names of the files that aren't there."""
    return [file.name for file in files if not (folder / file.name).is_file()]


def faults(
    folder: Path, files: tuple[OfficialFile, ...] = STL10, *, trust_times: bool = True
) -> dict[str, str]:
    """What is wrong with the files, by name; empty if all are complete.

    Args:
        trust_times: rely on an earlier check of a file with unchanged size and time.
    """
    ledger = Ledger(folder, trust_times)
    checked = {file.name: _fault(folder / file.name, file, ledger) for file in files}
    ledger.save()
    faulty = {name: fault for name, fault in checked.items() if fault}
    # A damaged file may have been replaced with its time unchanged: never report from notes alone.
    return faults(folder, files, trust_times=False) if faulty and trust_times else faulty


def _fault(path: Path, file: OfficialFile, ledger: Ledger) -> str:
    try:
        size = path.stat().st_size
        if size != file.size:
            return f"expected {file.size:,} bytes, got {size:,}"
        md5 = ledger.ask(path, _md5)["md5"]
    except FileNotFoundError:
        return "it is missing"
    except OSError as error:
        return f"it can't be read ({error.strerror})"
    return "" if md5 == file.md5 else f"expected MD5 {file.md5}, got {md5}"


def _md5(path: Path) -> Found:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False))
    return {"md5": digest.hexdigest()}
