"""Damaged and hostile files of every layout: runs, or a refusal in words, and nothing else."""

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from paribus.errors import SourceError
from sources.reading import found

#: Folders as the tools leave them: file -> text.
LAYOUTS = {
    "long": {"runs.csv": 'setting;seed;metric;value;step\n"a";0;acc;0,5;1\nb;1;top1;46,3 %;1\n'},
    "wide": {"runs.csv": "run,seed,lr,acc\nx,0,0.1,NaN\ny,1,1e-3,50\n"},
    "steps": {"runs.tsv": "setting\tseed\tepoch\tacc\na\t0\t0\t1\na\t0\t1\t2\n"},
    "rows": {"runs.json": '[{"seed": 0, "opt": {"lr": 0.1}, "acc": NaN}, {"seed": 1, "acc": 2}]'},
    "lines": {"runs.jsonl": '{"seed": 0, "metric": "acc", "value": 1}\n{"seed": 1, "x": [1]}\n'},
    "lightning": {
        "version_0/metrics.csv": "epoch,step,loss,val\n0,0,1,\n0,1,,2\n",
        "version_0/hparams.yaml": "lr: 0.1\nbetas: &a [1, 2]\nother: *a\nx: !!python/tuple [1]\n",
    },
    "keras": {"log.csv": 'epoch,acc,loss\r\n0,0.5,NA\r\n1,"[1, 2]",nan\r\n'},
    "hugging face": {
        "checkpoint-2/trainer_state.json": '{"global_step": 2, "max_steps": 4, "log_history": '
        '[{"step": 1, "loss": NaN}, {"step": 2, "eval_loss": 1e999}], "trial_params": {"a": 1}}'
    },
    "timm": {"summary.csv": "epoch,eval_top1\r\n0,46.3\r\n", "args.yaml": "lr: 0.1\nkw: {}\n"},
    "hydra": {
        ".hydra/config.yaml": "opt:\n  lr: 0.1\n",
        ".hydra/overrides.yaml": "- opt.lr=0.1\n- model=x\n",
        "log.csv": "epoch,loss\n0,1\n",
    },
    "dvclive": {
        "metrics.json": '{"a": {"b": NaN}, "step": 3}',
        "params.yaml": "lr: 1\n",
        "plots/metrics/a/b.tsv": "step\tb\n0\t1\n",
    },
    "sacred": {
        "run.json": '{"status": "FAILED", "result": null, "experiment": {"name": "m"}}',
        "config.json": '{"seed": 1, "a": {"b": [1]}}',
        "metrics.json": '{"loss": {"steps": [0, 1], "values": [1, NaN], "timestamps": []}}',
    },
}
#: What is put in some place.
TOKENS = [
    b"\x00", b"\xff\xfe", b'"', b"'", b"\n", b"\r", b",", b";", b"{", b"[" * 500, b"}", b": ",
    b"- ",
    b"9" * 5000, b"1e999999999", b"-", b"_", b"NaN", b"null", b"&a *a", b"!!python/name:os.system ",
    b"true", b"%", b"\xef\xbb\xbf", b"  ", b"\t", "é²١".encode(), b"<<: ", b"? ", b"0x1F", b'""',
]  # fmt: skip


def laid(folder: Path, layout: str) -> list[Path]:
    paths = []
    for name, text in LAYOUTS[layout].items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
        paths.append(path)
    return paths


def mutated(content: bytes, draw: random.Random) -> bytes:
    """Content that is cut, repeated, or has something else in a place."""
    for _ in range(draw.randint(1, 3)):
        start = draw.randint(0, len(content))
        end = min(len(content), start + draw.choice((0, 1, 1, 4, 40)))
        piece = draw.choice((b"", draw.choice(TOKENS), draw.randbytes(3), content[:start]))
        content = content[:start] + piece + content[end:]
    return content[: draw.randint(0, len(content))] if draw.random() < 0.2 else content


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_layout_itself_is_read(layout: str, tmp_path: Path) -> None:
    laid(tmp_path, layout)
    assert all(run.metrics or run.config for run in found(tmp_path))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_two_hundred_variants_are_read_or_refused(layout: str, tmp_path: Path) -> None:
    draw = random.Random(layout)
    for number in range(200):
        folder = tmp_path / str(number)
        path = draw.choice(laid(folder, layout))
        path.write_bytes(mutated(path.read_bytes(), draw))
        try:
            runs = found(folder)
        except SourceError as error:
            assert str(tmp_path) in str(error)
        else:
            assert len({run.name for run in runs}) == len(runs)
        shutil.rmtree(folder)


@pytest.mark.parametrize("large", ["9" * 400, "-" + "9" * 400])
def test_whole_numbers_that_no_float_holds_are_no_metrics(large: str, tmp_path: Path) -> None:
    (tmp_path / "runs.json").write_text(f'[{{"seed": 0, "acc": {large}, "epoch": {large}}}]')
    laid(tmp_path / "a", "sacred")[1].with_name("metrics.json").write_text(
        f'{{"loss": {{"steps": [{large}], "values": [{large}]}}}}'
    )
    laid(tmp_path / "b", "hugging face")[0].write_text(
        f'{{"global_step": 1, "log_history": [{{"step": 1, "loss": {large}}}]}}'
    )
    laid(tmp_path / "c", "dvclive")[0].write_text(f'{{"a": {large}, "step": 1}}')
    assert not [name for run in found(tmp_path) for name in run.metrics if name != "a/b"]


def deep_links(folder: Path) -> None:
    (folder / "a").mkdir()
    (folder / "a" / "again").symlink_to(folder)


def pipe(folder: Path) -> None:
    os.mkfifo(folder / "runs.csv")


def sparse(folder: Path) -> None:
    with (folder / "runs.csv").open("wb") as file:
        file.write(b"seed,acc\n")
        file.truncate(10_000_000_000)


def deep_json(folder: Path) -> None:
    (folder / "trainer_state.json").write_text('{"a":' * 100_000)


@pytest.mark.parametrize("make", [deep_links, pipe, sparse, deep_json])
def test_what_never_ends_is_refused_at_once(make: Callable[[Path], None], tmp_path: Path) -> None:
    make(tmp_path)
    try:
        assert all(run.lost and not run.metrics for run in found(tmp_path))
    except SourceError as error:
        assert str(tmp_path) in str(error)
