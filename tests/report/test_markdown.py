"""Markdown shows every name as it is, and its links lead somewhere."""

from __future__ import annotations

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from paribus.names import in_print, safe_class
from paribus.report.markdown import escape
from report.reports import HOSTILE, Written, hostile, ordinary

COMMONMARK = MarkdownIt("gfm-like", {"linkify": False, "html": True})


def shown(markdown: str) -> str:
    """The text a reader sees of one line; a tag that Markdown made counts as damage."""
    html: str = COMMONMARK.renderInline(markdown)
    assert "<" not in html
    return unescape(html)


@pytest.fixture(scope="module")
def written() -> Written:
    return ordinary()


@pytest.fixture(scope="module")
def names() -> Written:
    return hostile()


@given(
    st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_categories=["Cc", "Cf"]))
)
def test_any_word_is_shown_as_it_is(text: str) -> None:
    assert shown(escape(text)) == text


@pytest.mark.parametrize("text", ["- item", "+ item", "1. item", "---", "===", "# head", "> quote"])
def test_a_line_does_not_become_a_list_a_rule_or_a_heading(text: str) -> None:
    assert COMMONMARK.render(escape(text)).startswith("<p>")


def test_every_hostile_name_is_shown_in_full_and_nothing_of_it_runs(names: Written) -> None:
    html = COMMONMARK.render(names.text("report.md"))
    assert "<script" not in html and "<img src=x" not in html
    for text in HOSTILE:
        expected = in_print(safe_class(text)).replace("&", "&amp;").replace("<", "&lt;")
        assert expected.replace(">", "&gt;").replace('"', "&quot;") in html


def test_tables_keep_their_columns_whatever_a_name_holds(names: Written) -> None:
    html = COMMONMARK.render(names.text("report.md"))
    tables = re.findall(r"<table>(.*?)</table>", html, re.DOTALL)
    assert len(tables) >= 8
    for table in tables:
        widths = {
            len(re.findall(r"<t[hd]", row)) for row in re.findall(r"<tr>.*?</tr>", table, re.S)
        }
        assert len(widths) == 1


def test_every_figure_and_image_it_links_is_there(written: Written) -> None:
    links = re.findall(r"\]\(((?:figures|images)/[^)]+)\)", written.text("report.md"))
    assert {link.split("/")[0] for link in links} == {"figures", "images"}
    assert [link for link in links if not (written.out / link).is_file()] == []
