"""The page is one file that may load nothing and run nothing."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256

import pytest

from paribus.report.page import page
from paribus.report.sections import sections
from paribus.report.sections.answer import lead
from report.explored import explored
from report.reports import Written, ordinary, results_of
from synthetic import make_records, make_study


@pytest.fixture(scope="module")
def written() -> Written:
    return ordinary()


def test_the_policy_allows_images_in_the_file_and_its_own_styles_alone(written: Written) -> None:
    (policy,) = re.findall(
        r'Content-Security-Policy" content="([^"]*)"', written.text("report.html")
    )
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'unsafe-inline'")


@pytest.mark.parametrize(
    "make",
    [lambda: ordinary().text("report.html"), lambda: explored().html],
    ids=["all", "explorer"],
)
def test_the_policy_allows_the_pages_own_script_to_the_letter_and_no_other(
    make: Callable[[], str],
) -> None:
    html = make()
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', html)
    scripts = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    digests = [b64encode(sha256(script.encode()).digest()).decode() for script in scripts]
    assert re.findall(r"'sha256-([^']*)'", policy) == digests
    data = '<script type="application/json" id="explorer-data">'
    assert set(re.findall(r"<script[^>]*>", html)) <= {"<script>", data}
    assert not re.search(r"<[^>]*\son[a-z]+=", re.sub(r"<script.*?</script>", "", html, flags=re.S))


def test_no_address_is_in_it_but_anchors_and_images(written: Written) -> None:
    links = re.findall(r'(?:href|src)="([^"]*)"', written.text("report.html"))
    assert {link[:5] for link in links if not link.startswith("#")} == {"data:"}


def test_ids_are_unique(written: Written) -> None:
    ids = re.findall(r'\bid="([^"]*)"', written.text("report.html"))
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("classes", [2, 13, 40])
def test_any_number_of_classes_has_a_page(classes: int) -> None:
    study = make_study(seeds=1, epochs=2, settings=["main"])
    records = make_records(study, classes=[f"class {n}" for n in range(classes)], images=120)
    results = results_of(study, records)
    html = page(study.name, lead(results), sections(results), None, {})
    # Of many classes a drawing, and else a table, where it is too narrow for it a list.
    assert ('class="confusion"' in html) == (classes <= 30)
    assert ('id="figure-confusion-main"' in html) == (classes > 30)
    assert "most common confusions" in html
