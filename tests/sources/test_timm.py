"""timm's summary.csv and args.yaml."""

from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest

from sources.reading import curve, found, one

ARGS = "amp: false\nlr: 0.5\nmodel: resnet18\nopt_betas: null\nseed: 42\n"
#: As the library writes it, with a header again where a run resumed.
HEADER = "epoch,train_loss,eval_loss,eval_top1,eval_top5,lr\r\n"
SUMMARY = f"{HEADER}0,2.5,2.25,46.3,80.5,0.1\r\n{HEADER}1,1.5,1.25,50.0,85.0,0.05\r\n"


def test_accuracies_stay_in_per_cent_and_the_schedule_is_no_setting(tmp_path: Path) -> None:
    (tmp_path / "summary.csv").write_text(SUMMARY, newline="")
    (tmp_path / "args.yaml").write_text(ARGS)
    run = one(tmp_path)
    assert curve(run, "eval_top1") == [(0, 46.3), (1, 50.0)]
    assert curve(run, "lr") == [(0, 0.1), (1, 0.05)]
    assert run.config == {
        "amp": False, "lr": 0.5, "model": "resnet18", "opt_betas": None, "seed": 42,
    }  # fmt: skip
    assert not run.lost


def test_a_crashed_run_has_its_arguments_alone_and_a_misfit_row_is_lost(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "args.yaml").write_text(ARGS)
    (tmp_path / "b" / "summary.csv").write_text(f"{HEADER}0,1,2,3,4,5\r\n1,2\r\n", newline="")
    crashed, odd = found(tmp_path)
    assert not crashed.metrics and "crashed" in crashed.notes[0]
    assert curve(odd, "eval_top1") == [(0, 3)] and "1 of 2 rows" in odd.lost[0]


def test_arguments_beside_the_log_of_another_tool_are_not_a_crash(tmp_path: Path) -> None:
    (tmp_path / "args.yaml").write_text(ARGS)
    (tmp_path / "results.csv").write_text("epoch, train/box_loss\n0, 0.5\n1, 0.25\n")
    assert curve(one(tmp_path), "train/box_loss") == [(0, 0.5), (1, 0.25)]


def test_the_library_writes_what_is_read(tmp_path: Path) -> None:
    utils: Any = pytest.importorskip("timm.utils", reason="needs timm")
    for epoch in range(2):
        utils.update_summary(
            epoch,
            OrderedDict(loss=1 / (epoch + 3)),
            OrderedDict(top1=10.1 * epoch),
            str(tmp_path / "summary.csv"),
            lr=0.1,
            write_header=epoch == 0,
        )
    run = one(tmp_path)
    assert curve(run, "train_loss") == [(0, 1 / 3), (1, 1 / 4)]
    assert curve(run, "eval_top1") == [(0, 0.0), (1, 10.1)]
