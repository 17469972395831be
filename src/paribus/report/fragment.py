"""Parts of the report inside another page, a notebook: no script, dark or light as that page is."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from xml.etree import ElementTree as ET

from markupsafe import Markup

from paribus.report.blocks import Block, Figure, Table, every
from paribus.report.charts import COLORS, DARK
from paribus.report.charts.drawing import artist
from paribus.report.charts.svg import Svg
from paribus.report.page import environment, stacked, template, variables

#: The drawings of a figure, the widest first.
Drawings = Sequence[Svg]


def draw(figure: Figure) -> Drawings:
    """Have a figure drawn in each of its widths.

    Raises:
        ChartsError: charts can't be drawn here.
    """
    with artist() as drawn:
        return [*drawn(figure.charts).values()]


def fragment(blocks: Iterable[Block], drawn: Mapping[str, Drawings]) -> str:
    """Blocks as HTML for another page, with a style of their own.

    Args:
        drawn: the drawings of figures, by their names; a figure without any is told in words.
    """
    shown: list[Block] = []
    drawings: dict[str, Svg] = {}
    for block in blocks:
        if isinstance(block, Figure) and block.name in drawn:
            block, ours = _apart(block, drawn[block.name])
            drawings |= ours
        shown.append(block)
    made = environment(None, drawings)
    made.globals["css"] = Markup(_css(shown))
    return made.get_template("card.html.j2").render(shown=shown, images=False)


def _apart(figure: Figure, drawings: Drawings) -> tuple[Figure, dict[str, Svg]]:
    """A figure under a name that no other of the page has, by what is drawn."""
    content = b"".join(ET.tostring(drawing) for drawing in drawings)
    named = replace(figure, name=f"{figure.name}-{hashlib.sha256(content).hexdigest()[:8]}")
    return named, dict(zip(named.charts, drawings, strict=True))


def _css(shown: Sequence[Block]) -> str:
    both = {name: f"light-dark({color}, {DARK[name]})" for name, color in COLORS.items()}
    places = sorted({block.needs for block in every(shown) if isinstance(block, Table)})
    # A notebook has the style of each of its cards, in any order: these rules must prevail.
    narrow = "".join(stacked(place, "table") for place in places)
    return f"{template('card.css')}\n:is(.paribus, #paribus) {{ {variables(both)}\n{narrow}}}"
