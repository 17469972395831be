"""A folder of files in the cache that appears whole, is checked, and can be repaired in place."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from paribus.errors import DataError
from paribus.io.disk import write_file

FACTS = "facts.json"


def seal(fresh: Path, facts: Mapping[str, Any], files: Sequence[str]) -> None:
    """Write `facts.json` beside the files, with a SHA-256 of each and of the facts themselves."""
    whole = {**facts, "files": {name: _file_sha256(fresh / name) for name in files}}
    sealed = {"facts": whole, "sha256": _facts_sha256(whole)}
    write_file(fresh / FACTS, json.dumps(sealed, indent=1).encode())


def read_facts(folder: Path) -> dict[str, Any]:
    """The facts, unchecked; raises whatever a missing or damaged file gives."""
    facts: dict[str, Any] = json.loads((folder / FACTS).read_text())["facts"]
    return facts


def require_whole(folder: Path, fingerprint: str, files: Sequence[str]) -> None:
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


def _facts_sha256(facts: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
