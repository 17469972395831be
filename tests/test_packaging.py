"""What pyproject.toml and CITATION.cff say: extras that exist, versions that agree."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from ruamel.yaml import YAML

import paribus

REPOSITORY = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
PROJECT = PYPROJECT["project"]
EXTRAS = PROJECT["optional-dependencies"]

#: Keys that every citation has, by the Citation File Format 1.2.0, and some that it may have.
REQUIRED = {"cff-version", "message", "title", "authors"}
ALLOWED = REQUIRED | {"type", "abstract", "version", "license", "keywords"}


def pages() -> Iterator[Path]:
    """All files with words for users: modules, pages, examples, the README."""
    yield from (REPOSITORY / "src").rglob("*.py")
    yield from (path for path in REPOSITORY.rglob("docs/**/*.md") if ".venv" not in path.parts)
    yield from (REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md")


def named_in(text: str) -> set[str]:
    """The extras in `pip install 'paribus[ray,digits]'` and `pip install '.[timm]'`."""
    found = re.findall(r"(?:paribus|['\" ]\.)\[([a-z, ]+)\]", text)
    return {extra.strip() for extras in found for extra in extras.split(",")}


def test_extras_are_found_in_a_message() -> None:
    text = "pip install 'paribus[ray,digits]==0.1.0' or pip install '.[timm]'; paribus[NAME] a[b]"
    assert named_in(text) == {"ray", "digits", "timm"}


def test_every_extra_that_a_message_or_a_page_names_exists() -> None:
    named = {extra: path for path in pages() for extra in named_in(path.read_text())}
    assert {"digits", "timm", "ray", "parquet", "trackers"} <= named.keys()
    assert not {extra: path for extra, path in named.items() if extra not in EXTRAS}


def test_one_table_says_what_each_extra_brings() -> None:
    page = (REPOSITORY / "docs" / "install.md").read_text()
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == EXTRAS.keys()


def test_the_citation_is_of_this_version_and_names_nobody() -> None:
    citation = YAML(typ="safe").load((REPOSITORY / "CITATION.cff").read_text())
    assert REQUIRED <= citation.keys() <= ALLOWED
    assert citation["cff-version"] == "1.2.0"
    assert citation["version"] == PROJECT["version"] == paribus.__version__
    assert citation["license"] == PROJECT["license"]
    assert citation["authors"] == PROJECT["authors"] == [{"name": "The Paribus developers"}]


def test_wheels_are_tried_in_every_python_that_is_promised() -> None:
    prefix = "Programming Language :: Python :: 3."
    minors = [one.removeprefix(prefix) for one in PROJECT["classifiers"] if one.startswith(prefix)]
    assert PYPROJECT["tool"]["cibuildwheel"]["build"] == [f"cp3{minor}-*" for minor in minors]
    assert PROJECT["requires-python"] == f">=3.{minors[0]}"
