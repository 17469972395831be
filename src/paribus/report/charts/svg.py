"""Charts as SVG: what vl-convert drew, made small, and fitted into a page or a file."""

import re
from collections.abc import Callable
from copy import deepcopy
from xml.etree import ElementTree as ET

from paribus.names import printable
from paribus.report.charts import COLORS

NAMESPACE = "http://www.w3.org/2000/svg"
ET.register_namespace("", NAMESPACE)

_LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}(?:e-?\d+)?")
#: Attributes that only serve Vega's own scripts.
_NOTES = ("class", "role", "pointer-events")
_GEOMETRY = ("d", "transform", "x", "y", "x1", "y1", "x2", "y2", "width", "height", "points")
_NAMES = {color: f"var(--{name})" for name, color in COLORS.items()} | {"white": "var(--paper)"}

Svg = ET.Element


def tidied(text: str) -> Svg:
    """A drawing as small as it can be, the same every time."""
    svg = ET.fromstring(text)
    # Vega counts ids on from chart to chart, so equal charts would differ.
    ids = [element.attrib["id"] for element in svg.iter() if "id" in element.attrib]
    _rename_ids(svg, {old: f"c{number}" for number, old in enumerate(ids)}.__getitem__)
    for element in svg.iter():
        _tidy(element)
    _drop_empty(svg)
    return svg


def standalone(svg: Svg, description: str) -> str:
    """A chart as a file of its own, with what it shows in words."""
    return ET.tostring(_described(svg, description), encoding="unicode") + "\n"


def inlined(svg: Svg, prefix: str, description: str) -> str:
    """A chart for the page: as wide as its place, in the page's colors.

    `prefix` keeps its ids apart from those of the page's other charts.
    """
    svg = _described(svg, description)
    for size in ("width", "height"):
        svg.attrib.pop(size, None)
    for element in svg.iter():
        for name in ("fill", "stroke", "stop-color"):
            if element.attrib.get(name) in _NAMES:
                element.set(name, _NAMES[element.attrib[name]])
    _rename_ids(svg, lambda old: f"{prefix}-{old}")
    return ET.tostring(svg, encoding="unicode")


def _described(svg: Svg, description: str) -> Svg:
    svg = deepcopy(svg)
    svg.set("role", "img")
    svg.set("aria-label", printable(description))
    return svg


def _tidy(element: Svg) -> None:
    """Two decimals of a pixel, and none of Vega's notes to screen readers, mark by mark."""
    for name in [n for n in element.attrib if n.startswith("aria-") or n in _NOTES]:
        del element.attrib[name]
    if element.attrib.get("opacity") == "1":
        del element.attrib["opacity"]
    for name in _GEOMETRY:
        if name in element.attrib:
            element.set(name, _LONG_NUMBER.sub(_two_decimals, element.attrib[name]))


def _two_decimals(number: re.Match[str]) -> str:
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")


def _rename_ids(svg: Svg, renamed: Callable[[str], str]) -> None:
    """Rename every id, where it is given and where it is referred to."""
    for element in svg.iter():
        for name, value in element.attrib.items():
            if name == "id":
                element.set(name, renamed(value))
            elif match := re.fullmatch(r"url\(#(.+)\)", value):
                element.set(name, f"url(#{renamed(match[1])})")


def _drop_empty(element: Svg) -> None:
    """Leave out groups and paths in which nothing is drawn."""
    for child in list(element):
        _drop_empty(child)
        tag = child.tag.removeprefix(f"{{{NAMESPACE}}}")
        hidden = child.attrib.get("display") == "none" or child.attrib.get("d") == "M0,0h0v0h0Z"
        if hidden or (tag == "g" and not len(child)):
            element.remove(child)
