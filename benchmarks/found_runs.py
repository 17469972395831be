"""How long runs of other tools take to read: `python benchmarks/found_runs.py [RUNS [STEPS]]`.

Files are as the tools write them, with three metrics; all runs have the same values.
"""

from __future__ import annotations

import json
import math
import resource
import shutil
import sqlite3
import struct
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from page import at_most, table
from paribus.sources.crc import masked_crc32c
from paribus.sources.find import read_runs

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from sources.databases import MLFLOW, TRACKIO
from sources.writers import (
    VERSION,
    event,
    scalar,
    wandb_exit,
    wandb_log,
    wandb_row,
    wandb_run,
    wandb_summary,
    whole,
)

HEAD = ("layout", "files", "MB", "s", "processor s", "target")
TARGET = 15
Row = tuple[int, dict[str, float]]


def rows(steps: int) -> list[Row]:
    """Step, and what a run logs at it."""
    return [
        (step, {"train/loss": 1 / (step + 3), "val/loss": 1.5 / (step + 2), "acc": math.tanh(step)})
        for step in range(steps)
    ]


def table_of(logged: list[Row], axis: str, seed: int | None = None) -> str:
    front = "" if seed is None else f"a,{seed},"
    names = ",".join(logged[0][1])
    lines = [f"{front}{step},{','.join(map(str, of.values()))}" for step, of in logged]
    return "\n".join([f"{'setting,seed,' * bool(front)}{axis},{names}", *lines, ""])


def long_table(logged: list[Row], seed: int) -> str:
    pairs = ((step, name, value) for step, of in logged for name, value in of.items())
    return "".join(f"a,{seed},{name},{value},{step}\n" for step, name, value in pairs)


# ---- folders of a run, of which all others are copies -------------------------------------------


def tensorboard(folder: Path, logged: list[Row]) -> None:
    pairs = ((step, name, value) for step, of in logged for name, value in of.items())
    events = [VERSION, *(event(step, scalar(name, value)) for step, name, value in pairs)]
    heads = [struct.pack("<Q", len(one)) for one in events]
    sums = zip(masked_crc32c(heads).tolist(), masked_crc32c(events).tolist(), strict=True)
    content = b"".join(
        head + struct.pack("<I", of_head) + one + struct.pack("<I", of_one)
        for head, one, (of_head, of_one) in zip(heads, events, sums, strict=True)
    )
    put(folder / "events.out.tfevents.1700000000.host.1.0", content)


def wandb(folder: Path, logged: list[Row]) -> None:
    records = [wandb_run("abc", {"lr": 0.1, "seed": 3})]
    for step, of in logged:
        all_of = {**of, "_timestamp": 1.7e9 + step / 7, "_runtime": step / 7, "_step": step}
        records += [wandb_row(step, **all_of), wandb_summary(**all_of), wandb_summary(_runtime=1)]
    records = [whole(1, number) + record for number, record in enumerate(records)]
    put(folder / "run-abc.wandb", wandb_log([*records, wandb_exit(0)]))


def mlflow_files(folder: Path, logged: list[Row]) -> None:
    put(folder / "meta.yaml", "run_id: abc\nrun_name: nice\nstatus: 3\nlifecycle_stage: active\n")
    put(folder / "params/lr", "0.1")
    for name in logged[0][1]:
        lines = (f"{1700000000000 + step} {of[name]} {step}\n" for step, of in logged)
        put(folder / "metrics" / name, "".join(lines))


def lightning(folder: Path, logged: list[Row]) -> None:
    lines = [f"{step // 100},{step},{','.join(map(str, of.values()))}" for step, of in logged]
    names = ",".join(logged[0][1])
    put(folder / "metrics.csv", "\n".join([f"epoch,step,{names}", *lines, ""]))
    put(folder / "hparams.yaml", "lr: 0.1\nseed: 3\n")


def keras(folder: Path, logged: list[Row]) -> None:
    put(folder / "training.log", table_of(logged, "epoch").replace("\n", "\r\n"))


def timm(folder: Path, logged: list[Row]) -> None:
    put(folder / "summary.csv", table_of(logged, "epoch"))
    put(folder / "args.yaml", "".join(f"option_{n}: {n}\n" for n in range(150)))


def hugging_face(folder: Path, logged: list[Row]) -> None:
    history = [{"step": step, "epoch": step / 100, **of} for step, of in logged]
    state = {"global_step": len(logged), "max_steps": len(logged), "log_history": history}
    put(folder / "trainer_state.json", json.dumps(state, indent=2))


def sacred(folder: Path, logged: list[Row]) -> None:
    steps = [step for step, _ in logged]
    metrics = {
        name: {"steps": steps, "values": [of[name] for _, of in logged], "timestamps": steps}
        for name in logged[0][1]
    }
    put(folder / "metrics.json", json.dumps(metrics, indent=2))
    put(folder / "config.json", '{"seed": 1}')
    put(folder / "run.json", '{"status": "COMPLETED"}')


def dvclive(folder: Path, logged: list[Row]) -> None:
    for name in logged[0][1]:
        lines = (f"{step}\t{of[name]}\n" for step, of in logged)
        text = f"step\t{name.split('/')[-1]}\n" + "".join(lines)
        put(folder / "dvclive/plots/metrics" / f"{name}.tsv", text)
    put(folder / "dvclive/metrics.json", '{"step": 1}')


def json_lines(folder: Path, logged: list[Row]) -> None:
    lines = (json.dumps({"seed": 1, "step": step, **of}) + "\n" for step, of in logged)
    put(folder / "log.jsonl", "".join(lines))


FOLDERS: dict[str, Callable[[Path, list[Row]], None]] = {
    "TensorBoard": tensorboard,
    "W&B": wandb,
    "MLflow's files": mlflow_files,
    "Lightning": lightning,
    "Keras": keras,
    "timm": timm,
    "Hugging Face": hugging_face,
    "Sacred": sacred,
    "DVCLive": dvclive,
    "JSON Lines": json_lines,
}


# ---- files of all runs --------------------------------------------------------------------------


def mlflow(top: Path, logged: list[Row], runs: int) -> None:
    database = sqlite3.connect(top / "mlflow.db")
    database.executescript(MLFLOW)
    for run in range(runs):
        database.execute("INSERT INTO runs VALUES (?, ?, 'FINISHED', 'active', 1)", (f"{run}", "r"))
        values = ((name, value, step, f"{run}", step, 0)
                  for step, of in logged for name, value in of.items())  # fmt: skip
        database.executemany("INSERT INTO metrics VALUES (?, ?, ?, ?, ?, ?)", values)
    database.commit()
    database.close()


def trackio(top: Path, logged: list[Row], runs: int) -> None:
    database = sqlite3.connect(top / "project.db")
    database.executescript(TRACKIO)
    for run in range(runs):
        values = ((f"{run}", "r", step, json.dumps(of)) for step, of in logged)
        statement = "INSERT INTO metrics VALUES (NULL, ?, '', ?, ?, ?)"
        database.executemany(statement, values)
    database.commit()
    database.close()


def long_csv(top: Path, logged: list[Row], runs: int) -> None:
    tables = [long_table(logged, seed) for seed in range(runs)]
    put(top / "runs.csv", "setting,seed,metric,value,step\n" + "".join(tables))


def wide_csv(top: Path, logged: list[Row], runs: int) -> None:
    tables = [table_of(logged, "step", seed) for seed in range(runs)]
    head, _, _ = tables[0].partition("\n")
    put(top / "runs.csv", head + "\n" + "".join(one.partition("\n")[2] for one in tables))


WHOLE: dict[str, Callable[[Path, list[Row], int], None]] = {
    "MLflow's database": mlflow,
    "Trackio": trackio,
    "one long CSV": long_csv,
    "one CSV by step": wide_csv,
}


def put(path: Path, content: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def copied(
    top: Path, write: Callable[[Path, list[Row]], None], logged: list[Row], runs: int
) -> None:
    write(top / "run0", logged)
    for number in range(1, runs):
        shutil.copytree(top / "run0", top / f"run{number}")


def layouts(runs: int, steps: int) -> Iterator[tuple[str, Path]]:
    """Each layout's name and a folder of it, one after the other."""
    logged = rows(steps)
    for name in (*FOLDERS, *WHOLE):
        with tempfile.TemporaryDirectory() as place:
            if name in FOLDERS:
                copied(Path(place), FOLDERS[name], logged, runs)
            else:
                WHOLE[name](Path(place), logged, runs)
            yield name, Path(place)


def measured(name: str, top: Path, runs: int, steps: int) -> tuple[str, ...]:
    """Read all, check that all is there, and say how long it took."""
    began, before = time.perf_counter(), time.process_time()
    found = read_runs([top])
    seconds, processor = time.perf_counter() - began, time.process_time() - before
    points = sum(len(of.at) for run in found.runs for of in run.metrics.values())
    if len(found.runs) != runs or points < 3 * runs * steps or found.unread:
        sys.exit(f"{name}: {len(found.runs)} runs with {points} points; {found.runs[0].lost}")
    files = [file for file in top.rglob("*") if file.is_file()]
    size = sum(file.stat().st_size for file in files) / 1e6
    cells = (f"{len(files):,}", f"{size:.0f}", f"{seconds:.1f}", f"{processor:.1f}")
    print(name, *cells, file=sys.stderr)
    return name, *cells, at_most(seconds, TARGET, "s")


def main(runs: int = 300, steps: int = 1000) -> None:
    results = [measured(name, top, runs, steps) for name, top in layouts(runs, steps)]
    print(f"{runs} runs of {steps:,} steps and 3 metrics\n\n{table(HEAD, results)}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"The process needed {peak:.0f} MB at most.")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
