"""Documents that are made from the code are as the code makes them now."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from types import ModuleType

import pytest

from paribus.study.read import parse_study

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """docs/generate.py."""
    monkeypatch.syspath_prepend(str(DOCS))
    return importlib.import_module("generate")


def test_the_generated_pages_are_up_to_date(made: ModuleType) -> None:
    for name, page in made.pages().items():
        assert (DOCS / name).read_text("utf-8") == page, f"run `make docs` for {name}"


def test_every_key_of_a_study_says_what_it_means(made: ModuleType) -> None:
    rows = re.findall(r"^\| `.*\|$", made.pages()["study-keys.md"], re.MULTILINE)
    assert len(rows) > 100
    assert [row for row in rows if "` |  |" in row] == []


def test_the_pictures_are_up_to_date_and_their_words_stand_in_the_page(made: ModuleType) -> None:
    page = (DOCS / "statistics-for-students.md").read_text("utf-8")
    for picture in made.pictures.pictures():
        drawn = (DOCS / "pictures" / f"{picture.name}.svg").read_text("utf-8")
        assert picture.is_in(drawn), f"run `make docs` for {picture.name}"
        assert f"pictures/{picture.name}.svg" in page
        assert picture.says in page, f"the words of {picture.name} are now: {picture.says}"


def test_each_verdict_that_is_shown_is_the_verdict_on_what_is_shown(made: ModuleType) -> None:
    said = made.pictures.verdicts().says
    assert re.findall(r"(better|worse|equivalent|undecided) ", said) == [*made.pictures.EXAMPLES]


@pytest.mark.parametrize(
    "page", ["index.md", "tutorials/own-images.md", "tutorials/claim-in-ci.md"]
)
def test_a_study_to_be_copied_from_a_page_can_be_read(page: str) -> None:
    text = (DOCS / page).read_text("utf-8")
    studies = re.findall(r"```yaml\n((?:# study\.yaml\n)?name:.*?)```", text, re.DOTALL)
    assert len(studies) == 1
    assert parse_study(studies[0]).variations
