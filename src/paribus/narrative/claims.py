"""The verdict on a claim in sentences, with the numbers that it rests on."""

from collections import Counter

from paribus.claims.judge import ClaimVerdict, Judged
from paribus.claims.statement import Above, Equivalent, Inside, NotBeyond, Statement, Toward
from paribus.narrative.comparisons import ONE_SEED, on_level
from paribus.narrative.failing import counted_as, failures
from paribus.narrative.numbers import Unit, difference_of, over_seeds, p_in_words, value_of

ONE_NETWORK = "One seed gives one trained network; it says nothing about the way of training."

#: Up to so many statements are all told; of more, the one that decides.
MOST_TOLD = 4

_CONTRARY = {"better": "worse", "worse": "better", "higher": "lower", "lower": "higher"}


def evidence(verdict: ClaimVerdict) -> str:
    """All statements of a claim, or of many the one that decides; then what else to know."""
    if len(verdict.statements) <= MOST_TOLD:
        statements, counted = verdict.statements, ""
    else:
        statements = (verdict.deciding,)
        counts = Counter(judged.verdict for judged in verdict.statements)
        shown = ", ".join(f"{number} {each}" for each, number in sorted(counts.items()))
        counted = f"{len(verdict.statements)} statements: {shown}. The one that decides: "
    notes = [note for judged in statements for note in _notes(judged)]
    rule = verdict.deciding.statement.metric.note
    sentences = [*map(sentence, statements), *dict.fromkeys(notes), rule]
    return counted + " ".join(filter(None, sentences))


def sentence(judged: Judged) -> str:
    """One statement with its numbers: "l2 against main, test loss: -0.2 [-0.3, -0.1] nats ..."."""
    claimed = judged.statement
    shown = _about(claimed)
    if claimed.interval:
        estimate = _unit(claimed).estimate(claimed.interval)
        level = f"{100 * claimed.interval.level:.3g} %"
        shown = f"{shown}: {estimate} ({level}) {over_seeds(claimed.n_seeds)}"
    if claimed.answer is None:
        return f"{shown}: {_why_unanswered(claimed)}"
    if judged.overruled or (claimed.failed and claimed.finished is None):
        return f"{shown}: {_overruled(judged)}"
    return f"{shown}{_outcome(judged)} ({p_in_words(judged.p)}){_too_small(judged)}."


def _overruled(judged: Judged) -> str:
    """Why a statement is undecided that would be decided if failed runs didn't count."""
    claimed = judged.statement
    why = f"{failures(claimed.failed)}, which these numbers leave out"
    if claimed.finished is None or judged.overruled is None:
        return f"undecided, because {why}."
    known = f"{judged.overruled} by the seeds that both finished alone"
    counted = counted_as(claimed.metric)
    return f"undecided, because {why}; {known}, but not with failed runs {counted}."


def _about(claimed: Statement) -> str:
    """The settings or classes, and the metric."""
    label, first = claimed.metric.label, claimed.settings[0]
    match claimed.expected:
        case Above(upper, lower):
            # Classes are ranked in one setting, settings among themselves.
            whose = f"{first}, {label}" if len(claimed.settings) == 1 else label
            return f"{whose}, {upper} minus {lower}" if upper else whose
        case Inside() if len(claimed.settings) == 1:
            return f"{first}, mean {label}"
        case _:
            return f"{first} against {claimed.settings[1]}, {label}"


def _unit(claimed: Statement) -> Unit:
    of_one = isinstance(claimed.expected, Inside) and len(claimed.settings) == 1
    return (value_of if of_one else difference_of)(claimed.metric)


def _outcome(judged: Judged) -> str:
    """What is shown of a statement, as its sentence goes on after the numbers."""
    claimed = judged.statement
    match claimed.expected:
        case Inside(low, high):
            bounds = _unit(claimed).bounds(low, high)
            supported, refuted = f" lies within {bounds}", f" lies outside {bounds}"
            undecided = f" is not shown to lie within {bounds}, nor outside"
        case Above(upper, lower):
            supported = f": {upper} lies above {lower}"
            refuted = f": {upper} lies below {lower}, not above"
            undecided = f": {upper} is not shown to lie above {lower}"
        case Toward() | Equivalent() | NotBeyond():
            expected = _expected(claimed)
            supported, refuted = f": {expected}", f": {_contrary(claimed)}"
            undecided = f": not shown to be {expected}"
    return {"supported": supported, "refuted": refuted, "undecided": undecided}[judged.verdict]


def _expected(claimed: Statement) -> str:
    match claimed.expected:
        case Toward(expect, None):
            return expect
        case Toward(expect, float(by)):
            return f"{expect} by {_unit(claimed).amount(by)} or more"
        case NotBeyond(expect):
            return f"{expect.replace('_', ' ')} by {_amount(claimed)} or more"
        case _:
            return _within_margin(claimed)


def _contrary(claimed: Statement) -> str:
    """What is shown where the expectation is refuted."""
    expected = _expected(claimed)
    match claimed.expected:
        case NotBeyond():
            return expected.removeprefix("not ")
        case Toward(expect, None):
            return f"{_CONTRARY[expect]}, not {expected}"
        case _:
            return f"not {expected}"


def _too_small(judged: Judged) -> str:
    """What else is shown of a direction: that the difference is too small to matter."""
    if not judged.inside_margin:
        return ""
    amount = _amount(judged.statement)
    if judged.verdict == "undecided":
        return f"; it is shown that any difference is smaller than {amount}, the margin"
    return f"; the difference is shown to be smaller than {amount}, the margin"


def _amount(claimed: Statement) -> str:
    """The margin that counts here."""
    assert claimed.metric.margin is not None, "asked only of what has a margin"
    return difference_of(claimed.metric).amount(claimed.metric.margin)


def _within_margin(claimed: Statement) -> str:
    return f"equivalent within {_amount(claimed)}"


def _why_unanswered(claimed: Statement) -> str:
    """Why a statement with fewer than two seeds has no answer."""
    names, alone = claimed.unfinished, len(claimed.settings) == 1
    if claimed.n_seeds == 0 and names:
        return f"{', '.join(names)} {'has' if len(names) == 1 else 'have'} no finished run."
    if claimed.n_seeds == 0:
        return "No run has a value." if alone else "No seed has a value in each."
    if claimed.agreeing is not None:
        holds = "holds" if claimed.agreeing else "does not hold"
        return f"{ONE_NETWORK} It {holds} for that one."
    return ONE_NETWORK if alone else ONE_SEED


def _on_failed(claimed: Statement) -> str:
    return (
        f"{failures(claimed.failed)}. The interval leaves them out; p counts them "
        f"{counted_as(claimed.metric)} where they speak against what is to be shown."
    )


def _notes(judged: Judged) -> list[str]:
    """What else must be known of a statement that has an answer."""
    claimed = judged.statement
    if claimed.answer is None or claimed.interval is None:
        return []
    if claimed.agreeing is not None:
        return [f"The whole ranking holds in {claimed.agreeing} of the {claimed.n_seeds} seeds."]
    notes = on_level(claimed.n_seeds, claimed.interval.level, claimed.wanted_level)
    if claimed.failed and claimed.finished is not None and not judged.overruled:
        notes += [_on_failed(claimed)]
    if not claimed.censored:
        return notes
    values = "1 value is a lower bound"
    if claimed.censored > 1:
        values = f"{claimed.censored} values are lower bounds"
    return [
        *notes,
        f"{values}, since training ended first: the direction is that within the epochs trained, "
        "and a range isn't tested on the side where the true value may be larger.",
    ]
