"""The report's sections: the answer first, then in the order of the published report."""

from collections.abc import Callable, Iterable, Mapping

from paribus.report.blocks import Block, Paragraph, Section
from paribus.report.sections.answer import answer, claims, observations
from paribus.report.sections.cases import cases, explorer
from paribus.report.sections.causes import causes
from paribus.report.sections.classes import recalls, reports
from paribus.report.sections.comparisons import comparisons
from paribus.report.sections.confusion import confusion_change, confusions
from paribus.report.sections.losses import losses
from paribus.report.sections.provenance import proof, provenance
from paribus.report.sections.seeds import seeds
from paribus.report.sections.settings import settings, side_by_side
from paribus.results import Results

#: Anchor -> what shows the results there; without a block, the section is left out.
_RESULTS: Mapping[str, Callable[[Results], Iterable[Block]]] = {
    "settings": settings,
    "loss": losses,
    "confusion": confusions,
    "confusion-change": confusion_change,
    "recall": recalls,
    "report": reports,
    "failures": cases,
    "explorer": explorer,
    "causes": causes,
    "metrics": side_by_side,
    "comparison": comparisons,
    "seeds": seeds,
    "missing": lambda results: map(Paragraph, results.missing),
    "pairing": proof,
    "provenance": provenance,
}


def sections(results: Results) -> tuple[Section, ...]:
    """Every section of the report that has something to show, its charts drawn."""
    shown = {anchor: list(make(results)) for anchor, make in _RESULTS.items()}
    anchors = {"answer", *(anchor for anchor, blocks in shown.items() if blocks)}
    first = {
        "answer": list(answer(results)),
        "observations": list(observations(results, anchors)),
        "claims": list(claims(results, anchors)),
    }
    return tuple(Section(anchor, blocks) for anchor, blocks in (first | shown).items() if blocks)
