"""What was planned before results were seen, and what was changed later, in words."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from paribus.comparison.compare import Comparison
from paribus.narrative.words import listed
from paribus.study.claims import Claim
from paribus.study.faults import short
from paribus.study.ledger import LEDGER, Change, Ledger
from paribus.study.spec import Question

PLANNED, NOT_KNOWN = "planned", "not known what was planned"

#: Changes that one sentence names; of more it says how many.
MOST_NAMED = 4
#: Parts of a plan that have names of their own.
_PARTS = {"variations": "variation", "claims": "claim", "metrics": "metric"}
#: Keys that touch the primary metric alone.
_OF_PRIMARY = {"primary", "margin"}


def on_verdict(ledger: Ledger, study: Question, c: Comparison) -> str:
    """Beside a comparison's verdict: "planned", "changed after ..." or that it isn't known."""
    return _standing(ledger, [x for x in ledger.changes if _touches(x, study, c)])


def on_claim(ledger: Ledger, claim: Claim) -> str:
    """The same beside the verdict on a claim."""
    touching = [
        change
        for change in ledger.changes
        if not change.key.startswith("claims.") or change.key == f"claims.{claim.id}"
    ]
    return _standing(ledger, touching)


def on_ledger(ledger: Ledger) -> str:
    """A sentence on a whole study: what its ledger says of the plan."""
    cut = ""
    if ledger.cut_short:
        lines = "A line" if ledger.cut_short == 1 else f"{ledger.cut_short} lines"
        cut = f" {lines} of {LEDGER} {'was' if lines == 'A line' else 'were'} cut short by a kill."
    if ledger.damaged:
        return (
            f"It is not known what was planned: {LEDGER} isn't as it was written, from line "
            f"{ledger.damaged} on.{cut}"
        )
    if not ledger.plan:
        return f"It is not known what was planned before the first run: there is no {LEDGER}."
    if not ledger.planned:
        begun = f"there were runs before {LEDGER} was begun"
        first = f"It is not known what was planned before the first run: {begun}."
    else:
        first = f"What was planned before the first run, and all changes of it, are in {LEDGER}."
    if ledger.earlier:
        runs = "1 run" if ledger.earlier == 1 else f"{ledger.earlier:,} runs"
        first += (
            f" It was declared after {runs} of another plan had been seen, of which none counts."
        )
    if not ledger.changes:
        unchanged = " Nothing was changed after results had been seen." if ledger.planned else ""
        return f"{first}{unchanged}{cut}"
    return f"{first} {_sentence(ledger.changes)}{cut}"


def on_changes(ledger: Ledger, before: int, study: Question) -> str:
    """Before training: what is changed now though results have been seen; "" if nothing is.

    `before`: so many changes of the ledger are older.
    """
    new = ledger.changes[before:]
    if not new:
        return ""
    sentences = [_sentence(new), "The report says so beside every verdict that this touches."]
    if any(change.key == "seeds" for change in new) and not study.one_by_one:
        sentences.append(
            "All p values and intervals are from now on those of a test that holds however often "
            "one looks; it needs more seeds than a test whose seeds are declared and kept. If this "
            "is another question, give it a folder of its own (--out)."
        )
    return " ".join(sentences)


def _standing(ledger: Ledger, touching: Sequence[Change]) -> str:
    if touching:
        return _clause(touching)
    return PLANNED if ledger.known else NOT_KNOWN


def _touches(change: Change, study: Question, c: Comparison) -> bool:
    part, _, name = change.key.partition(".")
    if part == "claims":
        return False
    if part == "variations":
        # One that is left out no longer counts among those adjusted together.
        return name == c.variation or change.after is None
    if part == "metrics":
        return name == c.metric.name
    return part not in _OF_PRIMARY or c.metric.name == study.primary


def _sentence(changes: Sequence[Change]) -> str:
    clause = _clause(changes)
    return f"{clause[0].upper()}{clause[1:]}."


def _clause(changes: Sequence[Change]) -> str:
    """Like "changed after 10 runs had been seen: seeds 5 -> 10"."""
    by_seen: dict[int, list[Change]] = {}
    for change in changes:
        by_seen.setdefault(change.seen, []).append(change)
    return "; ".join(
        f"changed after {_runs(seen)} been seen: {listed(_named(of))}"
        for seen, of in by_seen.items()
    )


def _runs(seen: int) -> str:
    return "1 run had" if seen == 1 else f"{seen:,} runs had"


def _named(changes: Sequence[Change]) -> list[str]:
    first = [_change(change) for change in changes[:MOST_NAMED]]
    more = len(changes) - MOST_NAMED
    return [*first, *[f"{more} more"] * (more > 0)]


def _change(change: Change) -> str:
    part, _, name = change.key.partition(".")
    if part in _PARTS and name:
        how = "changed"
        if change.before is None or change.after is None:
            how = "added" if change.before is None else "left out"
        return f"{_PARTS[part]} {name} {how}"
    return f"{change.key} {_value(change.before)} -> {_value(change.after)}"


def _value(value: Any) -> str:
    match value:
        case None:
            return "none"
        case {"most": int(most)}:
            return f"until decided, at most {most}"
        case {"looks": [*looks]}:
            return f"looks at {', '.join(map(str, looks))}"
        case bool():
            return "true" if value else "false"
        case Mapping():
            return _short(f"{key} {_value(of)}" for key, of in value.items())
        case str() | int() | float():
            return short(value)[:60] if isinstance(value, str) else f"{value}"
    return short(value)


def _short(parts: Iterable[str]) -> str:
    text = ", ".join(parts)
    return f"({text if len(text) <= 60 else f'{text[:57]}...'})"
