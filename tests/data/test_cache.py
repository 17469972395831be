"""The cache's place, and the ledger that spares a second look at unchanged files."""

import os
from pathlib import Path

import platformdirs
import pytest

from paribus.data.cache import Found, Ledger, cache_folder


class Looks:
    """A look at a file that counts how often it was needed."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, path: Path) -> Found:
        self.count += 1
        return {"content": path.read_text()}


@pytest.fixture
def file(tmp_path: Path, own_cache: Path) -> Path:
    path = tmp_path / "images" / "a.png"
    path.parent.mkdir()
    path.write_text("first")
    return path


def test_the_cache_is_the_users_unless_the_environment_names_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARIBUS_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("PARIBUS_CACHE")
    assert cache_folder() == platformdirs.user_cache_path("paribus")


@pytest.mark.parametrize("name", [b"a.png", b"\xff.png"], ids=["text", "no text"])
def test_an_unchanged_file_is_looked_at_once_even_by_a_later_process(
    name: bytes, file: Path
) -> None:
    look, file = Looks(), file.rename(file.parent / os.fsdecode(name))
    for _ in range(2):
        ledger = Ledger(file.parent)
        assert ledger.ask(file, look) == {"content": "first"}
        ledger.save()
    assert look.count == 1


def test_a_file_of_another_size_or_time_is_looked_at_again(file: Path) -> None:
    ledger, look = Ledger(file.parent), Looks()
    ledger.ask(file, look)
    file.write_text("longer than before")
    assert ledger.ask(file, look) == {"content": "longer than before"}
    facts = file.stat()
    file.write_text("as long and other!")
    os.utime(file, ns=(facts.st_atime_ns, facts.st_mtime_ns + 1))
    assert ledger.ask(file, look) == {"content": "as long and other!"}
    assert look.count == 3


def test_without_trust_nothing_remembered_counts(file: Path) -> None:
    ledger, look = Ledger(file.parent), Looks()
    ledger.ask(file, look)
    ledger.save()
    Ledger(file.parent, trust=False).ask(file, look)
    assert look.count == 2


def test_damaged_notes_only_cost_another_look(file: Path, own_cache: Path) -> None:
    ledger, look = Ledger(file.parent), Looks()
    ledger.ask(file, look)
    ledger.save()
    (notes,) = (own_cache / "looked-at").iterdir()
    for damage in ("", "{", "[]", '{"a": 1}', '{"a": [1]}'):
        notes.write_text(damage)
        assert Ledger(file.parent).ask(file, look) == {"content": "first"}


def test_a_cache_that_cannot_be_written_only_costs_the_memory(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARIBUS_CACHE", str(file / "below-a-file"))
    ledger = Ledger(file.parent)
    assert ledger.ask(file, Looks()) == {"content": "first"}
    ledger.save()
