"""The report's sections: the answer first, then in the order of the published report."""

from __future__ import annotations

from paribus.report.blocks import Section
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


def sections(results: Results) -> tuple[Section, ...]:
    """Every section of the report, its charts drawn."""
    return (
        answer(results),
        *([observations(results)] if results.observations else []),
        *([claims(results)] if results.judged else []),
        settings(results),
        losses(results),
        confusions(results),
        *([confusion_change(results)] if results.variations else []),
        recalls(results),
        reports(results),
        cases(results),
        *([explorer(results)] if results.failures_in_detail.outcomes else []),
        causes(results),
        side_by_side(results),
        comparisons(results),
        *([seeds(results)] if results.variations else []),
        proof(results),
        provenance(results),
    )
