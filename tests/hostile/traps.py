"""Files that would be taken for Python's own modules by a process that looks beside itself."""

import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from importlib.metadata import packages_distributions
from pathlib import Path

#: Modules that others import where they are installed, and Python's at its start.
OPTIONAL = {"bottleneck", "numba", "numexpr", "pyarrow", "sitecustomize", "usercustomize"}


@contextmanager
def trapped(*folders: Path, but_for: Collection[str] = ()) -> Iterator[None]:
    """Put a file in the folders for every module that there is; none of them may be imported."""
    tripped = folders[0] / "tripped"
    names = {*sys.stdlib_module_names, *packages_distributions(), *OPTIONAL} - {*but_for}
    files = [folder / f"{name}.py" for folder in folders for name in names]
    for file in files:
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"open({str(tripped)!r}, 'a').write({str(file)!r} + '\\n')")
    yield
    assert not tripped.exists(), tripped.read_text()
    for file in files:
        file.unlink()
