"""TensorBoard's event files: a folder for each run, written by its library."""

import hashlib
import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from paribus.export.runs import ExportedRun
from paribus.export.target import Target
from paribus.io.disk import write_file
from paribus.sources.run import Value

#: Whole numbers beyond this aren't exact as hyperparameters, which are 64-bit floats.
_LARGEST = 1 << 53
#: Letters of a setting's name in that of its folder, in bytes.
_LONGEST = 200


def write(study: str, runs: Iterable[ExportedRun], folder: Path) -> None:
    """Write `<setting>/seed-<k>/events.out.tfevents.*`: scalars and hyperparameters."""
    from tensorboard.summary.writer.record_writer import RecordWriter

    for run in runs:
        content = io.BytesIO()
        records = RecordWriter(content)
        for event in _events(run):
            records.write(event.SerializeToString())
        name = f"events.out.tfevents.{round(run.ended or 0):010d}.paribus"
        place = folder / folder_name(run.setting) / f"seed-{run.seed}"
        write_file(place / name, content.getvalue())


def folder_name(setting: str) -> str:
    """A setting's name as a folder's: what leads elsewhere or nowhere is escaped."""
    name = quote(setting, safe=" !()+,=@[]{}~")
    if not name.strip("."):
        return name.replace(".", "%2E")
    if len(name) <= _LONGEST:
        return name
    return f"{name[:_LONGEST]}-{hashlib.sha256(setting.encode()).hexdigest()[:8]}"


def _events(run: ExportedRun) -> Iterator[Any]:
    """The records of a run's file: its version, its hyperparameters, then a value in each."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary

    when = run.ended or 0.0
    yield Event(wall_time=when, file_version="brain.Event:2")
    for value in _hparams(run):
        yield Event(wall_time=when, summary=Summary(value=[value]))
    for name, place, number in run.values():
        # In 32 bits: scalars in 64 are read by libraries, but not shown by TensorBoard itself.
        value = Summary.Value(tag=name, simple_value=number)
        yield Event(wall_time=when, step=int(place), summary=Summary(value=[value]))


def _hparams(run: ExportedRun) -> Iterator[Any]:
    """How the hparams plugin learns of a run: its start with all parameters, and its end.

    Runs of a setting are one group there, so that it shows their mean.
    """
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.plugins.hparams import api_pb2, metadata
    from tensorboard.plugins.hparams.plugin_data_pb2 import (
        HParamsPluginData,
        SessionEndInfo,
        SessionStartInfo,
    )

    begin = SessionStartInfo(group_name=run.setting, start_time_secs=run.started or 0.0)
    for name, value in run.parameters.items():
        _set(begin.hparams[name], value)
    status = api_pb2.STATUS_SUCCESS if run.status == "finished" else api_pb2.STATUS_FAILURE
    end = SessionEndInfo(status=status, end_time_secs=run.ended or 0.0)
    parts = {
        metadata.SESSION_START_INFO_TAG: HParamsPluginData(session_start_info=begin),
        metadata.SESSION_END_INFO_TAG: HParamsPluginData(session_end_info=end),
    }
    for tag, data in parts.items():
        yield Summary.Value(
            tag=tag,
            metadata=metadata.create_summary_metadata(data),
            tensor=metadata.NULL_TENSOR,
        )


def _set(entry: Any, value: Value) -> None:
    """One of `google.protobuf.Value`."""
    if value is None:
        entry.null_value = 0
    elif isinstance(value, bool):
        entry.bool_value = value
    elif isinstance(value, str) or abs(value) > _LARGEST:
        entry.string_value = str(value)
    else:
        entry.number_value = value


TARGET = Target("TensorBoard", write, library="tensorboard", look="tensorboard --logdir {folder}")
