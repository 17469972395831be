"""results.json: the report's numbers for other programs; docs/results-json.md documents it."""

from dataclasses import asdict
from typing import Any

import pandas as pd

from paribus.io.strict_json import dumps
from paribus.narrative.numbers import Spread
from paribus.narrative.planned import on_ledger
from paribus.records.types import RunFacts
from paribus.report.sections.provenance import environments
from paribus.results import Results
from paribus.tables.by_setting import SettingResult

#: Raised when a key changes its meaning or goes away.
FORMAT = 2


def results_json(results: Results) -> str:
    """Study, settings, runs, pairing and environments; what is no finite number is null."""
    data = dict.fromkeys(record.facts.data for record in results.records)
    content = {
        "format": FORMAT,
        "study": results.study.model_dump(mode="json"),
        "settings": [_setting(result, results.baseline) for result in results.settings],
        "runs": _rows(results.tables["runs"]),
        "absent": [{"setting": run.setting.name, "seed": run.seed} for run, _ in results.absent],
        "missing": list(results.missing),
        "comparisons": _rows(results.tables["comparisons"]),
        "pairs": _rows(results.tables["pairs"]),
        "claims": _rows(results.tables["claims"]),
        "ledger": {
            "known": results.ledger.known,
            "says": on_ledger(results.ledger),
            "changes": [asdict(change) for change in results.ledger.changes],
        },
        "observations": [
            {
                "topic": of.topic,
                "says": of.says,
                "text": of.text,
                "numbers": of.numbers,
                "figure": of.figure,
            }
            for of in results.observations
        ],
        "undecided": results.observed.open,
        "pairing": [asdict(pairing) for pairing in results.drawn or results.pairings],
        "data": [facts.model_dump(mode="json") for facts in data],
        "interruptions": [
            _interruptions(record.facts)
            for setting in results.settings
            for record in setting.records
        ],
        "environments": [
            {**environment.model_dump(mode="json"), "runs": runs}
            for environment, runs in environments(results)
        ],
    }
    return dumps(content, indent=1, ensure_ascii=False) + "\n"


def _setting(result: SettingResult, baseline: SettingResult) -> dict[str, Any]:
    return {
        "name": result.name,
        "baseline": result is baseline,
        "changes": {
            path: {"from": before, "to": after}
            for path, (before, after) in result.setting.changes.items()
        },
        "layers": list(result.network.layers) or None,
        "parameters": result.network.parameters,
        "multiply_adds": result.network.multiply_adds,
        "finished": [record.facts.seed for record in result.finished],
        "failed": [record.facts.seed for record in result.failed],
        "metrics": {name: _spread(result.spread(name)) for name in map(str, result.by_seed)},
        "differences": {
            name: _spread(result.difference(name, baseline))
            for name in map(str, result.by_seed)
            if result is not baseline
        },
    }


def _interruptions(facts: RunFacts) -> dict[str, Any]:
    return {
        "setting": facts.setting,
        "seed": facts.seed,
        "resumes": facts.resumes,
        "retries": facts.retries,
        "other_machines": [each.model_dump(mode="json") for each in facts.other_machines],
    }


def _spread(spread: Spread) -> dict[str, Any]:
    return {"mean": spread.mean, "sd": spread.sd, "n": spread.n}


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {str(name): None if pd.isna(value) else value for name, value in row.items()}
        for row in frame.astype(object).to_dict("records")
    ]
