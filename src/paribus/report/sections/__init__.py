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
from paribus.report.summary import Summary


def sections(summary: Summary) -> tuple[Section, ...]:
    """Every section of the report, its charts drawn."""
    findings = summary.findings
    return (
        answer(summary),
        *([observations(summary)] if findings.observations else []),
        *([claims(summary)] if findings.claims else []),
        settings(summary),
        losses(summary),
        confusions(summary),
        *([confusion_change(summary)] if summary.variations else []),
        recalls(summary),
        reports(summary),
        cases(summary),
        *([explorer(summary)] if summary.failures.outcomes else []),
        causes(summary),
        side_by_side(summary),
        comparisons(summary),
        *([seeds(summary)] if summary.variations else []),
        proof(summary),
        provenance(summary),
    )
