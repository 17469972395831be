"""Charts for print: one page each, as large as they stand there."""

from copy import deepcopy
from xml.etree import ElementTree as ET

from paribus.report.charts.svg import Svg

#: Points of print to a pixel of a chart: labels of 12 pixels are then 8 points high, a narrow
#: chart is as wide as a column of a paper (85 mm), and a wide one as both columns (175 mm).
POINTS = 0.69

#: In points, the greatest height that a page has room for beside a caption.
HIGHEST = 620


def for_print(svg: Svg) -> str:
    """The drawing in the size that it has in print."""
    sized = deepcopy(svg)
    width, height = size(svg)
    scale = min(POINTS, HIGHEST / height)
    sized.set("width", f"{scale * width:.2f}")
    sized.set("height", f"{scale * height:.2f}")
    return ET.tostring(sized, encoding="unicode")


def size(svg: Svg) -> tuple[float, float]:
    """Width and height of a drawing in pixels."""
    return float(svg.attrib["width"]), float(svg.attrib["height"])
