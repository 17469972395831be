"""The files of the Python code that a study names, found without running any of it."""

import ast
import functools
import site
import sysconfig
from collections import deque
from collections.abc import Iterable, Iterator
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec, resolve_name
from pathlib import Path

import paribus
from paribus.io.reading import UnfitError, read_whole
from paribus.search_path import local_folders

#: Bytes of a file of code, far above any that a person writes.
LARGEST = 1 << 26


def code_files(modules: Iterable[str]) -> tuple[Path, ...]:
    """The files of these modules and of all that they import, in the order they are met in.

    An import counts wherever it stands in the text, with the packages around what it names. What
    is installed, Python's own modules included, is left out unless it is one of `modules`.

    Raises:
        ReadError: a file can't be read now.
    """
    named = tuple(dict.fromkeys(modules))
    waiting, seen = deque(named), set[str]()
    files: dict[Path, None] = {}
    while waiting:
        for spec in _on_the_way(waiting.popleft()):
            if spec.name in seen:
                continue
            seen.add(spec.name)
            file = _file(spec)
            if file is not None and (spec.name in named or not _is_installed(file)):
                files[file] = None
                waiting.extend(_imports(spec, file))
    return tuple(files)


def _on_the_way(name: str) -> Iterator[ModuleSpec]:
    """Each package on the way to a module, then the module, as far as they can be found."""
    first, *parts = name.split(".")
    spec = _top(first)
    while spec is not None:
        yield spec
        places = spec.submodule_search_locations
        # Asking `find_spec` for a module inside a package would import the package.
        spec = PathFinder.find_spec(f"{spec.name}.{parts.pop(0)}", places) if parts else None


def _top(name: str) -> ModuleSpec | None:
    try:
        spec = find_spec(name) if name else None
    except ValueError:  # a module that was made by hand
        return None
    # Local folders come last, as when the study is run.
    return spec or PathFinder.find_spec(name, local_folders())


def _file(spec: ModuleSpec) -> Path | None:
    """None for what is built in, and for a folder without a file of its own."""
    return Path(spec.origin) if spec.has_location and spec.origin else None


def _is_installed(file: Path) -> bool:
    file = file.resolve()
    return any(file.is_relative_to(folder) for folder in _installed())


@functools.cache
def _installed() -> tuple[Path, ...]:
    """Where Python's own modules and installed packages lie, Paribus among them."""
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    folders = [sysconfig.get_path(name) for name in names]
    folders += [*site.getsitepackages(), site.getusersitepackages()]
    return (Path(paribus.__file__).parent, *(Path(folder).resolve() for folder in folders))


def _imports(spec: ModuleSpec, file: Path) -> Iterator[str]:
    """The names that a module's text imports, some of which may be no modules."""
    if file.suffix != ".py":
        return
    try:
        tree = ast.parse(read_whole(file, LARGEST))
    except (UnfitError, SyntaxError, ValueError, RecursionError, MemoryError):
        return  # said when the code is run, if it is
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (source := _source(node, spec)):
            yield from (f"{source}.{alias.name}" for alias in node.names)


def _source(node: ast.ImportFrom, spec: ModuleSpec) -> str:
    """The module that names are imported from; "" where there is none."""
    package = spec.name if spec.submodule_search_locations is not None else spec.parent
    try:
        return resolve_name("." * node.level + (node.module or ""), package or "").rstrip(".")
    except ImportError:  # it would fail where it stands, too
        return ""
