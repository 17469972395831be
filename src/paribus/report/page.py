"""The report as one HTML file that needs nothing else: no network, no font, one own script."""

import base64
import hashlib
from collections.abc import Sequence
from importlib import resources

import jinja2
from markupsafe import Markup

from paribus.names import safe_class
from paribus.narrative.numbers import PERCENT
from paribus.report.blocks import Block, Explorer, Figure, Section
from paribus.report.charts import COLORS, svg
from paribus.report.explorer import Payload, first_there, payload
from paribus.report.images import ReadImage, data_uri


def page(title: str, lead: str, sections: Sequence[Section], read_image: ReadImage | None) -> str:
    """The whole page.

    Args:
        title: the study's name.
        lead: one sentence on what was trained.
        read_image: where failed cases' images come from; None leaves them out and says so.
    """
    template = _environment(read_image).get_template("page.html.j2")
    explorers = [one for part in sections for one in part.blocks if isinstance(one, Explorer)]
    script = _template("explorer.js") if explorers else ""
    return template.render(
        title=title,
        lead=lead,
        sections=sections,
        images=read_image is not None,
        script=Markup(script),
        digest=_digest(script),
    )


def _environment(read_image: ReadImage | None) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("paribus.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )

    def uri(name: str) -> str | None:
        png = read_image(name) if read_image else None
        return None if png is None else data_uri(png)

    def explore(block: Explorer) -> Payload:
        return payload(block.failures, read_image)

    environment.filters |= {
        "kind": _kind,
        "wide": _wide,
        "narrow": _narrow,
        "percent": PERCENT.value,
        "shown": safe_class,
        "uri": uri,
        "first_uri": lambda names: uri(first_there(names, read_image)),
        "png_uri": data_uri,
        "explore": explore,
        "harmless": Markup,
    }
    environment.globals["css"] = Markup(_css())
    return environment


def _kind(block: Block) -> str:
    return type(block).__name__


def _css() -> str:
    """The style sheet, headed by the charts' colors as variables."""
    colors = "".join(f"--{name}: {color}; " for name, color in COLORS.items())
    return f":root {{ {colors}}}\n{_template('page.css')}{_template('explorer.css')}"


def _template(name: str) -> str:
    return resources.files("paribus.report").joinpath("templates", name).read_text("utf-8")


def _digest(script: str) -> str:
    """By which the page's policy knows its own script, and allows no other."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _wide(figure: Figure) -> Markup:
    return Markup(svg.inlined(figure.wide, f"{figure.name}-w", figure.description))


def _narrow(figure: Figure) -> Markup:
    assert figure.narrow is not None, "the template asks only where there is one"
    return Markup(svg.inlined(figure.narrow, f"{figure.name}-n", figure.description))
