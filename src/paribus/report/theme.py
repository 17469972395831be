"""The colours of the report: one palette for charts on paper and, by name, on a dark screen."""

from __future__ import annotations

from collections.abc import Mapping

#: Name -> colour on white. In the page each is a CSS variable that dark mode changes. The hues
#: are Okabe and Ito's (2008), which readers with any colour vision can tell apart.
COLOURS: Mapping[str, str] = {
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
SETTING_COLOURS = ("ink", "blue", "vermillion", "green", "purple", "orange", "sky")

#: Shapes go with the colours, so that neither has to be told apart alone.
SETTING_SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "stroke")

#: Arial's widths, by which charts are laid out, are those of the others too.
FONT = "Arial, Helvetica, 'Liberation Sans', sans-serif"


def colour(name: str) -> str:
    """A colour on white."""
    return COLOURS[name]
