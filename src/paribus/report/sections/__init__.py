"""The report's sections, in the order of the published report it is modelled on."""

from __future__ import annotations

from paribus.report.blocks import Section
from paribus.report.sections.answer import answer
from paribus.report.sections.cases import cases
from paribus.report.sections.classes import confusions, recalls, reports
from paribus.report.sections.comparison import comparison
from paribus.report.sections.losses import losses
from paribus.report.sections.proof import proof
from paribus.report.sections.provenance import provenance
from paribus.report.sections.settings import settings
from paribus.report.sections.verdicts import claims, comparisons
from paribus.report.summary import Summary


def sections(summary: Summary) -> tuple[Section, ...]:
    """Every section of the report, its charts drawn."""
    return (
        answer(summary),
        settings(summary),
        losses(summary),
        confusions(summary),
        recalls(summary),
        reports(summary),
        cases(summary),
        comparison(summary),
        comparisons(summary),
        *([claims(summary)] if summary.claims else []),
        proof(summary),
        provenance(summary),
    )
