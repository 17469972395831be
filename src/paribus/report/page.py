"""The report as one HTML file that needs nothing else: no network, no font, one own script."""

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from importlib import resources

import jinja2
from markupsafe import Markup

from paribus.names import in_print, safe_class
from paribus.narrative.numbers import PERCENT
from paribus.report.blocks import PLACES, Explorer, Figure, Section
from paribus.report.charts import COLORS, DARK, svg
from paribus.report.explorer import first_there, payload
from paribus.report.images import ReadImage, data_uri

#: How large the text of a printed table is beside that of a screen.
PRINT = 0.74


def page(
    title: str,
    lead: str,
    sections: Sequence[Section],
    read_image: ReadImage | None,
    drawings: Mapping[str, svg.Svg],
) -> str:
    """The whole page; without `read_image`, it leaves failed cases' images out and says so.

    A figure without drawings is told in words.
    """
    explores = any(isinstance(block, Explorer) for part in sections for block in part.blocks)
    script = template("page.js") + (template("explorer.js") if explores else "")
    return (
        environment(read_image, drawings)
        .get_template("page.html.j2")
        .render(
            title=title,
            lead=lead,
            sections=sections,
            images=read_image is not None,
            script=Markup(script),
            # By which the page's policy knows its own script, and allows no other.
            digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        )
    )


def handin_page(
    title: str,
    lead: str,
    sections: Sequence[Section],
    read_image: ReadImage | None,
    drawings: Mapping[str, svg.Svg],
) -> str:
    """The same for a printer: the sections of `paribus.report.handin`, without any script."""
    made = environment(read_image, drawings)
    made.globals["css"] = Markup(f"{_css()}{template('handin.css')}")
    return made.get_template("handin.html.j2").render(
        title=title, lead=lead, sections=sections, images=read_image is not None
    )


def live_page(
    title: str,
    lead: str,
    sections: Sequence[Section],
    drawings: Mapping[str, svg.Svg],
    reloads: str,
) -> str:
    """A page of a study that is under way, without any script; `reloads` has it load itself."""
    made = environment(None, drawings)
    return made.get_template("live.html.j2").render(
        title=title, lead=lead, sections=sections, images=False, reloads=Markup(reloads)
    )


def environment(
    read_image: ReadImage | None, drawings: Mapping[str, svg.Svg]
) -> jinja2.Environment:
    """What shows blocks as HTML, every text in them escaped."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("paribus.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        # All that a template shows passes here; Markup is made below, of what did already.
        finalize=lambda shown: (
            in_print(shown) if isinstance(shown, str) and not isinstance(shown, Markup) else shown
        ),
    )

    def uri(name: str) -> str | None:
        png = read_image(name) if read_image else None
        return None if png is None else data_uri(png)

    filters: dict[str, Callable[..., object]] = {
        "kind": lambda block: type(block).__name__,
        "drawings": lambda figure: _inlined(figure, drawings),
        "percent": PERCENT.value,
        "shown": safe_class,
        "uri": uri,
        "first_uri": lambda names: uri(first_there(names, read_image)),
        "png_uri": data_uri,
        "explore": lambda block: payload(block.failures, read_image),
        "lines": lambda text: Markup("\n").join(map(in_print, text.split("\n"))),
        "harmless": Markup,
    }
    made.filters |= filters
    made.globals["css"] = Markup(_css())
    return made


def _css() -> str:
    """The style sheet, headed by the charts' colors as variables."""
    light, dark = (f":root {{ {variables(colors)}}}\n" for colors in (COLORS, DARK))
    colors = f"{light}@media screen and (prefers-color-scheme: dark) {{ {dark}}}\n"
    sheets = [template("page.css"), *map(stacked, PLACES), template("explorer.css")]
    return f"{colors}{''.join(sheets)}"


def variables(colors: Mapping[str, str]) -> str:
    """The charts' colors as variables of a style sheet."""
    return "".join(f"--{name}: {color}; " for name, color in colors.items())


def stacked(place: int, table: str = "") -> str:
    """How tables that need so wide a place look in a narrower one; print is smaller.

    `table` begins the selector of such a table.
    """
    rules = template("stacked.css").replace("NARROW", f"{table}.needs-{place}")
    widths = {"screen": place - 0.01, "print": PRINT * place}
    return "".join(
        f"@media {medium} {{ @container (max-width: {width:g}rem) {{\n{rules}}} }}\n"
        for medium, width in widths.items()
    )


def template(name: str) -> str:
    """The text of a template."""
    return resources.files("paribus.report").joinpath("templates", name).read_text("utf-8")


def _inlined(figure: Figure, drawings: Mapping[str, svg.Svg]) -> list[Markup]:
    """The wide drawing and the narrow one, as far as there are any."""
    return [
        Markup(svg.inlined(drawings[name], name, figure.description))
        for name in figure.charts
        if name in drawings
    ]
