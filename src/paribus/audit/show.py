"""An audit on standard output, as text that a person reads from top to bottom."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import get_args

from rich.box import SIMPLE_HEAD
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from paribus.audit import Audit
from paribus.audit.networks import Difference, Network, PrintedFigure
from paribus.audit.rankings import Checked, Ends, Outcome, Rank, Ranked
from paribus.audit.spec import AVERAGES
from paribus.narrative.numbers import p_in_words, p_value
from paribus.narrative.words import listed

STYLES = {"holds": "green", "fails": "bold red"}
LABELS = {"recall": "recall", "precision": "precision", "f1": "F1", "accuracy": "accuracy"}
SPREADS = {
    "assumed": "Assumed, not measured (--spread sets another)",
    "the file": "As the file states",
    "the command": "As --spread states",
}
UNPAIRED = "Interval and p are for two networks tested on different images (Newcombe, Fisher)"
SAME_IMAGES = (
    "On the same images, as is likely here, two networks tend to be right on the "
    "same ones; the interval is then usually too wide, on the safe side. McNemar's paired test "
    "needs the answers to each image; the matrices only say that its p lies in the range of the "
    "last column."
)


def parts(audit: Audit) -> Iterator[RenderableType]:
    """An audit for a console, part by part; its names are printable already."""
    return (Text(part) if isinstance(part, str) else part for part in _parts(audit))


def _parts(audit: Audit) -> Iterator[RenderableType]:
    yield Text(audit.title or "Audit", style="bold")
    yield _heading("Printed figures")
    yield from _printed(audit.printed)
    for network in audit.networks:
        yield from _setting(audit, network)
    if audit.differences:
        yield from _two_networks(audit)
        yield from _two_settings(audit)
    else:
        yield "\nOne setting: there is nothing to compare it with."
    yield _heading("Observations, checked against the matrices")
    yield from _observations(audit.observations)
    yield _heading("Summary")
    yield _on_printed(audit.printed) + "."
    if audit.differences:
        yield _on_resolved(audit.differences)
    yield _on_certainty(audit.ranks)
    yield _on_observations(audit.observations)


def _printed(figures: Sequence[PrintedFigure]) -> Iterator[RenderableType]:
    wrong = [of for of in figures if not of.follows]
    yield f"{_on_printed(figures)}{':' if wrong else '.'}"
    for of in wrong:
        where = of.row if of.row == of.figure else f"{of.row}, {LABELS[of.figure]}"
        text = f"  {of.setting}: {where}: printed {of.printed}, the matrix gives {of.expected}"
        yield Text(text, style="red")


def _on_printed(figures: Sequence[PrintedFigure]) -> str:
    if not figures:
        return "The file holds no printed figures"
    wrong = sum(not of.follows for of in figures)
    if not wrong:
        return f"All {len(figures):,} printed figures match the matrices"
    verb = "doesn't" if wrong == 1 else "don't"
    return f"{wrong:,} of {len(figures):,} printed figures {verb} match the matrices"


def _setting(audit: Audit, network: Network) -> Iterator[RenderableType]:
    yield _heading(f"{network.setting}: one trained network")
    yield (
        f"{network.right:,} of {network.images:,} images correct: accuracy "
        f"{network.accuracy:.4f}, 95 % interval {network.low:.4f} to {network.high:.4f}"
    )
    yield _classes(network)
    yield _on_ends([of for of in audit.ends if of.setting == network.setting])
    yield from (_on_rank(of) for of in audit.ranks if of.setting == network.setting)


def _classes(network: Network) -> Table:
    table = _table("class", "correct", "recall", "95 % interval", "precision", "F1")
    for of in network.classes:
        table.add_row(
            Text(of.name),
            f"{of.right:,} of {of.support:,}",
            f"{of.recall:.3f}",
            f"{of.low:.3f} to {of.high:.3f}",
            f"{of.precision:.3f}",
            f"{of.f1:.3f}",
        )
    for name, mean in zip(AVERAGES, (network.macro, network.weighted), strict=True):
        table.add_row(name, "", f"{mean.recall:.3f}", "", f"{mean.precision:.3f}", f"{mean.f1:.3f}")
    return table


def _on_ends(ends: Sequence[Ends]) -> str:
    best = _by_metrics((of.best, of.metric) for of in ends)
    worst = _by_metrics((of.worst, of.metric) for of in ends)
    return f"Best: {best}. Worst: {worst}."


def _by_metrics(ends: Iterable[tuple[Sequence[str], str]]) -> str:
    """Classes with the metrics they hold by: "dog by recall and F1, cat by precision"."""
    metrics: defaultdict[str, list[str]] = defaultdict(list)
    for names, metric in ends:
        metrics[listed(names)].append(LABELS[metric])
    return ", ".join(f"{names} by {listed(by)}" for names, by in metrics.items())


def _on_rank(rank: Rank) -> str:
    end = f"{rank.extreme.capitalize()} by recall: {rank.first}"
    if rank.gap == 0:
        return f"{end} and {rank.second} tie."
    significant = "significant" if rank.certain else "not significant"
    p = f"{p_in_words(rank.p)}, adjusted {p_value(rank.p_adjusted)}"
    return f"{end}, then {rank.second}: {significant} ({p})."


def _two_networks(audit: Audit) -> Iterator[RenderableType]:
    yield _heading(f"Two trained networks: each against {audit.networks[0].setting}")
    table = _table("variation", "points", "95 % interval", "p", "p if paired")
    for difference in audit.differences:
        of = difference.networks
        table.add_row(
            Text(difference.variation),
            _points(of.estimate),
            f"{_points(of.low)} to {_points(of.high)}",
            p_value(of.p),
            " to ".join(map(p_value, of.paired_p)) if of.paired_p else "not paired",
        )
    yield table
    same = any(of.networks.paired_p for of in audit.differences)
    different = f"{UNPAIRED}, which is the case here: the test sets differ."
    yield f"{UNPAIRED}. {SAME_IMAGES}" if same else different


def _two_settings(audit: Audit) -> Iterator[RenderableType]:
    yield _heading("Two settings: what one run of each can show")
    yield (
        "Another seed would have given other accuracies. "
        f"{SPREADS[audit.spread.source]}: over seeds, the difference of two settings has a "
        f"standard deviation of {_in_points(audit.spread.value)}. By chance alone, one run of "
        f"each then differs by more than {_in_points(audit.smallest_resolvable)} in 5 % of cases."
    )
    table = _table("variation", "points", "p", "adjusted", "significant", "seeds needed")
    for difference in audit.differences:
        of = difference.training
        table.add_row(
            Text(difference.variation),
            _points(difference.networks.estimate),
            p_value(of.p),
            p_value(of.p_adjusted),
            "yes" if of.resolved else "no",
            str(of.seeds),
        )
    yield table
    yield _on_resolved(audit.differences)
    comparisons = len(audit.differences)
    level = f"0.05 / {comparisons} comparisons" if comparisons > 1 else "0.05"
    yield (
        f"A true difference of one point would take {audit.seeds_for_a_point} seeds. Seeds needed "
        "are paired seeds of each setting: with so many, the paired t test at level "
        f"{level} finds the difference with probability 0.8, if it is the true one."
    )


def _on_resolved(differences: Sequence[Difference]) -> str:
    resolved = [of.variation for of in differences if of.training.resolved]
    if len(resolved) == len(differences):
        return "With one run each, every difference in accuracy is significant."
    if resolved:
        return f"With one run each, only the difference of {listed(resolved)} is significant."
    return "With one run each, no difference in accuracy is significant."


def _observations(observations: Sequence[Checked]) -> Iterator[RenderableType]:
    unchecked: defaultdict[str, list[Checked]] = defaultdict(list)
    for of in observations:
        if of.why:
            unchecked[of.why].append(of)
            continue
        yield Text.assemble(f"{of.id}: {of.says} ", (of.outcome.capitalize(), STYLES[of.outcome]))
        yield from (_indented(_on_ranked(ranked)) for ranked in of.rankings)
    for why, alike in unchecked.items():
        yield Text.assemble(("Not checked", "yellow"), f": {why}.")
        yield from (_indented(f"{of.id}: {of.says}") for of in alike)


def _on_ranked(ranked: Ranked) -> str:
    fails = listed([f"{of.setting} ({', '.join(of.found)})" for of in ranked.fails])
    text = f"{ranked.extreme.capitalize()} by {LABELS[ranked.metric]}: {listed(ranked.classes)}"
    text += f"; fails in {fails}" if fails else ""
    return f"{text}; holds in {listed(ranked.holds)}." if ranked.holds else f"{text}."


def _on_certainty(ranks: Sequence[Rank]) -> str:
    certain = sum(rank.certain for rank in ranks)
    return (
        f"{certain or 'None'} of the {len(ranks)} best and worst classes by recall "
        f"{'differ' if certain > 1 else 'differs'} significantly from the next one."
    )


def _on_observations(observations: Sequence[Checked]) -> str:
    if not observations:
        return "The file holds no observations."
    counts = Counter(of.outcome for of in observations)
    parts = [f"{counts[outcome]} {outcome}" for outcome in get_args(Outcome) if counts[outcome]]
    return f"Observations: {', '.join(parts)}."


def _points(difference: float) -> str:
    return f"{100 * difference:+z.2f}"


def _in_points(difference: float) -> str:
    number = f"{100 * difference:.3g}"
    return f"{number} point" if number == "1" else f"{number} points"


def _indented(text: str) -> Padding:
    return Padding(Text(text), (0, 0, 0, 2))


def _heading(text: str) -> Text:
    return Text(f"\n{text}", style="bold")


def _table(first: str, *others: str) -> Table:
    table = Table(first, box=SIMPLE_HEAD)
    for name in others:
        table.add_column(name, justify="right")
    return table
