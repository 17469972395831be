"""Results whose every text is a payload, as a stranger may send them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np

from hostile.payloads import HTML, PAYLOADS
from paribus import pipeline
from paribus.metrics.interventions import interventions
from paribus.records.analyses import write_explanations, write_interventions
from paribus.records.file_names import keep_file_names
from paribus.records.images import original_name, seen_name
from paribus.records.store import read_record, run_folder, write_record
from paribus.records.types import Explanations, Failure, Interventions, Record, RunFacts
from paribus.study.read import write_study_copy
from paribus.study.spec import Study
from report.explored import square
from synthetic import make_records, make_study

#: Facts whose texts the program itself compares or reads as something; all others are anybody's.
OWN = {
    "fingerprint",
    "status",
    "started",
    "ended",
    "setting",
    "baseline",
    "config",
    "changes",
    "classes",
}


def line(text: str) -> str:
    """A payload as a study may hold it: a line of at most 300 letters."""
    plain = "".join(" " if unicodedata.category(c) in {"Cc", "Zl", "Zp"} else c for c in text)
    return plain.strip()[:300] or "x"


def poisoned(node: Any, texts: Iterator[str]) -> Any:
    """A tree of JSON with a payload in the place of every text that may be anything."""
    if isinstance(node, dict):
        return {k: v if k in OWN else poisoned(v, texts) for k, v in node.items()}
    if isinstance(node, list):
        return [poisoned(value, texts) for value in node]
    return next(texts) if isinstance(node, str) else node


def poison(record: Record, classes: Sequence[str], texts: Iterator[str]) -> Record:
    """A record all of whose texts are payloads, with payloads as the names of parameters."""
    plain = poisoned(record.facts.model_dump(mode="json"), texts)
    plain["data"]["classes"] = list(classes)
    plain["streams"]["initial_values"] = {next(texts): next(texts) for _ in range(4)}
    plain["network"]["layers"] = [next(texts) for _ in range(5)]
    plain["network"]["varying"] = [next(texts)]
    plain["environment"]["engine"] = {"build": next(texts), "digest": next(texts)}
    plain["environment"]["device"] = {"kind": "cuda"} | {
        key: next(texts) for key in ("name", "driver", "libraries", "precision")
    }
    facts = RunFacts.model_validate(plain)
    if facts.failure is not None:
        facts = facts.model_copy(update={"failure": Failure(message=next(texts), epoch=1, step=1)})
    return replace(record, facts=facts)


def a_study(texts: Iterator[str]) -> Study:
    """A study all of whose sentences are payloads, with one that the network is called by."""
    study = make_study(seeds=2, epochs=2, settings=["main", "l2"], name=line(next(texts)))
    test = {"setting": "l2", "against": "main", "metric": "test_accuracy", "expect": "better"}
    claims = [{"id": f"c{n}", "says": line(next(texts)), "test": test} for n in range(25)]
    network = {"kind": "evil:net", "arguments": {text: text for text in HTML[:20]}}
    changes = {"variations": {"l2": {"optimizer.weight_decay": 1e-5}}, "network": network}
    own = {"claims": claims, "device": "cuda"}
    return Study.model_validate(study.model_dump() | own | changes)


def write_results(out: Path, classes: Sequence[str], first: int) -> None:
    """Records and report of two settings and two seeds, one run of which failed."""
    texts = cycle([*PAYLOADS[first:], *PAYLOADS[:first]])
    study = a_study(texts)
    images = max(72, len(classes))
    made = make_records(study, classes=classes, images=images, failing=("l2", 1))
    for record in made:
        write_record(out, poison(record, classes, texts), {})
        analyze(out, read_record(run_folder(out, record.facts.setting, record.facts.seed)))
    keep_file_names(out, {made[0].facts.data.fingerprint}, poisoned_files(made[0], texts))
    write_study_copy(out, study)
    pipeline.rebuild_report(out)


def poisoned_files(record: Record, texts: Iterator[str]) -> dict[int, str]:
    """A payload in the path of every test image; none of them leads out of its folder."""
    assert record.predictions is not None
    return {n: f"test/{next(texts).replace('..', '')}" for n in record.predictions.index.tolist()}


def analyze(out: Path, record: Record) -> None:
    """What an analyzed run leaves beside its record: explanations and images, here of all."""
    if record.predictions is None:
        return
    images, data = record.predictions.index, record.facts.data
    maps = np.ones((len(images), 2, 2), np.float32)
    near, labels = (
        np.stack([values, values], axis=1) for values in (images, record.predictions.labels)
    )
    why = Explanations(images, record.predictions.labels, maps, -maps, near, labels)
    write_explanations(out, record, why)
    names = [change.name for change in interventions((data.shape or (1,))[0])]
    given = dict.fromkeys(names, record.predictions.labels)
    write_interventions(out, record, Interventions(given, np.full(9, 0.5, np.float32)))
    (out / "images").mkdir(exist_ok=True)
    for index in images.tolist():
        for name in (original_name(index), seen_name(data.fingerprint, index)):
            (out / "images" / name).write_bytes(square("x"))
