"""Which place is meant by a name, or by the user's `paribus.toml`."""

from __future__ import annotations

from pathlib import Path

import pytest

from paribus.errors import ChoiceError
from paribus.execution.place import Place
from paribus.execution.workers import Workers
from paribus.places.choose import place_of
from paribus.places.settings import PlaceSettingsError
from paribus.places.slurm import SlurmPlace
from scripts.studies import study_of


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


def place(on: str | None = None) -> Place:
    return place_of(on, Path("out"), study_of(), None)


def test_it_is_this_machine_where_nothing_is_said() -> None:
    assert isinstance(place(), Workers)


def test_it_is_what_the_users_file_says_and_an_option_counts_more() -> None:
    Path("paribus.toml").write_text('on = "slurm"\n[slurm]\npartition = "long"\n')
    chosen = place()
    assert isinstance(chosen, SlurmPlace)
    assert chosen.settings.partition == "long"
    assert isinstance(place("local"), Workers)


def test_a_file_that_is_wrong_is_refused_unless_this_machine_is_asked_for() -> None:
    Path("paribus.toml").write_text("[slurm]\npartitoin = 'x'\n")
    with pytest.raises(PlaceSettingsError, match="did you mean 'partition'"):
        place()
    assert isinstance(place("local"), Workers)


@pytest.mark.parametrize("name", ["moon", "slurm://x", "local://x", "", "ray:10001"])
def test_a_place_that_there_is_not_is_refused_with_those_that_there_are(name: str) -> None:
    with pytest.raises(ChoiceError, match=r"expected local, slurm, ray or ray://ADDRESS"):
        place(name)
