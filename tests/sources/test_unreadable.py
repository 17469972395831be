"""What only its own library reads is recognized by name, with what to export."""

from pathlib import Path

import pytest

from paribus.errors import SourceError
from sources.reading import found


@pytest.mark.parametrize(
    ("name", "tool"),
    [
        (".aim/meta/chunks", "Aim"),
        (".cometml-runs", "Comet"),
        (".neptune/offline", "Neptune"),
        (".clearml/cache", "ClearML"),
        (".polyaxon", "Polyaxon"),
    ],
)
def test_a_folder_is_answered_with_what_to_export(name: str, tool: str, tmp_path: Path) -> None:
    (tmp_path / "project" / name).mkdir(parents=True)
    with pytest.raises(SourceError) as caught:
        found(tmp_path)
    assert tool in str(caught.value) and "runs.csv" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "tool"),
    [("e9yetmli2svog1gk44lqvdu79y1legx1.zip", "Comet"), (f"offline-{'0a' * 16}.zip", "ClearML")],
)
def test_an_archive_is_answered_too(name: str, tool: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"PK\x03\x04")
    with pytest.raises(SourceError, match=f"{tool}.*Export a table"):
        found(tmp_path / name)
