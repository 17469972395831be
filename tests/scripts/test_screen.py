"""What a study of scripts shows while its runs print."""

from __future__ import annotations

import pytest

from paribus.cli.screen import Screen
from paribus.events import RunEnded, RunPrinted, TrainingBegins


def test_lines_stand_behind_their_run_and_those_left_out_are_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Screen() as screen:
        screen.show(RunPrinted("more", 3, ("loss 0.5", "[red]loss 0.4"), 7))
    assert capsys.readouterr().err.splitlines() == [
        "more, seed 3 | ... 7 lines not shown",
        "more, seed 3 | loss 0.5",
        "more, seed 3 | [red]loss 0.4",
    ]


def test_hundreds_of_runs_that_print_at_once_do_not_flood_the_screen(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Screen() as screen:
        for seed in range(500):
            screen.show(RunPrinted("more", seed, ("at work",), 0))
        screen.show(RunEnded("more", 1, "failed", 1.0, "it ended with exit code 1"))
    lines = capsys.readouterr().err.splitlines()
    assert 0 < sum("at work" in line for line in lines) < 100
    assert "failed. it ended with exit code 1" in lines[-1]


def test_runs_are_counted_where_nothing_tells_of_epochs(capsys: pytest.CaptureFixture[str]) -> None:
    with Screen() as screen:
        screen.show(TrainingBegins(4, 2, 0, 2))
        screen.show(RunEnded("more", 1, "finished", 1.0, ""))
    assert "2 runs to train in 2 processes, 2 of 4 already done" in capsys.readouterr().err
