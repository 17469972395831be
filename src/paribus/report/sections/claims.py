"""What the study claims, and whether its runs bear it out."""

from __future__ import annotations

from paribus.claims.judge import ClaimVerdict
from paribus.report import words
from paribus.report.blocks import Cell, Paragraph, Section, Table
from paribus.report.sections.places import PLACES
from paribus.report.summary import Summary
from paribus.report.verdicts import marked, tone


def claims(summary: Summary) -> Section:
    """Each claim with its verdict, its evidence, and the part of the report that shows it."""
    table = Table(
        "The study's claims, tested on its runs",
        ("Claim", "It says", "Verdict", "Evidence", "Shown in"),
        tuple((of.claim.id, _cells(of)) for of in summary.findings.claims),
        numeric=False,
        stacked=True,
    )
    explanation = Paragraph(
        "Supported: every part of the claim is shown to be true. Refuted: a part is shown to be "
        "false. Undecided: the runs show neither. Each claim is its own question, at 5 %, as if "
        "it had been written before the runs; paribus check tests them again from the records.",
        quiet=True,
    )
    return Section("claims", "Claims", [table, explanation])


def _cells(of: ClaimVerdict) -> tuple[Cell, ...]:
    return (
        Cell(words.typeset(of.claim.says), anchor=f"claim-{of.claim.id}"),
        Cell(marked(of.verdict), tone=tone(of.verdict)),
        Cell(words.typeset(of.evidence)),
        Cell(PLACES[of.figure], link=of.figure),
    )
