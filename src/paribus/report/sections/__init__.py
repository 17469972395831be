"""The report's sections: the answer first, then the homework's questions, then the appendix."""

from collections.abc import Callable, Iterable, Mapping

from paribus.report.blocks import Block, Paragraph, Section
from paribus.report.sections.answer import answer
from paribus.report.sections.cases import cases, explorer
from paribus.report.sections.causes import causes
from paribus.report.sections.claims import claims
from paribus.report.sections.classes import reports
from paribus.report.sections.comparisons import comparisons, tests
from paribus.report.sections.confusion import confusions
from paribus.report.sections.confusion_change import confusion_change
from paribus.report.sections.followed import followed
from paribus.report.sections.losses import losses
from paribus.report.sections.observations import observations
from paribus.report.sections.provenance import proof, provenance
from paribus.report.sections.scripts import output
from paribus.report.sections.seeds import seeds
from paribus.report.sections.settings import settings, side_by_side
from paribus.report.sections.sources import sources
from paribus.results import Results

#: Anchor -> what shows the results there; without a block, the section is left out.
RESULTS: Mapping[str, Callable[[Results], Iterable[Block]]] = {
    "loss": lambda results: (losses if results.study.is_trained_here else followed)(results),
    "confusion": confusions,
    "failures": cases,
    "comparison": comparisons,
    "settings": settings,
    "metrics": side_by_side,
    "tests": tests,
    "report": reports,
    "confusion-change": confusion_change,
    "causes": causes,
    "explorer": explorer,
    "seeds": seeds,
    "missing": lambda results: map(Paragraph, results.missing),
    "output": output,
    "pairing": proof,
    "sources": sources,
    "provenance": provenance,
}


def sections(results: Results) -> tuple[Section, ...]:
    """Every section of the report that has something to show."""
    shown = {anchor: list(make(results)) for anchor, make in RESULTS.items()}
    anchors = {"answer", *(anchor for anchor, blocks in shown.items() if blocks)}
    first = {
        "answer": list(answer(results)),
        "observations": list(observations(results, anchors)),
        "claims": list(claims(results, anchors)),
    }
    return tuple(_section(anchor, blocks) for anchor, blocks in (first | shown).items() if blocks)


def _section(anchor: str, blocks: list[Block]) -> Section:
    """A section; the first paragraph of the appendix's ones stands beside the title."""
    whole = Section(anchor, blocks)
    if whole.folded and isinstance(blocks[0], Paragraph):
        return Section(anchor, blocks[1:], blocks[0].text)
    return whole
