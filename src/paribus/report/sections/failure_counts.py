"""How many test images fail, how steadily, and what a variation fixes and breaks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from paribus.failures.cases import Confusion, confusions
from paribus.failures.changes import ChangeCounts, Count, change_counts
from paribus.failures.outcomes import Kind, Outcomes
from paribus.report import words
from paribus.report.blocks import Block, Cell, Heading, Paragraph, Table
from paribus.report.sections.numbers import MOST_VARIATIONS, TALL, p_value
from paribus.stats.intervals import Mean
from paribus.stats.proportions import Share, share

#: So many of each setting's confusions are told.
MOST_CONFUSIONS = 8

_KINDS: Mapping[Kind, str] = {
    "right": "Right in every seed",
    "seed-dependent": "Wrong in some seeds",
    "systematic": "Wrong in every seed",
    "one-seed": "Wrong in the one seed",
}


def failure_counts(found: Mapping[str, Outcomes], baseline: str) -> Iterator[Block]:
    """Failures by kind, what variations change, and the most common confusions."""
    if not found:
        return
    yield Heading("How steadily they fail")
    yield _kinds(found)
    yield from _changes(found, baseline)
    yield from _confusions(found)


def _kinds(found: Mapping[str, Outcomes]) -> Table:
    seen = {kind for its in found.values() for kind in its.kinds}
    kinds = [kind for kind in _KINDS if kind in seen]
    return Table(
        "Test images by how many seeds get them wrong; below, the share of such images with "
        "its 95 % interval for new images",
        ("", *(_KINDS[kind] for kind in kinds)),
        tuple(
            (
                name,
                tuple(_share(share(int((its.kinds == k).sum()), len(its.labels))) for k in kinds),
            )
            for name, its in found.items()
        ),
        tall=len(found) > TALL,
    )


def _share(of: Share) -> Cell:
    if not of.of:
        return Cell(words.NONE)
    low, high = (words.PERCENT.number(end) for end in (of.low, of.high))
    return Cell(
        words.whole(of.count), f"{words.PERCENT.number(of.count / of.of)} [{low}, {high}] %"
    )


# ---- fixed and broken ---------------------------------------------------------------------------


def _changes(found: Mapping[str, Outcomes], baseline: str) -> Iterator[Block]:
    counts = {
        name: counted
        for name, its in found.items()
        if name != baseline and baseline in found
        if (counted := change_counts(found[baseline], its))
    }
    if not counts:
        return
    yield Heading("What a variation fixes and breaks")
    yield Paragraph(
        "Fixed: wrong in more than half of the seeds in the baseline, right in more than half in "
        "the variation. Broken: the reverse. Seeds alone do this to some images, so beside each "
        "count stands what it would be if the variation changed nothing: the two runs of a seed "
        "change places in every way. p is that of fixed minus broken being chance.",
        quiet=True,
    )
    yield Table(
        "Test images fixed and broken; below, the number by chance with its 95 % range",
        ("", "Fixed", "Broken", "p", "Fixed a seed", "Broken a seed"),
        tuple((name, _changed(its)) for name, its in counts.items()),
        tall=len(counts) > TALL,
    )


def _changed(of: ChangeCounts) -> tuple[Cell, ...]:
    return (
        _count(of.fixed),
        _count(of.broken),
        Cell(p_value(of.p)),
        _mean(of.fixed_a_seed),
        _mean(of.broken_a_seed),
    )


def _count(of: Count) -> Cell:
    chance = f"by chance {of.expected:,.0f} [{of.low:,}, {of.high:,}]"
    return Cell(words.whole(of.observed), chance)


def _mean(of: Mean) -> Cell:
    return Cell(f"{of.estimate:,.1f}", _interval(of))


def _interval(of: Mean) -> str:
    return "" if of.low is None or of.high is None else f"[{of.low:,.1f}, {of.high:,.1f}]"


# ---- confusions ---------------------------------------------------------------------------------


def _confusions(found: Mapping[str, Outcomes]) -> Iterator[Block]:
    drawn = list(found.items())[:MOST_VARIATIONS]
    columns = {name: confusions(its)[:MOST_CONFUSIONS] for name, its in drawn}
    ranks = max(map(len, columns.values()))
    if not ranks:
        return
    yield Heading("Most common confusions")
    yield Table(
        "Test images of one class taken for another: mean over seeds with its 95 % interval",
        ("Rank", *columns),
        tuple(
            (
                str(rank + 1),
                tuple(
                    _confusion(column[rank]) if rank < len(column) else Cell(words.NONE)
                    for column in columns.values()
                ),
            )
            for rank in range(ranks)
        ),
        numeric=False,
    )


def _confusion(of: Confusion) -> Cell:
    true, predicted = words.class_name(of.true), words.class_name(of.predicted)
    return Cell(
        f"{true} for {predicted}", f"{of.images.estimate:,.1f} {_interval(of.images)}".strip()
    )
