"""How the results were made, and how to make them again."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ruamel.yaml import YAML

from paribus.records.types import DataFacts, Environment
from paribus.report import words
from paribus.report.blocks import Block, Cell, Code, Paragraph, Section, Table
from paribus.report.summary import Summary
from paribus.study.spec import Study

Row = tuple[str, tuple[Cell, ...]]


def provenance(summary: Summary) -> Section:
    """Versions, machine, data and dates, the study file, and the command."""
    blocks: list[Block] = [_table(summary)]
    if _differ([environment for environment, _ in environments(summary)]):
        blocks.append(
            Paragraph(
                "The runs come from more than one machine or version: the last bits of their "
                "numbers depend on it, and their training times can't be compared."
            )
        )
    if elsewhere := went_on_elsewhere(summary):
        blocks.append(
            Paragraph(
                f"Not exact: {words.listed(elsewhere)} went on after an interruption under another "
                "PyTorch, engine, processor type or number of threads, as was asked for. The last "
                "bits are not those of a run in one place, and can't be had again."
            )
        )
    blocks += [
        Code("The study", study_file(summary.study)),
        Code("Kept as study.yaml, it is run again by", "paribus run study.yaml"),
    ]
    return Section("provenance", "How it was made", blocks)


def went_on_elsewhere(summary: Summary) -> list[str]:
    """The runs that were trained in more than one place, where the last bits differ."""
    return [
        f"{words.name(record.facts.setting)}, seed {record.facts.seed}"
        for record in summary.records
        if record.facts.other_machines
    ]


def _differ(found: Sequence[Environment]) -> bool:
    """Whether there are several machines or versions; a study may be about engines, not builds."""
    elsewhere = {its.model_copy(update={"engine": None}) for its in found}
    builds = {its.engine for its in found if its.engine}
    return max(len(elsewhere), len(builds)) > 1


def environments(summary: Summary) -> list[tuple[Environment, int]]:
    """Every machine and set of versions, with the number of its runs, the commonest first."""
    return Counter(record.facts.environment for record in summary.records).most_common()


def study_file(study: Study) -> str:
    """A study as YAML, without what is at its default."""
    file = io.StringIO()
    yaml = YAML()
    yaml.default_flow_style = None
    yaml.width = 96
    yaml.dump(_short(study), file)
    return file.getvalue().strip()


def _short(study: Study) -> dict[str, Any]:
    whole = study.model_dump(mode="json")
    short = study.model_dump(mode="json", exclude_defaults=True)
    # The kind decides which keys a section may have, so it stays although it has a default.
    kinds = {
        key: {"kind": whole[key]["kind"]} | part
        for key, part in short.items()
        if _kind(part, whole[key])
    }
    last = ("seeds", "baseline", "variations")
    first = ["name", *(key for key in short if key not in {"name", *last})]
    return {key: kinds.get(key, short[key]) for key in (*first, *last) if key in short}


def _kind(part: Any, whole: Any) -> bool:
    return isinstance(part, dict) and "kind" in whole


def _table(summary: Summary) -> Table:
    rows: list[Row] = []
    for environment, runs in environments(summary):
        rows += [_text("Runs", words.whole(runs)), *_environment(environment)]
    data = dict.fromkeys(record.facts.data for record in summary.records)
    rows += [row for facts in data for row in _data(facts)]
    rows += _dates(summary)
    rows += _interruptions(summary)
    return Table("Machine, versions, data and dates", ("", ""), tuple(rows), numeric=False)


def _environment(environment: Environment) -> list[Row]:
    commit = environment.git_commit or "not from a checkout"
    changed = ", with uncommitted changes" if environment.git_dirty else ""
    return [
        _text("Paribus", environment.paribus),
        _text("Commit", f"{commit}{changed}"),
        _text("Python", environment.python),
        _text("PyTorch", environment.torch),
        _text("Engine", _engine(environment)),
        _text("NumPy", environment.numpy),
        _text("System", environment.platform),
        _text("Processor", f"{environment.cpu}, {environment.cpu_capability}"),
        _text("Threads a run", words.whole(environment.threads)),
    ]


def _engine(environment: Environment) -> str:
    if environment.engine is None:
        return "PyTorch"
    its = environment.engine
    return f"Paribus's own, built for {its.build}, SHA-256 {its.digest}"


def _data(data: DataFacts) -> list[Row]:
    images = words.whole(data.training + data.validation + data.test)
    return [
        _text("Data", f"{words.readable(data.source)}, {images} images"),
        _text("Data fingerprint", data.fingerprint),
    ]


def _dates(summary: Summary) -> list[Row]:
    facts = [record.facts for record in summary.records]
    first, last = min(its.started for its in facts), max(its.ended for its in facts)
    minutes = sum(its.train_seconds for its in facts) / 60
    return [
        _text("Trained", f"{_minute(first)} to {_minute(last)} UTC"),
        _text("Training steps in all", f"{minutes:,.1f}{words.NO_BREAK}minutes of one core"),
    ]


def _interruptions(summary: Summary) -> list[Row]:
    facts = [record.facts for record in summary.records]
    rows = []
    if resumes := sum(its.resumes for its in facts):
        many = words.count(resumes, "time")
        bits = "" if went_on_elsewhere(summary) else ", to the same bits"
        rows.append(_text("Gone on from a checkpoint", f"{many}{bits}"))
    if retries := sum(its.retries for its in facts):
        rows.append(_text("Tried again after a kill", words.count(retries, "time")))
    if peak := max((its.peak_memory or 0 for its in facts), default=0):
        rows.append(_text("Memory of a process at most", f"{peak / 2**20:,.0f}{words.NO_BREAK}MiB"))
    return rows


def _minute(moment: str) -> str:
    return f"{datetime.fromisoformat(moment):%Y-%m-%d %H:%M}"


def _text(title: str, text: str) -> Row:
    return title, (Cell(words.name(text)),)
