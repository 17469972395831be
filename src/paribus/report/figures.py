"""One figure of the report by its name: shown in a notebook, saved as SVG, PDF or PNG."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from paribus.errors import ChoiceError
from paribus.io.disk import write_file
from paribus.report.blocks import Figure, figures_in
from paribus.report.charts import svg
from paribus.report.charts.drawing import ChartsError, pdfs, pngs
from paribus.report.charts.pdf import for_print
from paribus.report.fragment import Drawings, draw, fragment
from paribus.report.sections import RESULTS
from paribus.report.sections.answer import answer, values
from paribus.study.faults import nearest

if TYPE_CHECKING:
    from paribus.results import Results


@dataclass(frozen=True, repr=False)
class DrawnFigure:
    """A figure of the report as it was drawn.

    Attributes:
        caption: what stands below it in the report.
        description: what it shows, in words.
        drawings: of each width, the widest first.
    """

    name: str
    caption: str
    description: str
    drawings: Drawings
    _figure: Figure

    def __repr__(self) -> str:
        """One line: its name, and what it shows."""
        return f"<Figure {self.name!r}: {self.description}>"

    def _repr_html_(self) -> str:
        """As a notebook shows it: dark or light, with its caption."""
        return fragment([self._figure], {self.name: self.drawings})

    @cached_property
    def svg(self) -> str:
        """The widest drawing as a file of its own, light."""
        return svg.standalone(self.drawings[0], self.description)

    def save(self, path: Path | str) -> Path:
        """Write it to a file, as SVG, PDF or PNG by the file's name; gives the path.

        A PDF is one page, as large as the figure stands in a paper, with labels of 8 points. A PNG
        has 300 pixels to an inch of that size. What is there is replaced.

        Raises:
            ChoiceError: the name ends otherwise.
            ChartsError: the process that makes PDFs and PNGs fails.
            DiskError: the file can't be written.
        """
        path = Path(path)
        if path.suffix.lower() not in _FORMATS:
            expected = ", ".join(_FORMATS)
            raise ChoiceError(f"{path}: expected a name that ends in one of {expected}")
        with _in_words():
            write_file(path, _FORMATS[path.suffix.lower()](self))
        return path


_FORMATS: Mapping[str, Callable[[DrawnFigure], bytes]] = {
    ".svg": lambda drawn: drawn.svg.encode(),
    ".pdf": lambda drawn: pdfs({drawn.name: for_print(drawn.drawings[0])})[drawn.name],
    ".png": lambda drawn: pngs({drawn.name: for_print(drawn.drawings[0])})[drawn.name],
}


def figure(results: Results, name: str) -> DrawnFigure:
    """Draw a figure of the report.

    Args:
        name: as its file in `figures/` is called; of a section ("loss", "confusion"), its first
            figure; "primary" (where it is one, "accuracy"), the values of every setting.

    Raises:
        ChoiceError: there is no such figure; the message names the valid ones.
        ChartsError: charts can't be drawn here.
    """
    known: dict[str, Figure] = {}
    for called, found in _named(results):
        known.setdefault(called, found)
        if name in known:
            with _in_words():
                drawings = draw(found)
            return DrawnFigure(
                name, found.caption, found.description, drawings, replace(found, name=name)
            )
    raise ChoiceError(f"no figure is called {name!r}{nearest(name, known)}")


def _named(results: Results) -> Iterator[tuple[str, Figure]]:
    """The figures under their names, those of sections by the sections' names too."""
    yield from (("primary", figure) for figure in values(results))
    for figure in figures_in(chain(values(results), answer(results))):
        yield figure.name, figure
    for anchor, make in RESULTS.items():
        for number, figure in enumerate(figures_in(make(results))):
            if number == 0:
                yield anchor, figure
            yield figure.name, figure


@contextmanager
def _in_words() -> Iterator[None]:
    """What the process that draws says of itself, as a sentence."""
    try:
        yield
    except ChartsError as error:
        raise ChartsError(f"The figure can't be drawn: the process that draws it {error}") from None
