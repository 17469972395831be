"""Paribus: change one thing in a network; learn what it really did.

>>> import paribus
>>> results = paribus.run(paribus.read_study("studies/digits.yaml"), "out/digits")
>>> results.table("runs")
"""

# Nothing is imported here, not even from `typing`: `python -m paribus` has the current folder on
# its path until `__main__` removes it. A type checker takes this name for `typing`'s own.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from paribus.api import run
    from paribus.errors import ParibusError, StudyError
    from paribus.pipeline import rebuild_report
    from paribus.results import Results, read_results
    from paribus.study.read import read_study
    from paribus.study.spec import Study

__version__ = "0.1.0"
__all__ = [
    "ParibusError",
    "Results",
    "Study",
    "StudyError",
    "read_results",
    "read_study",
    "rebuild_report",
    "run",
]

_HOMES = {
    "ParibusError": "paribus.errors",
    "StudyError": "paribus.errors",
    "Results": "paribus.results",
    "read_results": "paribus.results",
    "rebuild_report": "paribus.pipeline",
    "run": "paribus.api",
    "read_study": "paribus.study.read",
    "Study": "paribus.study.spec",
}


def __getattr__(name: str) -> "Any":
    # Imported when first used: `paribus --help` should not wait for pandas.
    if name not in _HOMES:
        raise AttributeError(f"module 'paribus' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)
