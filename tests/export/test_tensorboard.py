"""Event files, read back by TensorBoard and by Paribus."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from export.made import (
    by_library,
    by_paribus,
    expected,
    hostile_results,
    points,
    same,
    some_results,
    table,
)
from paribus.export.runs import ExportedRun
from paribus.export.tensorboard import folder_name

READ = """
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import metadata
found = {}
for place in folder.glob("*/seed-*"):
    read = EventAccumulator(str(place), size_guidance={"scalars": 0}).Reload()
    plugin = read.summary_metadata[metadata.SESSION_START_INFO_TAG].plugin_data
    begin = metadata.parse_session_start_info_plugin_data(plugin.content)
    plugin = read.summary_metadata[metadata.SESSION_END_INFO_TAG].plugin_data
    end = metadata.parse_session_end_info_plugin_data(plugin.content)
    found[f"{place.parent.name}/{place.name}"] = {
        "scalars": {
            tag: [[of.step, of.value] for of in read.Scalars(tag)]
            for tag in read.Tags()["scalars"]
        },
        "hparams": {
            name: getattr(of, of.WhichOneof("kind")) for name, of in begin.hparams.items()
        },
        "group": begin.group_name, "start": begin.start_time_secs,
        "status": end.status, "end": end.end_time_secs,
    }
"""
#: Of the hparams plugin.
SUCCESS, FAILURE = 1, 2


def in_32_bits(run: ExportedRun) -> dict[str, Any]:
    return {
        name: [[at, np.float32(value)] for at, value in rows] for name, rows in points(run).items()
    }


@pytest.mark.parametrize("made", ["some_results", "hostile_results", "bare_results"])
def test_every_value_is_read_back(tmp_path: Path, made: str) -> None:
    found = by_library("tensorboard", made, "tensorboard", READ, tmp_path)
    own = by_paribus(tmp_path / "into")
    from export import made as module

    wanted = expected(getattr(module, made)(Path("out")))
    assert set(found) == {f"{setting}/seed-{seed}" for setting, seed in wanted}
    assert set(own) == set(wanted)
    for key, run in wanted.items():
        there = found[run.title]
        same(there["scalars"], in_32_bits(run))
        same(table(own[key]), in_32_bits(run))
        assert there["hparams"] == run.parameters == dict(own[key].config)
        assert there["status"] == (SUCCESS if run.status == "finished" else FAILURE)
        assert (there["group"], there["start"]) == (run.setting, run.started or 0)


def test_failed_runs_are_among_what_is_tested() -> None:
    for results in (some_results(Path("out")), hostile_results(Path("out"))):
        assert [run.status for run in expected(results).values()].count("failed") == 1


@pytest.mark.parametrize(
    ("setting", "folder"),
    [
        ("batch-norm", "batch-norm"),
        ("mixup=0.2, cutmix", "mixup=0.2, cutmix"),
        ("../../etc", "..%2F..%2Fetc"),
        ("..", "%2E%2E"),
        (".", "%2E"),
        ("a\0b\n", "a%00b%0A"),
    ],
)
def test_a_settings_folder_lies_in_the_export(setting: str, folder: str) -> None:
    assert folder_name(setting) == folder


def test_long_names_stay_different_and_short_enough() -> None:
    one, other = folder_name("ä" * 300 + "1"), folder_name("ä" * 300 + "2")
    assert one != other and len(one) < 255
