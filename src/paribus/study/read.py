"""A study file becomes a Study, or a list of everything wrong with it by line and column."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from paribus.errors import Problem, StudyError
from paribus.study.check import study_faults, validate
from paribus.study.config import Engine, OwnNetwork
from paribus.study.plan import settings
from paribus.study.spec import Study
from paribus.study.tree import load, plain, problem, read_text

#: Far above any study a person writes; more is a mistake or an attack. In bytes, and in keys and
#: values.
LARGEST, MOST_VALUES = 100_000, 2_000


def read_study(
    path: Path | str,
    *,
    seeds: int | Mapping[str, Any] | None = None,
    epochs: int | None = None,
    engine: Engine | None = None,
) -> Study:
    """Read a study file; `seeds`, `epochs` and `engine`, where given, replace the study's own.

    Args:
        seeds: a number, or `{"until": "decided", "looks": [5, 8, 12, 20]}`.

    Raises:
        StudyError: with every problem, each at its line and column.
    """
    path = Path(path)
    study = parse_study(read_text(path, "a study", LARGEST), str(path))
    given = {"seeds": seeds, "epochs": epochs, "engine": engine}
    replaced = {key: value for key, value in given.items() if value is not None}
    return Study.model_validate(study.model_dump() | replaced)


def require_permission(study: Study, path: Path) -> None:
    """Refuse a study that names Python code to run, unless the user has allowed it.

    Raises:
        StudyError: naming the settings and the code.
    """
    named = {
        f"{s.name} names {s.config.network.kind}"
        for s in settings(study)
        if isinstance(s.config.network, OwnNetwork)
    }
    if named:
        message = (
            f"{'; '.join(sorted(named))}. A study that names a Python module runs its code with "
            "your rights: read it, then add --allow-code"
        )
        raise StudyError(str(path), [Problem(1, 1, "network.kind", message)])


def parse_study(text: str, file: str = "study.yaml") -> Study:
    """Read a study from text; `file` is the name that problems carry.

    Raises:
        StudyError: with every problem, each at its line and column.
    """
    tree = load(text, file, MOST_VALUES)
    values = plain(tree)
    found = [*validate(Study, values), *study_faults(values)]
    if found:
        raise StudyError(file, [problem(tree, fault) for fault in found])
    return Study.model_validate(values)
