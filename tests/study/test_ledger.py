"""What was planned and when results were seen: a file that only grows."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from paribus.errors import DiskError
from paribus.study.ledger import (
    LARGEST_LEDGER,
    LEDGER,
    Change,
    declare,
    holds_anytime,
    note_look,
    plan_of,
    read_ledger,
)
from paribus.study.spec import Study
from synthetic import make_study


def study(**changes: object) -> Study:
    return Study.model_validate(make_study(seeds=5, epochs=2).model_dump() | changes)


def lines(out: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (out / LEDGER).read_text().splitlines()]


def test_the_plan_is_written_before_the_first_run_and_nothing_more_if_it_is_kept(
    tmp_path: Path,
) -> None:
    declare(tmp_path, study(), 0)
    ledger = declare(tmp_path, study(), 15)
    assert [line["event"] for line in lines(tmp_path)] == ["declared"]
    assert lines(tmp_path)[0]["plan"] == json.loads(json.dumps(plan_of(study())))
    assert ledger.known
    assert ledger.changes == ()


def test_what_changes_after_a_look_is_known_with_the_runs_that_were_seen(tmp_path: Path) -> None:
    declare(tmp_path, study(), 0)
    note_look(tmp_path, 15, "run")
    changed = study(seeds=10, margin=0.02, variations={"l2": {"optimizer.lr": 0.1}})
    ledger = declare(tmp_path, changed, 15)
    assert sorted(ledger.changes, key=lambda change: change.key) == [
        Change("margin", 0.01, 0.02, 15),
        Change("seeds", 5, 10, 15),
        Change("variations.batch-norm", {"network.batch_norm": True}, None, 15),
        Change("variations.l2", {"optimizer.weight_decay": 1e-5}, {"optimizer.lr": 0.1}, 15),
    ]
    assert ledger.seeds_changed
    assert ledger.plan == plan_of(changed)


def test_what_changes_before_anybody_looked_is_planned(tmp_path: Path) -> None:
    declare(tmp_path, study(), 0)
    ledger = declare(tmp_path, study(seeds=10), 15)
    assert [line["event"] for line in lines(tmp_path)] == ["declared", "changed"]
    assert ledger.known
    assert ledger.changes == ()


def test_a_change_that_is_taken_back_stays_written_down(tmp_path: Path) -> None:
    declare(tmp_path, study(), 0)
    note_look(tmp_path, 15, "run")
    declare(tmp_path, study(seeds=10), 15)
    ledger = declare(tmp_path, study(), 30)
    assert [change.after for change in ledger.changes] == [10, 5]
    assert ledger.seeds_changed


def test_a_plan_under_which_no_run_counts_is_a_new_one_and_the_old_is_not_forgotten(
    tmp_path: Path,
) -> None:
    declare(tmp_path, study(seeds=1), 0)
    note_look(tmp_path, 3, "run")
    ledger = declare(tmp_path, study(epochs=9), 3, counting=0)
    assert [line["event"] for line in lines(tmp_path)] == ["declared", "looked", "restarted"]
    assert (ledger.known, ledger.changes, ledger.seen, ledger.earlier) == (True, (), 0, 3)
    note_look(tmp_path, 15, "run")
    assert declare(tmp_path, study(epochs=9, seeds=6), 15).changes == (Change("seeds", 5, 6, 15),)


def test_a_look_at_the_same_runs_is_written_down_once(tmp_path: Path) -> None:
    declare(tmp_path, study(), 0)
    for runs in (6, 6, 9, 9):
        note_look(tmp_path, runs, "read")
    declare(tmp_path, study(margin=0.02), 9)
    note_look(tmp_path, 9, "report")  # under another plan: a look of its own
    assert [line.get("by", line["event"]) for line in lines(tmp_path)] == [
        *("declared", "read", "read", "changed", "report"),
    ]


def test_a_folder_without_a_ledger_says_so_and_gets_none_by_reading(tmp_path: Path) -> None:
    note_look(tmp_path, 6, "read")
    assert not (tmp_path / LEDGER).exists()
    assert not read_ledger(tmp_path).known


def test_runs_that_were_there_before_count_as_seen_and_their_plan_as_not_known(
    tmp_path: Path,
) -> None:
    ledger = declare(tmp_path, study(seeds=10), 15, earlier=study())
    assert not ledger.known
    assert ledger.changes == (Change("seeds", 5, 10, 15),)


def test_a_line_that_a_kill_cut_short_is_survived_and_counted(tmp_path: Path) -> None:
    declare(tmp_path, study(), 0)
    with (tmp_path / LEDGER).open("ab") as file:
        file.write(b'{"time": "2026-11-')
    cut = read_ledger(tmp_path)
    assert (cut.known, cut.cut_short) == (True, 1)
    note_look(tmp_path, 15, "run")
    after = read_ledger(tmp_path)
    assert (after.known, after.cut_short, after.seen) == (True, 1, 15)


@pytest.mark.parametrize("change", [('"seen": 15', '"seen": 0'), ('"runs": 15', '"runs": 16')])
def test_a_line_that_was_changed_or_removed_is_found(
    tmp_path: Path, change: tuple[str, str]
) -> None:
    declare(tmp_path, study(), 0)
    note_look(tmp_path, 15, "run")
    declare(tmp_path, study(seeds=10), 15)
    note_look(tmp_path, 30, "run")
    whole = (tmp_path / LEDGER).read_text()
    (tmp_path / LEDGER).write_text(whole.replace(*change))
    changed = read_ledger(tmp_path)
    assert changed.damaged
    assert not changed.known
    (tmp_path / LEDGER).write_text("".join(whole.splitlines(keepends=True)[:1] * 2))
    assert read_ledger(tmp_path).damaged == 2


def test_a_flipped_bit_is_found_in_every_line(tmp_path: Path) -> None:
    declare(tmp_path, study(), 0)
    note_look(tmp_path, 15, "run")
    whole = (tmp_path / LEDGER).read_bytes()
    ends = [whole.index(b"\n"), len(whole) - 1]
    for at in (*range(0, len(whole) - 1, 97), *(end - 5 for end in ends)):
        flipped = bytearray(whole)
        flipped[at] ^= 1
        (tmp_path / LEDGER).write_bytes(flipped)
        assert not read_ledger(tmp_path).known, at


@pytest.mark.parametrize(
    "content",
    [
        b"[]\n",
        b'{"event": "looked"}\n',
        b'{"event": "declared", "runs": 0, "plan": 3, "sum": ""}\n',
        b'{"event": "changed", "runs": 0, "changes": {"seeds": 1}, "sum": ""}\n',
        b'{"event": "looked", "runs": -1, "sum": ""}\n',
        b'{"event": "else", "runs": 1, "sum": ""}\n',
        b'{"event": "looked", "runs": 1' + 4000 * b"0" + b', "sum": ""}\n',
        b'{"event": "changed", "runs": 0, "changes": {"' + 9999 * b"k" + b'": [1, 2]}, "sum": ""}',
        b"null\n\xff\xfe\n" + b"[" * 5000,
    ],
)
def test_a_strangers_ledger_says_nothing_and_breaks_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / LEDGER).write_bytes(content)
    assert not read_ledger(tmp_path).known
    note_look(tmp_path, 3, "read")


def test_a_ledger_that_is_too_large_is_neither_read_nor_written(tmp_path: Path) -> None:
    with (tmp_path / LEDGER).open("wb") as file:
        file.truncate(LARGEST_LEDGER + 1)
    assert read_ledger(tmp_path).damaged
    note_look(tmp_path, 3, "read")
    assert (tmp_path / LEDGER).stat().st_size == LARGEST_LEDGER + 1


def test_a_link_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("")
    (tmp_path / LEDGER).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DiskError):
        declare(tmp_path, study(), 0)
    assert (tmp_path / "elsewhere").read_text() == ""


def test_a_line_is_written_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(tmp_path, study(), 0)
    before, write = (tmp_path / LEDGER).read_bytes(), os.write

    def fill(handle: int, content: bytes) -> int:
        if len(content) < 100:
            raise OSError(28, "No space left on device")
        return write(handle, content[: len(content) // 2])

    monkeypatch.setattr("paribus.io.disk.os.write", fill)
    with pytest.raises(DiskError, match="No space left"):
        declare(tmp_path, study(seeds=10), 15)
    note_look(tmp_path, 15, "read")  # a reader isn't stopped by it
    assert (tmp_path / LEDGER).read_bytes() == before


def test_a_key_that_an_older_paribus_did_not_have_is_no_change(tmp_path: Path) -> None:
    declare(tmp_path, study(), 0)
    text = (tmp_path / LEDGER).read_text()
    (tmp_path / LEDGER).write_text(text.replace('"paired": true, ', ""))
    note_look(tmp_path, 15, "run")
    assert declare(tmp_path, study(), 15).changes == ()
    assert len(declare(tmp_path, study(paired=False), 15).changes) == 1


def test_tests_hold_at_any_time_where_the_plan_does_not() -> None:
    looks, most = ({"until": "decided", **how} for how in ({"looks": [5, 8]}, {"most": 9}))
    fixed = read_ledger(Path("nowhere"))
    assert holds_anytime(study(seeds=most), fixed)
    assert not holds_anytime(study(seeds=looks), fixed)
    assert holds_anytime(study(seeds=looks, paired=False), fixed)
    assert not holds_anytime(study(paired=False), fixed)
