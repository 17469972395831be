"""The colors of the report: one palette for charts on paper and, by name, on a dark screen."""

from __future__ import annotations

from collections.abc import Mapping

#: Name -> color on white. In the page each is a CSS variable that dark mode changes. The hues
#: are Okabe and Ito's (2008), which readers with any color vision can tell apart.
COLORS: Mapping[str, str] = {
    "paper": "#ffffff",
    "ink": "#1b2127",
    "muted": "#59636e",
    "grid": "#e4e8ec",
    "blue": "#0072b2",
    "blue-strong": "#00456b",
    "vermillion": "#d55e00",
    "vermillion-strong": "#8f3d00",
    "green": "#009e73",
    "purple": "#b05a8b",
    "orange": "#c98a00",
    "sky": "#3a9bd1",
}

#: In the order in which settings take them, the baseline first.
SETTING_COLORS = ("ink", "blue", "vermillion", "green", "purple", "orange", "sky")

#: Shapes go with the colors, so that neither has to be told apart alone.
SETTING_SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "stroke")

#: Arial's widths, by which charts are laid out, are those of the others too.
FONT = "Arial, Helvetica, 'Liberation Sans', sans-serif"


def color(name: str) -> str:
    """A color on white."""
    return COLORS[name]
