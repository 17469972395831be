"""How verdicts look: a sign and a word each, so that color is never all there is."""

from __future__ import annotations

from collections.abc import Mapping

#: Verdict -> sign.
SIGNS: Mapping[str, str] = {
    "better": "▲",
    "worse": "▼",
    "higher": "◆",
    "lower": "◆",
    "equivalent": "■",
    "undecided": "○",
    "not tested": "□",
    "supported": "✓",
    "refuted": "✗",
}

#: Verdict -> the color of a chart's mark, by its name in the theme.
COLOR_NAMES: Mapping[str, str] = {
    "better": "blue",
    "worse": "vermillion",
    "higher": "purple",
    "lower": "purple",
    "equivalent": "green",
    "undecided": "muted",
}

#: Verdict -> the shape of a chart's mark, which looks like its sign.
SHAPES: Mapping[str, str] = {
    "better": "triangle-up",
    "worse": "triangle-down",
    "higher": "diamond",
    "lower": "diamond",
    "equivalent": "square",
    "undecided": "circle",
}


def marked(verdict: str) -> str:
    """A verdict with its sign: "▲ better"."""
    return f"{SIGNS[verdict]} {verdict}"


def tone(verdict: str) -> str:
    """The name by which a verdict is colored in the page."""
    return verdict.replace(" ", "-")
