"""The files of the Python code that a study names, found without running any of it."""

import ast
import hashlib
from collections.abc import Iterable, Iterator
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import resolve_name
from pathlib import Path

from paribus.io.reading import UnfitError, read_whole
from paribus.search_path import local_folders, safe_path

#: Bytes of a file of code, far above any that a person writes.
LARGEST = 1 << 26


def code_files(kinds: Iterable[str]) -> dict[str, str]:
    """The file of each module that is named as `package.module:callable`, with its SHA-256.

    With it come the modules that it imports, as far as its text says, out of the same package or
    of the folder where the study is run; what is installed beside is left out.

    Raises:
        ReadError: a file can't be read now.
    """
    waiting = [kind.partition(":")[0] for kind in kinds]
    named = {name.partition(".")[0] for name in waiting}
    seen: set[str] = set()
    files: dict[str, str] = {}
    while waiting:
        for spec, local in _on_the_way(waiting.pop()):
            if spec.name in seen or not (local or spec.name.partition(".")[0] in named):
                continue
            seen.add(spec.name)
            try:
                content = read_whole(Path(spec.origin or ""), LARGEST)
            except UnfitError:  # built in, or a folder without a file of its own
                continue
            files[str(spec.origin)] = hashlib.sha256(content).hexdigest()
            waiting += _imported(content, spec)
    return dict(sorted(files.items()))


def _on_the_way(name: str) -> Iterator[tuple[ModuleSpec, bool]]:
    """Each package on the way to a module, then it, and whether it is a local one's."""
    first, *parts = name.split(".")
    spec = PathFinder.find_spec(first, safe_path())
    local = spec is None
    if local:  # these come last, as when the study is run
        spec = PathFinder.find_spec(first, local_folders())
    while spec is not None:
        yield spec, local
        places = spec.submodule_search_locations
        if not parts or places is None:
            return
        spec = PathFinder.find_spec(f"{spec.name}.{parts.pop(0)}", places)


def _imported(source: bytes, spec: ModuleSpec) -> Iterator[str]:
    """The names that a module's text imports, some of which may be no modules."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _base(node, spec)
            yield from (f"{base}.{alias.name}" for alias in node.names if base)


def _base(node: ast.ImportFrom, spec: ModuleSpec) -> str:
    """The module that names are imported from; "" where there is none."""
    package = spec.name if spec.submodule_search_locations is not None else spec.parent
    try:
        return resolve_name("." * node.level + (node.module or ""), package or "").rstrip(".")
    except ImportError:
        return ""
