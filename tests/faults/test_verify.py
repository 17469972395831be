"""`paribus verify`: every file that results rest on is compared with its sum."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from effort import tries
from paribus.cli import main
from paribus.io.lock import held
from paribus.records.analyses import write_interventions
from paribus.records.file_names import keep_file_names
from paribus.records.images import keep_image, original_name
from paribus.records.store import SUMS, checkpoint_folder, write_record
from paribus.records.types import Interventions
from paribus.study.read import STUDY, write_study_copy
from synthetic import make_records, make_study

#: Flipped bits in each file.
FLIPS = tries(20)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file of each kind, made without training."""
    out = tmp_path_factory.mktemp("verify") / "out"
    study = make_study(seeds=1, epochs=2, settings=("main",))
    write_study_copy(out, study)
    (record,) = make_records(study, classes=("cat", "dog"), images=8)
    weights = {"fc": np.arange(12, dtype=np.float32)}
    write_record(out, record, {"last": weights, "best": weights})
    answers = Interventions({"gray": np.zeros(8, np.int64)}, np.full(8, 0.5, np.float32))
    write_interventions(out, record, answers)
    draw = np.random.default_rng(1)
    keep_image(out, original_name(3), lambda: draw.integers(0, 256, (9, 9, 3), np.uint8))
    keep_file_names(out, {record.facts.data.fingerprint}, {3: "test/cat/a.png"})
    begun = checkpoint_folder(out, "main", 1)
    begun.mkdir(parents=True)
    content = draw.bytes(100)
    (begun / f"epoch-1.{hashlib.sha256(content).hexdigest()}.safetensors").write_bytes(content)
    return out


@pytest.fixture
def out(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "out"))


def verify(out: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["verify", str(out), *words])


def damaged(out: Path) -> list[str]:
    done = verify(out, "--json")
    files = [file["file"] for file in json.loads(done.stdout)["damaged"]]
    assert done.exit_code == (1 if files else 0)
    return files


def summed(out: Path) -> list[Path]:
    """All files but the study, which is read and has no sum."""
    return [path for path in sorted(out.rglob("*.*")) if path.is_file() and path.name != STUDY]


def test_whole_results_are_counted_and_end_with_0(out: Path) -> None:
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    done = verify(out)
    size = sum(map(len, before.values()))
    assert done.stdout == f"{len(before)} files checked, {size:,} bytes: all whole\n"
    assert done.exit_code == 0
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


def test_a_flipped_bit_in_any_file_is_found_in_this_file(out: Path) -> None:
    draw = random.Random(25)
    for path in summed(out):
        content = path.read_bytes()
        for _ in range(FLIPS):
            # A PNG ends with a mark of no pixels, whose own sum doesn't matter.
            at = draw.randrange(len(content) - 4)
            path.write_bytes(
                content[:at] + bytes([content[at] ^ 1 << draw.randrange(8)]) + content[at + 1 :]
            )
            assert path.relative_to(out).as_posix() in damaged(out)
        path.write_bytes(content)
    assert damaged(out) == []


def test_a_damaged_list_of_sums_is_found(out: Path) -> None:
    sums = out / "runs" / "main" / "seed-0" / SUMS
    sums.write_bytes(sums.read_bytes().replace(b"weights-best", b"weights-bert"))
    assert {Path(name).name for name in damaged(out)} >= {
        "weights-best.safetensors",
        "weights-bert.safetensors",
    }
    sums.write_bytes(b"\xff")
    assert f"runs/main/seed-0/{SUMS}" in damaged(out)


def test_each_damaged_file_is_named_with_what_to_do(out: Path) -> None:
    run = out / "runs" / "main" / "seed-0"
    (run / "weights-last.safetensors").unlink()
    (out / "images" / "original-3.png").write_bytes(b"")
    done = verify(out)
    assert done.exit_code == 1
    first, second, third, last = done.stdout.splitlines()
    assert first == (
        "runs/main/seed-0/weights-last.safetensors: missing, though SHA256SUMS lists it. To repair "
        f"it, delete {run} and rerun the study's `paribus run`: it trains this run again."
    )
    assert "damaged, or its run's record is" in second
    assert third.startswith("images/original-3.png: damaged, it can't be decoded. To repair it")
    assert last.endswith("3 damaged")


def test_a_file_that_leads_out_of_the_folder_is_not_read(out: Path, tmp_path: Path) -> None:
    weights = out / "runs" / "main" / "seed-0" / "weights-last.safetensors"
    weights.rename(tmp_path / "elsewhere")
    weights.symlink_to(tmp_path / "elsewhere")
    assert "runs/main/seed-0/weights-last.safetensors" in damaged(out)


def test_a_folder_of_something_else_or_in_use_is_refused(out: Path, tmp_path: Path) -> None:
    assert (
        "expected a folder that `paribus run` or `paribus compare` filled"
        in verify(tmp_path).stderr
    )
    with held(out):
        done = verify(out)
    assert done.exit_code == 1
    assert "in use by process" in done.stderr
