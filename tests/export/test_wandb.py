"""W&B's offline runs, read back by W&B's own records, and by Paribus.

W&B has no reader of its log but the one that uploads it; its records are those of its library.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from export import made
from export.made import by_library, by_paribus, expected, same, table
from paribus.errors import ExportError
from paribus.export import wandb
from paribus.export.runs import ExportedRun
from paribus.export.target import fitted
from sources.writers import a_log

READ = """
import zlib
from wandb.proto.wandb_internal_pb2 import Record

def records(log):
    at, whole = 7, b""
    while at < len(log):
        if 32768 - at % 32768 < 7:
            at += 32768 - at % 32768
        head, size = log[at : at + 7], int.from_bytes(log[at + 4 : at + 6], "little")
        data = log[at + 7 : at + 7 + size]
        assert zlib.crc32(head[6:] + data) == int.from_bytes(head[:4], "little")
        whole, at = whole + data, at + 7 + size
        if head[6] in (1, 4):  # alone, or the last part
            yield Record.FromString(whole)
            whole = b""

found = []
for path in (folder / "wandb").glob("offline-run-*/run-*.wandb"):
    run = {"history": {}, "summary": {}, "config": {}}
    for record in records(path.read_bytes()):
        kind = record.WhichOneof("record_type")
        if kind == "run":
            run |= {
                "id": record.run.run_id, "project": record.run.project, "notes": record.run.notes,
                "group": record.run.run_group, "name": record.run.display_name,
            }
            run["config"] |= {i.key: json.loads(i.value_json) for i in record.run.config.update}
        elif kind == "history":
            for item in record.history.item:
                name, value = ".".join(item.nested_key) or item.key, json.loads(item.value_json)
                run["history"].setdefault(name, []).append([record.history.step.num, value])
        elif kind == "summary":
            for item in record.summary.update:
                name = ".".join(item.nested_key) or item.key
                run["summary"][name] = json.loads(item.value_json)
        elif kind == "exit":
            run["exit"] = record.exit.exit_code
    found.append(run)
"""


def history(run: ExportedRun) -> dict[str, Any]:
    return {
        name: [[at, value] for at, value in zip(c.at.tolist(), c.values.tolist(), strict=True)]
        for name, c in run.curves.items()
    }


@pytest.mark.parametrize("name", ["some_results", "hostile_results", "bare_results"])
def test_every_value_is_read_back(tmp_path: Path, name: str) -> None:
    found = by_library("wandb", name, "wandb", READ, tmp_path)
    own = by_paribus(tmp_path / "into")
    results = getattr(made, name)(Path("out"))
    runs, _ = fitted(tuple(expected(results).values()), wandb.TARGET)
    by_wandb = {(run["config"]["setting"], run["config"]["seed"]): run for run in found}
    assert len(found) == len(runs) == len(own)
    for run in runs:
        key = run.setting, run.seed
        there = by_wandb[key]
        logged = {k: v for k, v in there["history"].items() if not k.startswith("_")}
        same(logged, history(run))
        assert {k: there["summary"][k] for k in run.metrics} == run.metrics
        assert {k: v for k, v in there["config"].items() if k != "_wandb"} == run.parameters
        assert (there["group"], there["name"], there["notes"]) == (
            run.setting, run.title, run.message,
        )  # fmt: skip
        project = results.study.name.replace(made.HOSTILE_STUDY, "What- a-b- c")
        assert (there["id"], there["project"]) == (run.identity, project)
        assert there["exit"] == (0 if run.status == "finished" else 1)
        assert own[key].status == run.status and own[key].group == run.setting
        assert dict(own[key].config) == run.parameters
        read = table(own[key])
        same({k: read[k] for k in run.curves}, history(run))
        assert {k: read[k][-1][1] for k in run.metrics} == run.metrics
        assert set(read) == {*run.metrics, *run.curves}


WHOLE = a_log([{"loss": 0.5}])


@pytest.mark.parametrize("log", [WHOLE[:-1], a_log([{"loss": 0.5}], exit_code=None)])
def test_a_log_that_is_not_whole_is_an_error(tmp_path: Path, log: bytes) -> None:
    place = tmp_path / "wandb" / "offline-run-20261129_171743-abc" / "run-abc.wandb"
    place.parent.mkdir(parents=True)
    place.write_bytes(WHOLE)
    wandb.require_whole(tmp_path)
    place.write_bytes(log)
    with pytest.raises(ExportError, match="W&B has not written all of wandb/offline-run-"):
        wandb.require_whole(tmp_path)
