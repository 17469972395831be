"""Folders of results as a stranger may send them: made here, damaged in a way that has a name."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save

from paribus.records.store import CURVES, FACTS, PREDICTIONS, SUMS, write_record
from paribus.study.read import STUDY, write_study_copy
from paribus.study.spec import Study
from synthetic import make_records, make_study

CLASSES = ("cat", "dog", "owl")
Arrays = dict[str, np.ndarray[Any, Any]]
#: What a stranger does to the folder.
Deed = Callable[[Path], object]
#: Of the first run, whose record most deeds are done to.
FIRST, SECOND = "runs/main/seed-0", "runs/l2/seed-1"
#: What lies beside the folder, and must not come into it.
SECRET = "the-secret-of-somebody-else"


def a_study() -> Study:
    """Two settings, two seeds, three epochs, and a claim."""
    claim = {
        "id": "c",
        "says": "It helps.",
        "test": {"setting": "l2", "against": "main", "metric": "test_loss", "expect": "better"},
    }
    study = make_study(seeds=2, epochs=3, settings=["main", "l2"])
    return Study.model_validate(study.model_dump() | {"claims": [claim]})


def write_results(out: Path, study: Study) -> None:
    """The study and the records of all its runs, of forty images in three classes."""
    for record in make_records(study, classes=CLASSES, images=40):
        write_record(out, record, {})
    write_study_copy(out, study)


def seal(folder: Path) -> None:
    """Write the checksums of whatever lies in a record's folder."""
    names = [name for name in (FACTS, CURVES, PREDICTIONS) if (folder / name).is_file()]
    sums = [f"{hashlib.sha256((folder / n).read_bytes()).hexdigest()}  {n}\n" for n in names]
    (folder / SUMS).write_text("".join(sums))


# ---- deeds ----------------------------------------------------------------------------------


def facts(**changes: Any) -> Deed:
    """Other facts, by dotted name with `__` for the dot; of all runs if `all_runs` is true."""

    def do(out: Path) -> None:
        everywhere = changes.get("all_runs", False)
        for folder in out.glob("runs/*/seed-*") if everywhere else [out / FIRST]:
            content = json.loads((folder / FACTS).read_text())
            for path, value in changes.items():
                _set(content, path.split("__"), value)
            content.pop("all_runs", None)
            (folder / FACTS).write_text(json.dumps(content))
            seal(folder)

    return do


def _set(content: Any, keys: list[str], value: Any) -> None:
    *before, last = keys
    for key in before:
        content = content[key]
    content[last] = value


def arrays(name: str, change: Callable[[Arrays], Arrays], *, all_runs: bool = False) -> Deed:
    """Other arrays in a file of the first run, or of every run."""

    def do(out: Path) -> None:
        for folder in out.glob("runs/*/seed-*") if all_runs else [out / FIRST]:
            content = save(change(load_file(folder / name)))
            (folder / name).write_bytes(content)
            seal(folder)

    return do


def with_array(part: str, make: Callable[[Any], Any]) -> Callable[[Arrays], Arrays]:
    """One array replaced by what `make` makes of it."""
    return lambda parts: parts | {part: np.ascontiguousarray(make(parts[part]))}


def content(name: str, new: bytes | Callable[[bytes], bytes]) -> Deed:
    """Other bytes in a file of the first run, sealed."""

    def do(out: Path) -> None:
        path = out / FIRST / name
        path.write_bytes(new(path.read_bytes()) if callable(new) else new)
        if name != SUMS:
            seal(out / FIRST)

    return do


def study(change: Callable[[dict[str, Any]], Any] | bytes) -> Deed:
    """Another study beside the records."""

    def do(out: Path) -> None:
        if isinstance(change, bytes):
            (out / STUDY).write_bytes(change)
            return
        plain = json.loads((out / STUDY).read_text())
        (out / STUDY).write_text(json.dumps(change(plain) or plain))

    return do


def link(name: str, target: str) -> Deed:
    """A link in the place of a file or folder; `target` as seen from beside the folder."""

    def do(out: Path) -> None:
        path = out / name
        if path.is_dir():
            path.rename(out.parent / "moved")
        else:
            path.unlink(missing_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target if target.startswith("/dev") else out.parent / target)

    return do


def pipe(name: str) -> Deed:
    """A pipe that nobody writes to."""

    def do(out: Path) -> None:
        (out / name).unlink()
        os.mkfifo(out / name)
        if name.startswith("runs"):
            (out / name).parent.joinpath(SUMS)

    return do


def huge(name: str) -> Deed:
    """A file of a terabyte, which takes no room on the disk."""

    def do(out: Path) -> None:
        with (out / name).open("wb") as file:
            file.truncate(1 << 40)

    return do


def without(name: str) -> Deed:
    """A file of the first run that isn't there, nor in the checksums."""

    def do(out: Path) -> None:
        (out / FIRST / name).unlink()
        seal(out / FIRST)

    return do


def _nan(array: Any) -> Any:
    return np.full_like(array, np.nan)


def certain(lowest: float) -> Callable[[Any], Any]:
    """The second class for every image, the others impossible."""
    return lambda logs: np.tile(np.array([lowest, 0, lowest], np.float32), (len(logs), 1))


def _header(size: int, header: str) -> bytes:
    """A safetensors file of a header alone, which says it is `size` bytes long."""
    return size.to_bytes(8, "little") + header.encode()


def _tensor(dtype: str, shape: Iterable[int], offsets: tuple[int, int]) -> bytes:
    entry = {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}
    names = ("step_loss", "train_loss", "val_loss", "val_accuracy", "learning_rate")
    header = json.dumps(dict.fromkeys(names, entry))
    return _header(len(header), header)


def nested(levels: int) -> Any:
    """A list in a list in a list."""
    return json.loads("[" * levels + "]" * levels)


DEEP = b"[" * 100_000

#: What it is -> how it is done. Each is refused with a reason, or does no harm.
DEEDS: dict[str, Deed] = {
    # ---- links out of the folder ---------------------------------------------------------------
    "the study is a link": link("study.json", "secret.json"),
    "the study is a device": link("study.json", "/dev/zero"),
    "the study is a pipe": pipe("study.json"),
    "the facts are a link": link(f"{FIRST}/record.json", "secret.json"),
    "the sums are a device": link(f"{FIRST}/SHA256SUMS", "/dev/zero"),
    "the curves are a pipe": pipe(f"{FIRST}/curves.safetensors"),
    "a run is a link": link(FIRST, "moved"),
    "a setting is a link": link("runs/main", "moved"),
    "all runs are a link": link("runs", "moved"),
    "the tables are a link": link("tables", "elsewhere"),
    "the figures are a link": link("figures", "elsewhere"),
    "the report is a link": link("report.html", "secret.json"),
    "a table is a link": link("tables/runs.csv", "secret.json"),
    "a folder in the report's place": lambda out: (out / "report.html").mkdir(),
    "a file in the tables' place": lambda out: (out / "tables").write_text("x"),
    # ---- names ---------------------------------------------------------------------------------
    "a setting called ..": study(lambda s: s["variations"].update({"..": {"epochs": 1}})),
    "a setting with a slash": study(lambda s: s["variations"].update({"a/../../b": {"epochs": 1}})),
    "an absolute baseline": study(lambda s: s.update(baseline="/etc")),
    "facts of a setting called ..": facts(setting="../../.."),
    "facts of another seed": facts(seed=1),
    "facts of a negative seed": facts(seed=-1),
    "facts of a huge seed": facts(seed=10**300),
    # ---- studies -------------------------------------------------------------------------------
    "a huge study": huge("study.json"),
    "a study of brackets": study(DEEP),
    "a study that is no mapping": study(b"[]"),
    "a study that is no text": study(b"\xff\xfe\0"),
    "an empty study": study(b""),
    "a study of huge numbers": study(lambda s: s.update(epochs=10**4000)),
    "a study of NaN": study(lambda s: s.update(margin=float("nan"))),
    "a study that names code": study(lambda s: s.update(network={"kind": "evil:net"})),
    "a study with deep arguments": study(
        lambda s: s.update(network={"kind": "evil:net", "arguments": {"a": nested(90)}})
    ),
    "a study of more seeds": study(lambda s: s.update(seeds=1000)),
    "a study that claims what isn't there": study(
        lambda s: s["claims"][0].update(test={"worst": ["unicorn"], "metric": "recall"})
    ),
    "a study until decided": study(lambda s: s.update(seeds={"until": "decided", "looks": [3, 4]})),
    # ---- facts ---------------------------------------------------------------------------------
    "huge facts": huge(f"{FIRST}/record.json"),
    "facts of brackets": content(FACTS, DEEP),
    "facts of a later format": facts(format=99),
    "facts of no format": facts(format=10**400),
    "facts with more in them": facts(more=1),
    "facts of another type": facts(data=[1, 2]),
    "no classes": facts(data__classes=[]),
    "a class twice": facts(data__classes=["cat", "cat", "owl"]),
    "other classes": facts(data__classes=["cat", "dog", "fox"]),
    "fewer classes": facts(data__classes=["cat", "dog"]),
    "a million classes": facts(data__classes=[f"c{n}" for n in range(1_000_000)]),
    "no images": facts(data__test=0, all_runs=True),
    "fewer images": facts(data__test=39),
    "minus one image": facts(data__training=-1),
    "an image of no size": facts(data__shape=[3, 0, 0], all_runs=True),
    "an image of a huge size": facts(data__shape=[3, 10**400, 1]),
    "a huge number of parameters": facts(network__parameters=10**400),
    "a start at no time": facts(started="yesterday"),
    "an end at no time": facts(ended="\u0660" * 20),
    "times with and without a zone": facts(started="2026-05-04T10:00:00"),
    "seconds below none": facts(train_cpu_seconds=-1.0),
    "no seconds": facts(train_cpu_seconds=0.0, train_seconds=0.0, all_runs=True),
    "seconds without end": facts(train_seconds=float("inf")),
    "seconds that are no number": facts(train_cpu_seconds=float("nan")),
    "nearly endless seconds": facts(train_cpu_seconds=1e308, train_seconds=1e308, all_runs=True),
    "a best epoch before the first": facts(best_epoch=0),
    "a best epoch after the last": facts(best_epoch=4),
    "no best epoch": facts(best_epoch=None),
    "a failure in a finished run": facts(failure={"message": "x"}),
    "a failed run with predictions": facts(status="failed", failure={"message": "x"}),
    "no streams": facts(streams=None, all_runs=True),
    "streams without names": facts(streams__initial_values={}, all_runs=True),
    "no layers": facts(network__layers=[], all_runs=True),
    "threads without number": facts(environment__threads=10**400),
    "a failure at a huge step": facts(failure={"message": "x", "step": 10**400}, status="failed"),
    # ---- arrays --------------------------------------------------------------------------------
    "huge curves": huge(f"{FIRST}/curves.safetensors"),
    "huge predictions": huge(f"{FIRST}/predictions.safetensors"),
    "curves of no bytes": content(CURVES, b""),
    "curves whose header is longer than they": content(CURVES, _header(1 << 60, "{}")),
    "curves whose header is no JSON": content(CURVES, _header(4, "{{{{")),
    "curves whose header is deep": content(CURVES, _header(len(DEEP), DEEP.decode())),
    "curves of a huge shape": content(CURVES, _tensor("F32", [1 << 40], (0, 1 << 42))),
    "curves of an overflowing shape": content(CURVES, _tensor("F32", [1 << 62, 4], (0, 0))),
    "curves of no known type": content(CURVES, _tensor("F99", [0], (0, 0))),
    "curves of sixteen bits": content(CURVES, _tensor("BF16", [0], (0, 0))),
    "curves of eight bits": content(CURVES, _tensor("F8_E4M3", [0], (0, 0))),
    "curves of nothing": content(CURVES, _tensor("F32", [0], (0, 0))),
    "curves that overlap": content(CURVES, _tensor("F32", [1], (0, 4)) + bytes(4)),
    "one curve more": arrays(CURVES, lambda a: a | {"evil": a["epoch val_loss"]}),
    "one curve less": arrays(
        CURVES, lambda a: {k: v for k, v in a.items() if k != "epoch val_loss"}
    ),
    "a curve of two dimensions": arrays(CURVES, with_array("epoch val_loss", lambda a: a[None])),
    "a curve of no dimension": arrays(CURVES, with_array("epoch val_loss", lambda a: a[0])),
    "a curve of whole numbers": arrays(
        CURVES, with_array("epoch val_loss", lambda a: a.astype(int))
    ),
    "a curve of 64 bits": arrays(CURVES, with_array("epoch val_loss", lambda a: a.astype(float))),
    "a longer curve": arrays(CURVES, with_array("epoch val_loss", lambda a: np.append(a, a))),
    "a shorter curve": arrays(CURVES, with_array("epoch learning_rate", lambda a: a[:1])),
    "no step": arrays(CURVES, with_array("step step_loss", lambda a: a[:0]), all_runs=True),
    "a step too few": arrays(CURVES, with_array("step step_loss", lambda a: a[:-1])),
    "NaN curves": arrays(CURVES, lambda a: {k: _nan(v) for k, v in a.items()}, all_runs=True),
    "infinite curves": arrays(
        CURVES, lambda a: {k: np.full_like(v, np.inf) for k, v in a.items()}, all_runs=True
    ),
    "the largest curves": arrays(
        CURVES, lambda a: {k: np.full_like(v, 3.4e38) for k, v in a.items()}, all_runs=True
    ),
    "curves of zeros": arrays(
        CURVES, lambda a: {k: np.zeros_like(v) for k, v in a.items()}, all_runs=True
    ),
    "negative curves": arrays(CURVES, lambda a: {k: -v for k, v in a.items()}, all_runs=True),
    "NaN predictions": arrays(PREDICTIONS, with_array("last", _nan)),
    "NaN predictions everywhere": arrays(
        PREDICTIONS, lambda a: a | {"last": _nan(a["last"]), "best": _nan(a["best"])}, all_runs=True
    ),
    "predictions above one": arrays(PREDICTIONS, with_array("best", lambda a: a + 100)),
    "certain predictions": arrays(PREDICTIONS, with_array("last", certain(-np.inf))),
    "nearly certain predictions": arrays(
        PREDICTIONS, with_array("last", certain(-9e29)), all_runs=True
    ),
    "no predictions": without(PREDICTIONS),
    "predictions of other classes": arrays(PREDICTIONS, with_array("last", lambda a: a[:, :2])),
    "predictions turned about": arrays(PREDICTIONS, with_array("last", lambda a: a.T)),
    "labels beyond the classes": arrays(PREDICTIONS, with_array("labels", lambda a: a + 5)),
    "negative labels": arrays(PREDICTIONS, with_array("labels", lambda a: a - 3)),
    "labels of other images": arrays(PREDICTIONS, with_array("labels", lambda a: a[::-1])),
    "labels of one class": arrays(
        PREDICTIONS, with_array("labels", lambda a: 0 * a), all_runs=True
    ),
    "numbers of other images": arrays(PREDICTIONS, with_array("index", lambda a: a + 1)),
    "an image twice": arrays(PREDICTIONS, with_array("index", lambda a: 0 * a), all_runs=True),
    "negative images": arrays(PREDICTIONS, with_array("index", lambda a: -1 - a)),
    "the last images there can be": arrays(
        PREDICTIONS, with_array("index", lambda a: 2**63 - 1 - a), all_runs=True
    ),
    # ---- sums ----------------------------------------------------------------------------------
    "sums that name a file elsewhere": content(
        SUMS, lambda sums: sums + b"0" * 64 + b"  ../../../secret.json\n"
    ),
    "sums without a name": content(SUMS, b"abc\n"),
    "sums of no text": content(SUMS, b"\xff\xfe  x\n"),
    "huge sums": huge(f"{FIRST}/SHA256SUMS"),
    "no sums": lambda out: (out / FIRST / SUMS).unlink(),
}  # fmt: skip

#: Some of each kind, refused and harmless: these are tried in `make test`.
TELLING = (
    "the study is a device",
    "the curves are a pipe",
    "a run is a link",
    "the tables are a link",
    "the report is a link",
    "a table is a link",
    "a folder in the report's place",
    "a setting called ..",
    "facts of a setting called ..",
    "a huge study",
    "a study of brackets",
    "a study that names code",
    "a study of more seeds",
    "facts of a later format",
    "a class twice",
    "fewer images",
    "times with and without a zone",
    "seconds that are no number",
    "a failed run with predictions",
    "no streams",
    "huge predictions",
    "curves whose header is longer than they",
    "curves of an overflowing shape",
    "one curve less",
    "a longer curve",
    "the largest curves",
    "NaN predictions",
    "nearly certain predictions",
    "labels beyond the classes",
    "an image twice",
    "sums that name a file elsewhere",
    "no sums",
)
