"""The state of Hugging Face's Trainer."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from sources.reading import curve, found, one


def state(folder: Path, steps: int, most: int = 4, **more: Any) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    history: list[dict[str, float]] = [
        {"epoch": s / 2, "step": s, "loss": 1 / s, "grad_norm": math.nan}
        for s in range(1, steps + 1)
    ]
    history.append({"epoch": steps / 2, "step": steps, "eval_accuracy": 0.5})
    text = json.dumps(
        {"global_step": steps, "max_steps": most, "log_history": history, "trial_params": None}
        | more
    )
    (folder / "trainer_state.json").write_text(text)


def test_checkpoints_repeat_the_run_and_the_longest_counts(tmp_path: Path) -> None:
    run_folder = tmp_path / "out" / "lr1"
    for steps in (2, 4, 10):
        state(run_folder / f"checkpoint-{steps}", steps, most=10)
    state(run_folder, 3, most=10)
    (run_folder / "training_args.bin").write_bytes(b"\x80\x04.")
    run = one(tmp_path)
    assert run.name.endswith("out/lr1") and run.status == "finished"
    assert curve(run, "loss") == [(s, 1 / s) for s in range(1, 11)]
    assert curve(run, "eval_accuracy") == [(10, 0.5)] and "epoch" not in run.metrics
    assert math.isnan(run.metrics["grad_norm"].values[0])
    assert all(file.name == "trainer_state.json" for file in run.files) and len(run.files) == 4


def test_a_run_that_stopped_short_is_not_known_to_have_finished(tmp_path: Path) -> None:
    state(tmp_path / "a", 2)
    state(tmp_path / "b", 2, log_history=[{"step": 2, "train_runtime": 3.5, "train_loss": 1}])
    state(tmp_path / "c", 2, trial_params={"lr": 0.1}, trial_name="t", max_steps=9)
    stopped, early, trial = found(tmp_path)
    assert (stopped.status, early.status) == ("unknown", "finished")
    assert trial.config == {"max_steps": 9, "lr": 0.1} and trial.title == "t"


def test_a_torn_checkpoint_is_lost_and_the_one_before_it_is_read(tmp_path: Path) -> None:
    state(tmp_path / "checkpoint-2", 2)
    (tmp_path / "checkpoint-4").mkdir()
    (tmp_path / "checkpoint-4" / "trainer_state.json").write_text('{"global_step": 4, "log_h')
    run = one(tmp_path)
    assert len(curve(run, "loss")) == 2 and "checkpoint-4" in run.lost[0]


@pytest.mark.parametrize(
    "history",
    [3, [3, None], [{"step": "x", "loss": 1}], [{"step": True}], [{"step": 1, "loss": [1]}]],
)
def test_a_history_of_another_kind_is_lost_in_words(history: Any, tmp_path: Path) -> None:
    state(tmp_path, 1, log_history=history)
    run = one(tmp_path)
    assert not run.metrics and run.lost


def test_the_library_writes_what_is_read(tmp_path: Path) -> None:
    library: Any = pytest.importorskip("transformers", reason="needs transformers")
    own = library.TrainerState(global_step=2, max_steps=2, num_train_epochs=1)
    own.log_history = [{"loss": 0.1, "step": 1}, {"loss": math.nan, "step": 2}]
    own.save_to_json(str(tmp_path / "trainer_state.json"))
    run = one(tmp_path)
    assert run.status == "finished" and curve(run, "loss")[0] == (1, 0.1)
    assert math.isnan(run.metrics["loss"].values[1]) and run.config["num_train_epochs"] == 1
