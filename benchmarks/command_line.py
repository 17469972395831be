"""How long a user waits for help and for a report, and how large the report is."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from images import SMALL, pixels
from measure import interleave, spread
from page import at_most, table
from paribus.failures.cases import shown_cases
from paribus.records.store import write_record
from paribus.study.read import write_study_copy

HERE = Path(__file__).parent
PARIBUS = Path(sys.executable).with_name("paribus")
HEAD = ("what", "result", "target", "how it is measured")
#: Exits with 1 if help needed torch.
HELP_WITHOUT_TORCH = """
import sys
from paribus.cli import main
main(["--help"], standalone_mode=False)
sys.exit("torch" in sys.modules)
"""

Row = tuple[str, str, str, str]


def section(rounds: int, seeds: int, epochs: int) -> str:
    """Measure and describe."""
    rows = [*_help(5 * rounds), *_report(rounds, seeds, epochs)]
    return f"### Command line and report\n\n{table(HEAD, rows)}"


def _help(rounds: int) -> list[Row]:
    def seconds() -> float:
        began = time.perf_counter()
        subprocess.run([PARIBUS, "--help"], check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - began

    took = spread(interleave({"--help": seconds}, rounds)["--help"])
    check = subprocess.run([sys.executable, "-c", HELP_WITHOUT_TORCH], stdout=subprocess.DEVNULL)
    imports, verdict = ("no", "no: met") if check.returncode == 0 else ("yes", "no: **missed**")
    target = at_most(took.median, 0.3, "s")
    return [
        ("`paribus --help`", f"{took} s", target, f"wall time of {rounds} calls"),
        ("it imports torch", imports, verdict, "`sys.modules` after the same call"),
    ]


def _report(rounds: int, seeds: int, epochs: int) -> list[Row]:
    with tempfile.TemporaryDirectory() as place:
        out = Path(place)
        runs = _write_records(out, seeds, epochs)
        seconds, peaks = zip(*(_write_report(out) for _ in range(rounds)), strict=True)
        megabytes = (out / "report.html").stat().st_size / 1e6
    took, peak = spread(seconds), max(peaks)
    how = (
        f"wall time of {rounds} calls on synthetic records: {epochs} epochs of 40 steps, 5,000 "
        "test images, 10 classes"
    )
    target = at_most(took.median, 20, "s")
    return [
        (f"`paribus report` of {runs} runs", f"{took} s", target, how),
        ("its peak memory", f"{peak:,.0f} MiB", at_most(peak, 1024, "MiB"), "the largest of them"),
        (
            "its report.html",
            f"{megabytes:.2f} MB",
            at_most(megabytes, 8, "MB"),
            "with the images of failed cases",
        ),
    ]


def _write_report(out: Path) -> tuple[float, float]:
    """Seconds and peak memory (MiB) of writing the report."""
    command = [sys.executable, HERE / "peak.py", PARIBUS, "report", out]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    seconds, peak = json.loads(done.stdout)
    print(f"paribus report: {seconds:.3g} s, {peak / 2**20:,.0f} MiB", file=sys.stderr)
    return seconds, peak / 2**20


def _write_records(out: Path, seeds: int, epochs: int) -> int:
    """Fill `out` as a study of three settings would, without its weights; how many runs."""
    # The tests' maker of records serves here too.
    sys.path.append(str(HERE.parent / "tests"))
    from synthetic import make_records, make_study

    study = make_study(seeds=seeds, epochs=epochs)
    records = make_records(study, images=5000)
    write_study_copy(out, study)
    for record in records:
        write_record(out, record, {})
    _write_images(out / "images", {(c.original, c.seen) for c in shown_cases(records)})
    return len(records)


def _write_images(folder: Path, names: Iterable[tuple[str, str]]) -> None:
    draw = np.random.default_rng(0)
    folder.mkdir()
    for original, seen in sorted(names):
        image = Image.fromarray(pixels(draw, 0))
        image.save(folder / original)
        image.resize((SMALL, SMALL)).save(folder / seen)
