"""Hydra's jobs: their configuration joins the runs that other readers find beside it."""

import subprocess
import sys
from pathlib import Path

import pytest

from sources.reading import curve, found

SCRIPT = """
import csv, hydra
@hydra.main(version_base=None, config_path="conf", config_name="config")
def main(cfg):
    from hydra.core.hydra_config import HydraConfig
    with open(HydraConfig.get().runtime.output_dir + "/log.csv", "w", newline="") as file:
        csv.writer(file).writerows([["epoch", "loss"], [0, cfg.opt.lr + cfg.seed]])
main()
"""


def job(root: Path, number: int, overrides: str, log: str | None) -> None:
    folder = root / "multirun" / "2026-01-01" / "10-00-00" / str(number)
    (folder / ".hydra").mkdir(parents=True)
    (folder / ".hydra" / "config.yaml").write_text("opt:\n  lr: 0.1\nseed: 3\nmodel:\n  depth: 2\n")
    (folder / ".hydra" / "overrides.yaml").write_text(overrides)
    if log is not None:
        (folder / "log.csv").write_text(log)


def test_the_configuration_joins_the_run_beside_it(tmp_path: Path) -> None:
    job(tmp_path, 0, "- seed=3\n- model=resnet\n", "epoch,loss\n0,0.5\n")
    job(tmp_path, 1, "[]\n", None)
    run, without = found(tmp_path)
    assert run.config == {"model": "resnet", "opt.lr": 0.1, "seed": 3, "model.depth": 2}
    assert curve(run, "loss") == [(0, 0.5)] and run.title == "seed=3 model=resnet"
    assert {file.name for file in run.files} == {"log.csv", "config.yaml", "overrides.yaml"}
    assert not without.metrics and without.config["opt.lr"] == 0.1 and "no runs" in without.notes[0]


def test_all_runs_of_a_job_get_its_configuration_and_keep_their_own(tmp_path: Path) -> None:
    job(tmp_path, 0, "- seed=3\n", None)
    logs = next(tmp_path.rglob(".hydra")).parent / "lightning_logs"
    for number in (0, 1):
        (logs / f"version_{number}").mkdir(parents=True)
        (logs / f"version_{number}" / "hparams.yaml").write_text(f"seed: {number}\n")
        (logs / f"version_{number}" / "metrics.csv").write_text("step,loss\n0,0.5\n")
    runs = found(tmp_path)
    assert [run.config["seed"] for run in runs] == [0, 1]
    assert all(run.config["opt.lr"] == 0.1 for run in runs)


def test_a_configuration_that_is_not_yaml_is_lost(tmp_path: Path) -> None:
    job(tmp_path, 0, "a: [", "epoch,loss\n0,0.5\n")
    (next(tmp_path.rglob(".hydra")) / "config.yaml").write_text("a: [1\n")
    (run,) = found(tmp_path)
    assert curve(run, "loss") == [(0, 0.5)] and len(run.lost) == 2


def test_the_library_writes_what_is_read(tmp_path: Path) -> None:
    pytest.importorskip("hydra", reason="needs hydra-core")
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "config.yaml").write_text("opt: {lr: 0.5, betas: [0.9, 0.99]}\nseed: 0\n")
    (tmp_path / "train.py").write_text(SCRIPT)
    command = [sys.executable, "train.py", "-m", "seed=1,2", "opt.lr=0.25"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    runs = found(tmp_path / "multirun")
    assert [run.config["seed"] for run in runs] == [1, 2]
    assert runs[0].config["opt.betas"] == "[0.9, 0.99]" and curve(runs[1], "loss") == [(0, 2.25)]
