"""Charts as SVG, and the one palette they share: colors and shapes of settings and verdicts."""

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

#: The same colors on a dark page.
DARK: Mapping[str, str] = {
    "paper": "#12161b",
    "ink": "#e6ebf0",
    "muted": "#a3aeb9",
    "grid": "#2a323a",
    "blue": "#4ea6df",
    "blue-strong": "#c4e6ff",
    "vermillion": "#ee8850",
    "vermillion-strong": "#ffd3b3",
    "green": "#3cc99f",
    "purple": "#dd94bd",
    "orange": "#e2b04a",
    "sky": "#7cc6ee",
}

#: In the order in which settings take them, the baseline first. Each color has its shape, so
#: that no one has to see colors.
SETTING_COLORS = ("ink", "blue", "vermillion", "green", "purple", "orange", "sky")
SETTING_SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "stroke")

#: Verdict -> the color and the shape of its mark, which looks like its sign in the text.
VERDICT_MARKS: Mapping[str, tuple[str, str]] = {
    "better": ("blue", "triangle-up"),
    "worse": ("vermillion", "triangle-down"),
    "higher": ("purple", "diamond"),
    "lower": ("purple", "diamond"),
    "not worse": ("green", "triangle-up"),
    "not better": ("green", "triangle-down"),
    "equivalent": ("green", "square"),
    "undecided": ("muted", "circle"),
}

#: All of them are as wide as Arial, with which charts are laid out.
FONT = "Arial, Helvetica, 'Liberation Sans', sans-serif"
