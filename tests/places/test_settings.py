"""`paribus.toml`: where runs are made, and what is wrong with what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from paribus.places.settings import (
    PlaceSettings,
    PlaceSettingsError,
    SlurmSettings,
    read_settings,
)


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's config folder; the current folder is another."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    own = tmp_path / "config" / "paribus"
    own.mkdir(parents=True)
    return own


def test_without_a_file_nothing_is_asked_for() -> None:
    assert read_settings() == PlaceSettings()


def test_the_current_folder_comes_before_the_users_own(own: Path) -> None:
    (own / "paribus.toml").write_text('on = "slurm"\n[slurm]\npartition = "long"\n')
    assert read_settings().slurm.partition == "long"
    Path("paribus.toml").write_text('[slurm]\ntime = 90\nmemory = "4G"\nruns_per_job = 20\n')
    settings = read_settings()
    assert settings.on is None
    assert settings.slurm == SlurmSettings(time=90, memory="4G", runs_per_job=20)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "[slurm]\npartitio = 'a'",
            "slurm.partitio: unknown key 'partitio'; did you mean 'partiti",
        ),
        ("onn = 'slurm'", "onn: unknown key 'onn'; did you mean 'on'?"),
        ("on = 'slurn'", "on: expected 'local', 'slurm' or 'ray', got 'slurn'"),
        ("[slurm]\ncpus = 'two'", "slurm.cpus: expected an integer, got 'two'"),
        ("[slurm]\nat_once = 0", "slurm.at_once: expected a number greater than 0, got 0"),
        ("[slurm]\nsetup = 'module load x'", "slurm.setup: expected a list, got 'module load x'"),
        ("[slurm]\naccount = '--wrap=x'", "slurm.account: expected a word that"),
        ('[slurm]\naccount = "a\\nb"', "slurm.account: expected"),
        ("[slurm", "not TOML: "),
        ("\x1b[31m = 1", r"not TOML: "),
        ("a = " + 5000 * "[", "not TOML: "),
    ],
)
def test_what_is_wrong_is_named_with_the_file(text: str, words: str) -> None:
    Path("paribus.toml").write_text(text)
    with pytest.raises(PlaceSettingsError) as caught:
        read_settings()
    message = str(caught.value)
    assert message.startswith("paribus.toml: ")
    assert words in message
    assert message.isprintable()


def test_lines_of_shell_beside_a_study_need_leave(own: Path) -> None:
    lines = "[slurm]\nsetup = ['module load cuda']\n"
    (own / "paribus.toml").write_text(lines)
    assert read_settings().slurm.setup == ("module load cuda",)
    Path("paribus.toml").write_text(lines)
    with pytest.raises(PlaceSettingsError, match="lines of shell in a file of the current folder"):
        read_settings()
    assert read_settings(code=True).slurm.setup == ("module load cuda",)
