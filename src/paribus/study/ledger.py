"""What was planned and when results were seen: an append-only file beside the results.

`ledger.jsonl` has one JSON object a line, which anyone can read:

- `declared`: the plan before the first run (seeds or looks, primary metric, margin, pairing, own
  metrics, the baseline's settings, variations, claims); `found` instead, where there were runs
  before there was a ledger.
- `changed`: what a later `paribus run` changed of it, each from and to (null: not there).
- `restarted`: a later run declared another plan under which no earlier run counts, as after a
  quick try of a few epochs.
- `looked`: results were shown: by `paribus run` at its end, or with `--open` while it trains; by
  `paribus report`, `check` or `failures`, or in Python by `read_results`. Only looks at other
  runs, or after a change, are added. `status`, `verify` and `plan` show no results.

`runs` counts the runs that had ended by then, of all settings. Each line ends with the SHA-256 of
the last line's and of its own text, so that a line that is damaged, changed or removed is found;
not so the removal of the last lines, or all sums made again.
"""

import errno
import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal

from paribus.errors import DiskError
from paribus.io.disk import append_whole
from paribus.io.reading import UnfitError, read_inside
from paribus.io.strict_json import dumps, loads
from paribus.study.found import FoundStudy
from paribus.study.sections import MOST
from paribus.study.spec import Question, Study

LEDGER = "ledger.jsonl"
#: Bytes of a ledger, far above any that Paribus writes; of a larger one nothing is known.
LARGEST_LEDGER = 1 << 24
#: Characters of a key, far above any name's.
LONGEST_KEY = 500

By = Literal["run", "report", "read"]
Plan = Mapping[str, Any]


@dataclass(frozen=True)
class Change:
    """One thing of a plan that was changed, after so many runs had been `seen`.

    `key` is a name of `plan_of`; None is what wasn't or isn't there.
    """

    key: str
    before: Any
    after: Any
    seen: int


@dataclass(frozen=True)
class Ledger:
    """What a ledger says.

    Attributes:
        plan: as it is now; empty where nothing is known.
        planned: it was declared before the first run.
        changes: those made after results had been seen, the oldest first.
        seen: how many runs had ended at the last look.
        looked_at: the plan of the last look is the present one.
        earlier: how many runs of a plan that was given up had been seen; none of them counts now.
        cut_short: how many lines a kill cut short.
        damaged: the first line, from 1, that isn't as it was written; 0 if all are.
    """

    plan: Plan = field(default_factory=dict)
    planned: bool = False
    changes: tuple[Change, ...] = ()
    seen: int = 0
    looked_at: bool = False
    earlier: int = 0
    cut_short: int = 0
    damaged: int = 0

    @property
    def known(self) -> bool:
        """Whether it says what was planned before the first run."""
        return self.planned and not self.damaged

    @property
    def seeds_changed(self) -> bool:
        """Whether the number of seeds, or when to stop, was changed after results had been seen."""
        return any(change.key == "seeds" for change in self.changes)


#: Of folders that have none.
NO_LEDGER = Ledger()


def plan_of(study: Question) -> dict[str, Any]:
    """What a study declares, by name: `seeds`, `margin`, `variations.l2`, `claims.c1`, `epochs`."""
    whole = study.model_dump(mode="json", exclude={"name", "asked", "asked_paired"})
    if isinstance(study, FoundStudy):
        # More runs are more seeds; another choice among those that there were is not.
        whole["seeds"] = {"runs": whole.pop("ended")}
        whole |= {f"compare.{key}": value for key, value in whole.pop("compare").items()}
    claims = {claim["id"]: claim for claim in whole.pop("claims")}
    nested = {"claims": claims, **{key: whole.pop(key) for key in ("variations", "metrics")}}
    below = {f"{key}.{name}": each for key, of in nested.items() for name, each in of.items()}
    return {**whole, **below}


def read_ledger(out: Path) -> Ledger:
    """What the ledger of a folder says; `NO_LEDGER` where there is none.

    Raises:
        ReadError: it can't be read now.
    """
    try:
        return _read(read_inside(out / LEDGER, out, LARGEST_LEDGER))
    except UnfitError as error:
        return NO_LEDGER if error.errno == errno.ENOENT else replace(NO_LEDGER, damaged=1)


def holds_anytime(study: Question, ledger: Ledger) -> bool:
    """Whether tests must hold however often results were looked at.

    So they must where seeds come one by one, where their number or the looks were changed after
    results had been seen, and with looks of unpaired seeds, for which there are no levels.
    """
    unpaired_looks = study.looks is not None and not study.paired
    return study.one_by_one or ledger.seeds_changed or unpaired_looks


def declare(
    out: Path,
    study: Question,
    runs: int,
    earlier: Question | None = None,
    *,
    counting: int | None = None,
) -> Ledger:
    """Write down what a study plans, if that isn't what the ledger says; before anything trains.

    Args:
        runs: how many runs have ended.
        counting: how many of them count under this study; all by default.
        earlier: the study whose runs lie there already, for a folder that has no ledger yet.

    Raises:
        DiskError: it can't be written.
    """
    if earlier is not None and not (out / LEDGER).exists():
        found = {"event": "found", "runs": runs, "plan": plan_of(earlier)}
        _append(out, lambda content: None if content else _line(found, content))
    _append(
        out, partial(_declaration, plan_of(study), runs, runs if counting is None else counting)
    )
    return read_ledger(out)


def note_look(out: Path, runs: int, by: By) -> None:
    """Write down that results of so many runs are looked at, unless the ledger says so already.

    A folder without a ledger gets none, and where nothing can be written nothing is: whoever reads
    results must be able to, wherever they lie.
    """
    if not (out / LEDGER).exists():
        return
    with suppress(DiskError):
        _append(out, partial(_look, runs, by))


def _append(out: Path, make: Callable[[bytes], bytes | None]) -> None:
    append_whole(out / LEDGER, make, LARGEST_LEDGER)


def _declaration(plan: Plan, runs: int, counting: int, content: bytes) -> bytes | None:
    ledger = _read(content)
    if not ledger.plan:
        return _line({"event": "declared", "runs": runs, "plan": plan}, content)
    changes = {
        key: [ledger.plan.get(key), plan.get(key)]
        for key in {**ledger.plan, **plan}
        if ledger.plan.get(key) != plan.get(key)
        and not (key not in ledger.plan and _is_default(key, plan[key]))
    }
    if not changes:
        return None
    if ledger.seen and not counting:
        again = {"event": "restarted", "runs": runs, "seen": ledger.seen, "plan": plan}
        return _line(again, content)
    entry = {"event": "changed", "runs": runs, "seen": ledger.seen, "changes": changes}
    return _line(entry, content)


def _is_default(key: str, value: Any) -> bool:
    """Whether a key says nothing new: one that the Paribus which began the ledger didn't have."""
    declared = {**FoundStudy.model_fields, **Study.model_fields}.get(key)
    return declared is not None and not declared.is_required() and declared.get_default() == value


def _look(runs: int, by: By, content: bytes) -> bytes | None:
    ledger = _read(content)
    if not ledger.plan or (ledger.looked_at and runs == ledger.seen):
        return None
    return _line({"event": "looked", "runs": runs, "by": by}, content)


def _line(entry: Mapping[str, Any], content: bytes) -> bytes | None:
    """A line to add; None where the ledger is full."""
    sums = [of["sum"] for _, _, of in _lines(content) if isinstance(of, dict) and "sum" in of]
    now = datetime.now(UTC).isoformat(timespec="seconds")
    text = dumps({"time": now, **entry})
    line = f'{text[:-1]}, "sum": "{_sum(sums[-1] if sums else "", text)}"}}'.encode()
    return line if len(content) + len(line) < LARGEST_LEDGER else None


def _sum(before: Any, text: str) -> str:
    return hashlib.sha256(f"{before}{text}".encode()).hexdigest()


def _lines(content: bytes) -> Iterator[tuple[int, str, Any]]:
    """Each line with its number, text and value; of what isn't JSON the value is None."""
    for number, line in enumerate(content.split(b"\n"), start=1):
        if line:
            value = None
            with suppress(ValueError, RecursionError):
                value = loads(line)
            yield number, line.decode(errors="replace"), value


def _read(content: bytes) -> Ledger:
    ledger, before, last = NO_LEDGER, "", content.count(b"\n")
    for number, line, entry in _lines(content):
        # A line that was cut short has no end, or one that the next line gave it.
        if entry is None and number != last:
            ledger = replace(ledger, cut_short=ledger.cut_short + 1)
            continue
        try:
            ledger = _followed(ledger, entry)
            text = line.removesuffix(f', "sum": "{entry["sum"]}"}}') + "}"
            whole = entry["sum"] == _sum(before, text)
            before = entry["sum"]
        except (LookupError, TypeError, ValueError, AttributeError):
            whole = False
        if not whole and not ledger.damaged:
            ledger = replace(ledger, damaged=number)
    return ledger


def _followed(ledger: Ledger, entry: Mapping[str, Any]) -> Ledger:
    """The ledger with one more line; what the line lacks raises what Python raises."""
    runs = _count(entry["runs"])
    match entry["event"]:
        case "declared" | "found" as event if not ledger.plan:
            seen = runs if event == "found" else 0  # nobody knows whether they were
            planned = event == "declared" and runs == 0
            return replace(ledger, plan=dict(entry["plan"].items()), planned=planned, seen=seen)
        case "restarted":
            seen = ledger.earlier + ledger.seen
            plan = dict(entry["plan"].items())
            return Ledger(
                plan, True, earlier=seen, cut_short=ledger.cut_short, damaged=ledger.damaged
            )
        case "changed":
            changed = {_key(key): (of[0], of[1]) for key, of in entry["changes"].items()}
            plan = {**ledger.plan, **{key: after for key, (_, after) in changed.items()}}
            later = [Change(key, *of, ledger.seen) for key, of in changed.items() if ledger.seen]
            plan = {key: value for key, value in plan.items() if value is not None}
            return replace(ledger, plan=plan, changes=(*ledger.changes, *later), looked_at=False)
        case "looked":
            return replace(ledger, seen=max(ledger.seen, runs), looked_at=True)
    raise ValueError(f"expected an event of a ledger, got {entry['event']!r}")


def _key(key: str) -> str:
    if len(key) > LONGEST_KEY:
        raise ValueError(f"expected keys of at most {LONGEST_KEY} characters, got {len(key)}")
    return key


def _count(number: Any) -> int:
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= MOST:
        raise ValueError(f"expected a number of runs, got {number!r}")
    return number
