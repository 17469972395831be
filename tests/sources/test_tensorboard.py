from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from paribus.sources.crc import masked_crc32c
from paribus.sources.find import read_runs
from paribus.sources.run import FoundRun
from paribus.sources.tensorboard import READER
from sources.reals import write
from sources.writers import (
    VERSION,
    chunk,
    crc32c,
    event,
    framed,
    hparams,
    masked,
    restarts,
    scalar,
    tensor,
    whole,
)

NAME = "events.out.tfevents.1700000000.host.1.0"
LATER = "events.out.tfevents.1700000099.host.1.0"


def put(folder: Path, *events: bytes, name: str = NAME) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(framed(VERSION, *events))
    return folder / name


def only(path: Path) -> FoundRun:
    (run,) = read_runs([path], [READER]).runs
    return run


def curve(run: FoundRun, tag: str) -> list[tuple[float, float]]:
    points = run.metrics[tag]
    return list(zip(points.at.tolist(), points.values.tolist(), strict=True))


def loss(*steps: int, plus: float = 0) -> list[bytes]:
    return [event(step, scalar("loss", step + plus)) for step in steps]


def test_the_checksum_is_that_of_the_standard() -> None:
    # RFC 3720, appendix B.4: 32 bytes of zeros.
    assert crc32c(bytes(32)) == 0x8A9136AA
    records = [bytes(range(n % 256)) * (n % 3) for n in range(40)] + [b"x" * 900]
    expected = [int.from_bytes(masked(record), "little") for record in records]
    assert masked_crc32c(records).tolist() == expected


def test_every_value_is_read(tmp_path: Path) -> None:
    events = [event(i, scalar("a/b", i / 4), scalar("acc", i)) for i in range(300)]
    put(tmp_path / "run", *events, event(300, scalar("acc", float("nan"))))
    run = only(tmp_path)
    assert run.name == "run" and run.status == "unknown" and not run.lost
    assert curve(run, "a/b") == [(i, i / 4) for i in range(300)]
    assert np.isnan(run.metrics["acc"].values[300])


def test_a_tensor_without_dimensions_is_a_scalar(tmp_path: Path) -> None:
    values = [
        tensor("float", 1, chunk(5, struct.pack("<f", 0.5))),
        tensor("float content", 1, chunk(4, struct.pack("<f", 0.25))),
        tensor("double", 2, chunk(4, struct.pack("<d", 0.1))),
        tensor("zero", 1),
        tensor("text", 7, chunk(8, "hello")),
        chunk(1, "curve")
        + chunk(8, whole(1, 1) + chunk(2, chunk(2, whole(1, 2))) + chunk(4, bytes(8))),
    ]
    put(tmp_path, event(7, *values))
    found = {tag: points.values.tolist() for tag, points in only(tmp_path).metrics.items()}
    assert found == {"float": [0.5], "float content": [0.25], "double": [0.1], "zero": [0.0]}


def test_a_resumed_run_goes_on_in_a_later_file(tmp_path: Path) -> None:
    put(tmp_path, *loss(0, 1, 2, 3), event(3, scalar("other", 3)))
    put(tmp_path, *loss(2, 3, 4, plus=10), name=LATER)
    run = only(tmp_path)
    assert curve(run, "loss") == [(0, 0), (1, 1), (2, 12), (3, 13), (4, 14)]
    assert curve(run, "other") == [(3, 3)]
    assert run.notes == (f"{LATER}: begins before earlier files end; 2 values don't count",)
    assert len(run.files) == 2


def test_a_restart_voids_all_that_comes_after_it(tmp_path: Path) -> None:
    put(tmp_path, *loss(0, 1, 2, 3), event(1, scalar("other", 3)))
    put(tmp_path, restarts(1), *loss(2, plus=10), name=LATER)
    assert set(only(tmp_path).metrics) == {"loss"}
    assert curve(only(tmp_path), "loss") == [(0, 0), (2, 12)]


def test_two_values_of_one_step_in_one_file_both_stay(tmp_path: Path) -> None:
    put(tmp_path, *loss(1), *loss(1, plus=1))
    assert curve(only(tmp_path), "loss") == [(1, 1), (1, 2)]


def test_hyperparameters_of_a_folder_named_by_the_time_are_its_parents(tmp_path: Path) -> None:
    put(tmp_path / "run", *loss(0, 1))
    config = {"lr": 0.1, "seed": 3, "opt": "sgd", "nesterov": True}
    put(tmp_path / "run/1700000000.25", event(0, hparams(config)), event(0, scalar("final", 9)))
    run = only(tmp_path / "run")
    assert run.config == config and type(run.config["seed"]) is int
    assert set(run.metrics) == {"loss", "final"}


def test_several_hyperparameters_below_one_folder_are_as_many_runs(tmp_path: Path) -> None:
    put(tmp_path / "run")
    for seed in range(3):
        path = tmp_path / f"run/170000000{seed}.5"
        put(path, event(0, hparams({"seed": seed})), event(0, scalar("final", seed)))
    runs = read_runs([tmp_path], [READER]).runs
    assert [run.config.get("seed") for run in runs] == [None, 0, 1, 2]


def test_keras_writes_one_run_into_two_folders(tmp_path: Path) -> None:
    put(tmp_path / "run/train", *loss(0, 1))
    put(tmp_path / "run/validation", *loss(0, plus=5))
    run = only(tmp_path)
    assert run.name == "run"
    assert curve(run, "train/loss") == [(0, 0), (1, 1)]
    assert curve(run, "validation/loss") == [(0, 5)]


def test_a_chart_of_several_scalars_is_a_folder_each(tmp_path: Path) -> None:
    put(tmp_path / "run", *loss(0))
    put(tmp_path / "run/many_x_train", event(3, scalar("many/x", 1)))
    assert curve(only(tmp_path), "many/x/train") == [(3, 1)]


@pytest.mark.parametrize("cut", range(1, 60))
def test_all_but_a_torn_last_record_is_read(tmp_path: Path, cut: int) -> None:
    path = put(tmp_path, *loss(*range(5)))
    last = len(framed(*loss(4)))
    path.write_bytes(path.read_bytes()[: -min(cut, last)])
    run = only(tmp_path)
    assert curve(run, "loss") == [(i, i) for i in range(4)]
    assert run.lost == (
        (f"{NAME}: the last record is torn, as after a kill",) if cut < last else ()
    )


def test_a_damaged_record_is_left_out_and_said(tmp_path: Path) -> None:
    path = put(tmp_path, *loss(*range(5)))
    content = bytearray(path.read_bytes())
    content[-6] ^= 1  # in the last value
    path.write_bytes(content)
    run = only(tmp_path)
    assert curve(run, "loss") == [(i, i) for i in range(4)]
    assert run.lost == (f"{NAME}: 1 damaged record left out",)


def test_nothing_is_read_behind_a_damaged_length(tmp_path: Path) -> None:
    path = put(tmp_path, *loss(*range(5)))
    content = path.read_bytes()
    begin = len(framed(VERSION, *loss(*range(3))))
    path.write_bytes(content[: begin + 8] + b"\0" + content[begin + 9 :])
    run = only(tmp_path)
    assert curve(run, "loss") == [(i, i) for i in range(3)]
    assert run.lost == (f"{NAME}: damaged; the last {len(content) - begin:,} bytes can't be read",)


TORCH = """
import numpy as np
from torch.utils.tensorboard import SummaryWriter
with SummaryWriter("run") as w:
    for i in range(200):
        w.add_scalar("loss", float("nan") if i == 4 else i / 3, i)
        w.add_scalar("new", i / 3, i, new_style=True)
        w.add_scalar("double", i / 3, i, new_style=True, double_precision=True)
    w.add_histogram("h", np.arange(100), 1)
    w.add_text("t", "hello")
    w.add_image("im", np.zeros((3, 8, 8), np.uint8))
    w.add_scalars("many", {"x": 1, "y": 2}, 3)
    w.add_hparams({"lr": 0.1, "seed": 3, "opt": "sgd"}, {"final": 0.5})
with SummaryWriter("run", purge_step=150, filename_suffix=".2") as w:
    w.add_scalar("loss", 1000, 150)
from tensorboard.summary import Writer
w = Writer("tf2")
for i in range(50):
    w.add_scalar("loss", i / 7, i)
w.close()
"""


def test_what_torch_and_tensorboard_write_is_read(tmp_path: Path) -> None:
    write("tensorboard torch", TORCH, tmp_path)
    run, second = read_runs([tmp_path], [READER]).runs
    at = np.arange(150)
    expected = np.where(at == 4, np.nan, np.float32(at / 3))
    np.testing.assert_array_equal(run.metrics["loss"].values, [*expected, 1000])
    np.testing.assert_array_equal(run.metrics["new"].values, np.float32(at / 3))
    np.testing.assert_array_equal(run.metrics["double"].values, at / 3)
    assert run.config == {"lr": 0.1, "seed": 3, "opt": "sgd"}
    assert {"many/x", "many/y", "final"} < set(run.metrics) and "h" not in run.metrics
    np.testing.assert_array_equal(second.metrics["loss"].values, np.float32(np.arange(50) / 7))
    assert not second.lost


def test_our_own_event_files_are_as_tensorboards(tmp_path: Path) -> None:
    write(
        "tensorboard",
        """
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter
with open("real", "wb") as file:
    w = RecordWriter(file)
    w.write(Event(wall_time=1.5e9, file_version="brain.Event:2").SerializeToString())
    for i in (0, 1, 300):
        value = Summary.Value(tag="loss", simple_value=i)
        w.write(Event(wall_time=1.5e9, step=i, summary=Summary(value=[value])).SerializeToString())
    w.write(Event(wall_time=1.5e9, step=7, session_log=SessionLog(status=1)).SerializeToString())
""",
        tmp_path,
    )
    ours = framed(VERSION, *loss(0, 1, 300), restarts(7))
    assert (tmp_path / "real").read_bytes() == ours
