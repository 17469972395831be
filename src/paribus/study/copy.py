"""The study kept with its results, so that a report can be written without its file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from paribus.errors import RecordError
from paribus.io.disk import write_file
from paribus.io.reading import read_inside
from paribus.records.analyses import current_name
from paribus.study.spec import Study

STUDY = "study.json"
#: Bytes that it may have, far above any that is written here.
LARGEST = 1 << 20


def write_study_copy(out: Path, study: Study) -> None:
    """Keep the study with its results, so that a report can be written without its file."""
    write_file(out / STUDY, study.model_dump_json(indent=1).encode())


def read_study_copy(out: Path) -> Study:
    """The study whose results lie in `out`.

    Raises:
        RecordError: if there is none, or it can't be read.
    """
    try:
        plain = json.loads(read_inside(out / STUDY, out, LARGEST))
        return Study.model_validate(_as_now(plain))
    except FileNotFoundError:
        raise RecordError(
            f"{out}: expected a folder that `paribus run` filled, got one without {STUDY}"
        ) from None
    except OSError as error:
        raise RecordError(f"{out / STUDY}: can't be read ({error.strerror})") from None
    except ValidationError as error:
        first = error.errors()[0]
        raise RecordError(
            f"{out / STUDY}: {'.'.join(map(str, first['loc']))}: {first['msg']}"
        ) from None
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise RecordError(f"{out / STUDY}: not a study ({reason})") from None


def _as_now(study: dict[str, Any]) -> dict[str, Any]:
    """A study in the words of today; one of format 1 names no primary metric."""
    if "primary" in study:
        return study
    claims = [claim | {"test": _test(claim["test"])} for claim in study["claims"]]
    variations = {
        name: {_KEYS.get(key, key): _color(key, value) for key, value in overrides.items()}
        for name, overrides in study["variations"].items()
    }
    data = {_KEYS.get(key, key): _color(key, value) for key, value in study["data"].items()}
    return study | {"data": data, "variations": variations, "claims": claims}


_KEYS = {"colour": "color", "data.colour": "data.color"}


def _color(key: str, value: Any) -> Any:
    return "gray" if key in _KEYS and value == "grey" else value


#: Metrics that have other names now.
_METRICS = {"generalisation_gap": "generalization_gap", "train_seconds": "train_cpu_seconds"}


def _test(test: dict[str, Any]) -> dict[str, Any]:
    metric = test.get("measure", "")
    kind, _, change = metric.partition(":")
    metric = f"drop:{current_name(change)}" if kind == "drop" else _METRICS.get(metric, metric)
    return {key: value for key, value in test.items() if key != "measure"} | {"metric": metric}
