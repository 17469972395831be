"""Drawings are small, the same every time, and fit into a page without meeting each other."""

from __future__ import annotations

import re
from functools import cache
from typing import Any
from xml.etree import ElementTree as ET

from paribus.report.charts import COLORS, svg
from paribus.report.charts.drawing import artist

PAYLOAD = '<script>alert(1)</script> d="0.123456" & \''


def specification(label: str = "a") -> dict[str, Any]:
    return {
        "data": {"values": [{"x": 1 / 3, "y": label}, {"x": 2 / 3, "y": "b"}]},
        "mark": {"type": "line", "clip": True, "color": COLORS["blue"]},
        "encoding": {
            "x": {"field": "x", "type": "quantitative"},
            "y": {"field": "y", "type": "nominal"},
        },
        "config": {"background": COLORS["paper"], "axis": {"labelLimit": 0}},
    }


@cache
def drawn(label: str = "a") -> svg.Svg:
    with artist() as draw:
        return draw({"one": lambda: specification(label)})["one"]


def test_the_same_chart_drawn_twice_is_the_same_text() -> None:
    with artist() as draw:
        drawings = draw({"one": specification, "two": specification})
    first, second = (svg.standalone(drawing, "x") for drawing in drawings.values())
    assert first == second
    assert 'id="c0"' in first


def test_no_coordinate_has_more_than_two_decimals() -> None:
    text = svg.standalone(drawn(), "x")
    for geometry in re.findall(r' (?:d|transform|x2?|y2?|width)="([^"]*)"', text):
        assert not re.search(r"\.\d{3,}", geometry)


def test_an_inlined_chart_takes_the_pages_colors_and_width() -> None:
    text = svg.inlined(drawn(), "here", "what it shows")
    root = ET.fromstring(text)
    assert "var(--blue)" in text and COLORS["blue"] not in text
    assert root.get("aria-label") == "what it shows" and root.get("role") == "img"
    assert "width" not in root.attrib and "viewBox" in root.attrib


def test_a_chart_in_a_file_keeps_its_colors_and_says_what_it_shows() -> None:
    text = svg.standalone(drawn(), 'a "description"')
    assert COLORS["blue"] in text and "var(" not in text
    assert ET.fromstring(text).get("aria-label") == 'a "description"'


def test_ids_of_two_charts_of_a_page_differ_and_every_reference_is_met() -> None:
    texts = [svg.inlined(drawn(), prefix, "x") for prefix in ("one", "two")]
    ids = [set(re.findall(r'id="([^"]+)"', text)) for text in texts]
    assert ids[0] and not ids[0] & ids[1]
    for text, declared in zip(texts, ids, strict=True):
        assert set(re.findall(r"url\(#([^)]+)\)", text)) <= declared


def test_text_in_a_chart_is_text_whatever_it_says() -> None:
    text = svg.standalone(drawn(PAYLOAD), PAYLOAD)
    root = ET.fromstring(text)
    assert PAYLOAD in [element.text for element in root.iter(f"{{{svg.NAMESPACE}}}text")]
    assert not list(root.iter(f"{{{svg.NAMESPACE}}}script"))
