"""A process that draws: of each line of its input, JSON, one of its output, JSON too.

A Vega-Lite specification becomes an SVG; `["pdf", SVG]` a PDF and `["png", SVG]` a PNG, in base64.

vl-convert brings a JavaScript engine, which reserves address space by the hundred gigabytes and
ends its process where it gets none. Hardly anything of Paribus is imported here, to start at once.
"""

import sys
from base64 import b64encode

import vl_convert

from paribus.io.strict_json import dumps, loads

#: The first chart takes longest. It is drawn while no one waits.
WARM_UP = {"mark": "point", "data": {"values": [{"x": 1}]}, "encoding": {"x": {"field": "x"}}}

#: Pixels of a PNG to an inch, of which an SVG's units are 72.
PPI = 300


def drawn(line: str) -> str:
    """What a line asks for; no network is asked for anything."""
    if line.startswith("["):
        kind, svg = loads(line)
        made = vl_convert.svg_to_pdf(svg) if kind == "pdf" else vl_convert.svg_to_png(svg, ppi=PPI)
        return b64encode(made).decode()
    figure: str = vl_convert.vegalite_to_svg(line, allowed_base_urls=[])
    return figure


if __name__ == "__main__":
    vl_convert.vegalite_to_svg(WARM_UP, allowed_base_urls=[])
    for line in sys.stdin:
        print(dumps(drawn(line)))
