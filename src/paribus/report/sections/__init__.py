"""The report's sections: the answer first, then in the order of the published report."""

from paribus.report.blocks import Section
from paribus.report.sections.answer import answer, claims, observations
from paribus.report.sections.cases import cases, explorer
from paribus.report.sections.causes import causes
from paribus.report.sections.classes import recalls, reports
from paribus.report.sections.comparisons import comparisons
from paribus.report.sections.confusion import confusion_change, confusions
from paribus.report.sections.losses import losses
from paribus.report.sections.missing import missing
from paribus.report.sections.provenance import proof, provenance
from paribus.report.sections.seeds import seeds
from paribus.report.sections.settings import settings, side_by_side
from paribus.results import Results

#: What shows the results; each is left out where the records have nothing to show.
_RESULTS = (
    settings,
    losses,
    confusions,
    confusion_change,
    recalls,
    reports,
    cases,
    explorer,
    causes,
    side_by_side,
    comparisons,
    seeds,
    missing,
    proof,
    provenance,
)


def sections(results: Results) -> tuple[Section, ...]:
    """Every section of the report that has something to show, its charts drawn."""
    shown = [section for make in _RESULTS if (section := make(results))]
    anchors = {section.anchor for section in shown} | {"answer"}
    first = (answer(results), observations(results, anchors), claims(results, anchors))
    return (*filter(None, first), *shown)
