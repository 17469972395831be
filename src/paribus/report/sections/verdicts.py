"""What the statistics say: a line a variation, every comparison, every claim."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from paribus.comparison.claims import ClaimVerdict
from paribus.comparison.compare import Comparison
from paribus.comparison.evidence import difference_of
from paribus.comparison.headline import headline
from paribus.comparison.sample import Interval
from paribus.comparison.study_comparison import PRIMARY
from paribus.report import words
from paribus.report.blocks import Block, Cell, Paragraph, Section, Table
from paribus.report.summary import Summary

RECALL = "recall:"


def verdict_lines(summary: Summary) -> Iterator[Paragraph]:
    """Did it help? One line a variation."""
    pairs = {pair.variation: pair for pair in summary.comparison.pairs}
    for comparison in summary.comparison.on(PRIMARY):
        line = headline(comparison, pairs.get(comparison.variation))
        yield Paragraph(f"{line.variation}: {line.verdict}{line.rest}")


def comparisons(summary: Summary) -> Section:
    """Every measure of every variation against the baseline, with its test."""
    found = summary.comparison.comparisons
    title = f"Comparisons with {summary.baseline.name}"
    if not found:
        return Section("comparisons", title, [Paragraph("There is nothing to compare.")])
    blocks: list[Block] = [
        Paragraph(
            "Differences are variation minus baseline over paired seeds, with 95 % intervals for "
            "new seeds on these test pictures. p values are adjusted by Holm over the variations. "
            "The verdict on a variation rests on test accuracy; the other measures explore.",
            quiet=True,
        ),
        _table("Measure by measure", [c for c in found if not _is_recall(c)]),
        *_both_intervals(summary),
        *_notes(found),
        Paragraph(
            "The recalls of single classes explore too; their p values are adjusted over all "
            "classes and variations together.",
            quiet=True,
        ),
        _table("Class by class", [c for c in found if _is_recall(c)]),
    ]
    return Section("comparisons", title, blocks)


def claims(summary: Summary) -> Section:
    """Each claim of the study with its verdict and evidence."""
    rows = tuple((claim.claim.says, _claim(claim)) for claim in summary.claims)
    head = ("Claim", "Verdict", "Evidence")
    caption = "What the study claims, and what the runs say of it"
    return Section("claims", "Claims", [Table(caption, head, rows, numeric=False)])


def _table(caption: str, compared: Sequence[Comparison]) -> Table:
    head = ("Comparison", "Difference", "p", "Verdict", "Seeds", "Would decide")
    rows = tuple((f"{c.variation}: {c.measure.label}", _cells(c)) for c in compared)
    return Table(caption, head, rows, tall=len(rows) > 40)


def _cells(c: Comparison) -> tuple[Cell, ...]:
    sign_flip = f"sign flips {c.p_sign_flip:.2g}" if c.p_sign_flip is not None else ""
    return (
        Cell(_found(c)),
        Cell(f"{c.p_adjusted:.2g}" if c.p_adjusted is not None else words.NONE, sign_flip),
        Cell(c.verdict, strong=c.verdict != "undecided"),
        Cell(str(c.n_seeds)),
        Cell(str(c.seeds_needed) if c.seeds_needed else words.NONE),
    )


def _both_intervals(summary: Summary) -> Iterator[Paragraph]:
    for c in summary.comparison.on(PRIMARY):
        if c.new_pictures is not None:
            low, high = 100 * c.new_pictures.low, 100 * c.new_pictures.high
            yield Paragraph(
                f"{c.variation}: with other seeds on these test pictures the mean difference in "
                f"test accuracy lies at {_found(c)}; with other pictures of the same kind too, in "
                f"[{low:.1f}, {high:.1f}] points."
            )


def _notes(found: Sequence[Comparison]) -> Iterator[Paragraph]:
    for c in found:
        if c.notes:
            text = f"{c.variation}, {c.measure.label}: {' '.join(c.notes)}"
            yield Paragraph(text, quiet=True)


def _claim(claim: ClaimVerdict) -> tuple[Cell, ...]:
    return Cell(claim.verdict, strong=True), Cell(claim.evidence)


def _found(c: Comparison) -> str:
    """The estimate with its interval on the reader's scale."""
    if c.estimate is None:
        return words.NONE
    text = difference_of(c.measure).found(Interval(c.estimate, c.low, c.high, c.level))
    return text.replace("-", words.MINUS)


def _is_recall(c: Comparison) -> bool:
    return c.measure.name.startswith(RECALL)
