"""A folder of files in the cache that appears whole, is checked, and can be repaired in place."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from paribus.errors import DataError

FACTS = "facts.json"


def seal(fresh: Path, facts: Mapping[str, Any], files: Sequence[str]) -> None:
    """Write `facts.json` beside the files, with a SHA-256 of each and of the facts themselves."""
    whole = {**facts, "files": {name: _file_sha256(fresh / name) for name in files}}
    sealed = {"facts": whole, "sha256": _facts_sha256(whole)}
    (fresh / FACTS).write_text(json.dumps(sealed, indent=1))


def read_facts(folder: Path) -> dict[str, Any]:
    """The facts, unchecked; raises whatever a missing or damaged file gives."""
    facts: dict[str, Any] = json.loads((folder / FACTS).read_text())["facts"]
    return facts


def demand_whole(folder: Path, fingerprint: str, files: Sequence[str]) -> None:
    """Compare every file with its checksum.

    Raises:
        DataError: if the folder isn't there, is damaged, or has another fingerprint.
    """
    try:
        sealed = json.loads((folder / FACTS).read_text())
        facts = sealed["facts"]
        good = (
            sealed["sha256"] == _facts_sha256(facts)
            and facts["fingerprint"] == fingerprint
            and all(facts["files"][name] == _file_sha256(folder / name) for name in files)
        )
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise DataError(f"{folder}: incomplete ({error})") from None
    if not good:
        raise DataError(f"{folder}: damaged")


def install(fresh: Path, folder: Path) -> None:
    """Put a sealed folder in its place, over another process's or a damaged one.

    The contents must depend on the folder's name alone: where one lies there already, its files
    are replaced one by one, and a reader finds each either right already or right from now on.
    """
    fresh.chmod(0o755)
    files = sorted(fresh.iterdir())
    for file in files:
        _sync(file)
    try:
        fresh.rename(folder)
    except OSError:  # something lies there
        folder.mkdir(exist_ok=True)
        for file in files:
            file.replace(folder / file.name)
    _sync(folder)
    _sync(folder.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _facts_sha256(facts: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
