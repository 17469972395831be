"""Paribus: change one thing in a network; learn what it really did.

>>> import paribus
>>> results = paribus.run(paribus.read_study("study.yaml"), "out/study")
>>> results.table("runs")
"""

# Nothing is imported here, not even from `typing`: `python -m paribus` has the current folder on
# its path until `__main__` removes it. A type checker takes this name for `typing`'s own.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from paribus.api import compare, run
    from paribus.errors import ParibusError, StudyError
    from paribus.export.write import export_runs
    from paribus.generators import Streams, streams
    from paribus.pipeline import rebuild_report
    from paribus.results import Results, read_results
    from paribus.scripts.outcome import Outcome
    from paribus.study.read import read_study
    from paribus.study.scripted import ScriptedStudy
    from paribus.study.spec import Study

__version__ = "0.1.0"
__all__ = [
    "Outcome",
    "ParibusError",
    "Results",
    "ScriptedStudy",
    "Streams",
    "Study",
    "StudyError",
    "compare",
    "export_runs",
    "read_results",
    "read_study",
    "rebuild_report",
    "run",
    "streams",
]

_HOMES = {
    "Outcome": "paribus.scripts.outcome",
    "ParibusError": "paribus.errors",
    "StudyError": "paribus.errors",
    "Results": "paribus.results",
    "read_results": "paribus.results",
    "export_runs": "paribus.export.write",
    "rebuild_report": "paribus.pipeline",
    "compare": "paribus.api",
    "run": "paribus.api",
    "streams": "paribus.generators",
    "Streams": "paribus.generators",
    "read_study": "paribus.study.read",
    "Study": "paribus.study.spec",
    "ScriptedStudy": "paribus.study.scripted",
}


def __getattr__(name: str) -> "Any":
    # Imported when first used: `paribus --help` should not wait for pandas.
    if name not in _HOMES:
        raise AttributeError(f"module 'paribus' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)
