"""A process that draws: a Vega-Lite specification a line on its input, an SVG a line, as JSON.

vl-convert brings a JavaScript engine, which reserves address space by the hundred gigabytes and
ends its process where it gets none. Hardly anything of Paribus is imported here, to start at once.
"""

import sys

import vl_convert

from paribus.io.strict_json import dumps

#: The first chart takes longest. It is drawn while no one waits.
WARM_UP = {"mark": "point", "data": {"values": [{"x": 1}]}, "encoding": {"x": {"field": "x"}}}

if __name__ == "__main__":
    vl_convert.vegalite_to_svg(WARM_UP, allowed_base_urls=[])
    for line in sys.stdin:
        svg = vl_convert.vegalite_to_svg(line, allowed_base_urls=[])  # it asks no network
        print(dumps(svg))
