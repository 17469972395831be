"""An audit on standard output, as text that a person reads from top to bottom."""

from __future__ import annotations

from collections.abc import Iterator

from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from paribus.audit import words
from paribus.audit.audit import Audit
from paribus.audit.claims import Checked
from paribus.audit.figures import Network
from paribus.audit.spec import AVERAGES

STYLES = {"holds": "green", "fails": "bold red", "depends on the metric": "bold red"}


def show(audit: Audit) -> None:
    """Print an audit."""
    console = Console(highlight=False, markup=False)
    for part in _parts(audit):
        console.print(part)


def _parts(audit: Audit) -> Iterator[RenderableType]:
    yield Text(audit.title or "Audit", style="bold")
    yield from _figures(audit)
    for network in audit.networks:
        yield from _setting(audit, network)
    if audit.differences:
        yield from _two_networks(audit)
        yield from _two_trainings(audit)
    else:
        yield "\nOne setting: there is nothing to compare it with."
    yield from _observations(audit)
    yield from _summary(audit)


def _figures(audit: Audit) -> Iterator[RenderableType]:
    yield _heading("Printed figures")
    yield words.on_printed(audit.printed)
    for figure in audit.printed:
        if not figure.follows:
            yield Text(f"  {words.on_figure(figure)}", style="red")


def _setting(audit: Audit, network: Network) -> Iterator[RenderableType]:
    yield _heading(f"{network.setting}: one trained network")
    yield (
        f"{network.right:,} of {network.images:,} images right: accuracy "
        f"{network.accuracy:.4f}, 95 % interval {network.low:.4f} to {network.high:.4f}"
    )
    yield _classes(network)
    yield words.on_ends([of for of in audit.ends if of.setting == network.setting])
    for rank in audit.ranks:
        if rank.setting == network.setting:
            yield words.on_rank(rank)


def _classes(network: Network) -> Table:
    table = _table("class", "right", "recall", "95 % interval", "precision", "F1")
    for of in network.classes:
        table.add_row(
            Text(of.name),
            f"{of.right:,} of {of.support:,}",
            f"{of.recall:.3f}",
            f"{of.low:.3f} to {of.high:.3f}",
            f"{of.precision:.3f}",
            f"{of.f1:.3f}",
        )
    for name, average in zip(AVERAGES, (network.macro, network.weighted), strict=True):
        shares = (average.recall, average.precision, average.f1)
        recall, precision, f1 = (f"{share:.3f}" for share in shares)
        table.add_row(name, "", recall, "", precision, f1)
    return table


def _two_networks(audit: Audit) -> Iterator[RenderableType]:
    yield _heading(f"Two trained networks: each against {audit.networks[0].setting}")
    table = _table("variation", "points", "95 % interval", "p", "p if paired")
    for of in audit.differences:
        found = of.networks
        paired = [words.p_value(p) for p in found.paired_p or ()]
        table.add_row(
            Text(of.variation),
            words.points(found.estimate),
            f"{words.points(found.low)} to {words.points(found.high)}",
            words.p_value(found.p),
            " to ".join(paired) or "not paired",
        )
    yield table
    same = any(of.networks.paired_p for of in audit.differences)
    yield words.SAME_IMAGES if same else words.DIFFERENT_IMAGES


def _two_trainings(audit: Audit) -> Iterator[RenderableType]:
    yield _heading("Two ways of training: what one run of each can tell")
    yield words.on_spread(audit.spread, audit.smallest_resolvable)
    table = _table("variation", "points", "p", "adjusted", "resolved", "seeds needed")
    for of in audit.differences:
        found = of.training
        table.add_row(
            Text(of.variation),
            words.points(of.networks.estimate),
            words.p_value(found.p),
            words.p_value(found.p_adjusted),
            "yes" if found.resolved else "no",
            str(found.seeds),
        )
    yield table
    yield words.on_resolved(audit.differences)
    yield words.on_seeds(audit)


def _observations(audit: Audit) -> Iterator[RenderableType]:
    yield _heading("Observations, held against the matrices")
    unread: dict[str, list[Checked]] = {}
    for of in audit.observations:
        if of.why:
            unread.setdefault(of.why, []).append(of)
            continue
        yield Text.assemble(f"{of.id}: {of.says} ", (of.outcome.capitalize(), STYLES[of.outcome]))
        yield _indented(words.on_claim(of))
    for why, observations in unread.items():
        yield Text.assemble(("Not checked", "yellow"), f": {why}.")
        yield from (_indented(f"{of.id}: {of.says}") for of in observations)


def _summary(audit: Audit) -> Iterator[RenderableType]:
    yield _heading("In short")
    yield words.on_printed(audit.printed).replace(":", ".")
    if audit.differences:
        yield words.on_resolved(audit.differences)
    yield words.on_certainty(audit.ranks)
    yield words.on_observations(audit.observations)


def _indented(text: str) -> Padding:
    return Padding(Text(text), (0, 0, 0, 2))


def _heading(text: str) -> Text:
    return Text(f"\n{text}", style="bold")


def _table(first: str, *others: str) -> Table:
    table = Table(first, box=SIMPLE_HEAD)
    for name in others:
        table.add_column(name, justify="right")
    return table
