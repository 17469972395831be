"""The study's claims: each with its verdict, and the evidence for those who want it."""

from collections.abc import Container, Iterator
from dataclasses import replace

from paribus.claims.judge import ClaimVerdict
from paribus.narrative import words
from paribus.narrative.claims import evidence
from paribus.narrative.planned import NOT_KNOWN, PLANNED
from paribus.report.blocks import TITLES, Block, Cell, Folded, Table, note
from paribus.report.sections.cells import shown_in, verdict_mark
from paribus.results import Results


def claims(results: Results, anchors: Container[str]) -> Iterator[Block]:
    """The verdicts, then the evidence; `anchors` are those of the report's sections."""
    if not results.judged:
        return
    yield Table(
        "The study's claims, tested on its runs",
        ("Claim", "Verdict", "Shown in"),
        [
            (words.typeset(of.claim.says), _claim(of, shown_in(of.figure, anchors), results))
            for of in results.judged
        ],
        numeric=False,
    )
    yield Folded("The evidence, claim by claim", list(_evidence(results)))


def _claim(of: ClaimVerdict, place: str, results: Results) -> list[Cell]:
    standing = results.claim_planned(of)
    changed = "" if standing in (PLANNED, NOT_KNOWN) else standing
    verdict = replace(
        verdict_mark(of.verdict), detail=words.typeset(changed), anchor=f"claim-{of.claim.id}"
    )
    return [verdict, Cell(TITLES[place], link=place)]


def _evidence(results: Results) -> Iterator[Block]:
    rows = [(of.claim.id, [Cell(words.typeset(evidence(of)))]) for of in results.judged]
    yield Table("What the runs say of each claim", ("Claim", "Evidence"), rows, numeric=False)
    written = "as if it had been written before the runs"
    if results.ledger.known:
        written = "as declared before the first run, unless its verdict says otherwise"
    yield note(
        "Supported: every part of the claim is shown to be true. Refuted: some part is shown to be "
        "false. Undecided: the runs show neither. Each claim is tested separately at the 5 % "
        f"level, {written}. To test the claims again from the records, use paribus check."
    )
