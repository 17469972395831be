"""The files of the Python code that a study names, found without running any of it."""

import ast
import functools
import os
import shlex
import site
import sysconfig
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec, resolve_name
from itertools import pairwise
from pathlib import Path

import paribus
from paribus.errors import SourceError
from paribus.io.reading import UnfitError, read_whole
from paribus.search_path import local_folders
from paribus.study.trainer import GIVEN, Call, Command

#: Bytes of a file of code, far above any that a person writes.
LARGEST = 1 << 26
#: Files that a script depends on: each is read before every study.
MOST_FILES = 10_000


def code_files(modules: Iterable[str], near: Sequence[str] = ()) -> tuple[Path, ...]:
    """The files of these modules and of all that they import, in the order they are met in.

    An import counts wherever it stands in the text, with the packages around what it names. What
    is installed, Python's own modules included, is left out unless it is one of `modules`.

    Args:
        near: folders that are looked in before all others.

    Raises:
        ReadError: a file can't be read now.
    """
    named = tuple(dict.fromkeys(modules))
    waiting, seen = deque(named), set[str]()
    files: dict[Path, None] = {}
    while waiting:
        for spec in _on_the_way(waiting.popleft(), near):
            if spec.name in seen:
                continue
            seen.add(spec.name)
            file = _file(spec)
            if file is not None and (spec.name in named or not is_installed(file)):
                files[file] = None
                waiting.extend(_imports(spec, file))
    return tuple(files)


def script_files(script: Path) -> tuple[Path, ...]:
    """A script, and the modules in its folder that it imports, if it is Python's.

    Raises:
        ReadError: a file can't be read now.
    """
    spec = ModuleSpec("__main__", None)
    files = code_files(_imports(spec, script), [str(script.parent.absolute())])
    return (script, *(file for file in files if not is_installed(file)))


def command_files(command: str) -> tuple[Path, ...]:
    """The files that a command names, and of Python's also what they import from their folder.

    Programs in machine code are left out.

    Raises:
        ReadError: a file can't be read now.
    """
    try:
        words = shlex.split(command)
    except ValueError:  # a shell's own syntax
        words = command.split()
    files: dict[Path, None] = {}
    for before, word in pairwise(["", *words]):
        if before == "-m":
            files |= dict.fromkeys(f for f in code_files([word]) if not is_installed(f))
        elif "{" not in word and (path := Path(word)).is_file() and not _is_machine_code(path):
            files |= dict.fromkeys(script_files(path))
    return tuple(files)


def trainer_files(trainer: Command | Call) -> tuple[Path, ...]:
    """All files that decide what a script does, as far as they can be found without running it.

    Raises:
        SourceError: a file that it depends on isn't there, or there are too many.
        ReadError: a file can't be read now.
    """
    files: dict[Path, None] = {}
    if isinstance(trainer, Command):
        files |= dict.fromkeys(command_files(trainer.command))
    elif not trainer.call.startswith(GIVEN):
        module = trainer.call.partition(":")[0]
        files |= dict.fromkeys(f for f in code_files([module]) if not is_installed(f))
    for declared in trainer.depends:
        if not Path(declared).exists():
            raise SourceError(f"trainer.depends: there is no file or folder {declared}")
        files |= dict.fromkeys(files_below(Path(declared)))
    if len(files) > MOST_FILES:
        raise SourceError(f"trainer: expected at most {MOST_FILES:,} files, got {len(files):,}")
    return tuple(files)


def files_below(path: Path) -> tuple[Path, ...]:
    """A file, or all files in a folder and below it, but hidden ones and what Python compiled."""
    if not path.is_dir():
        return (path,)
    found: list[Path] = []
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not _is_passing(name))
        found += [Path(folder, name) for name in sorted(names) if not _is_passing(name)]
    return tuple(found)


def _is_passing(name: str) -> bool:
    return name.startswith(".") or name == "__pycache__"


def _is_machine_code(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) in _MACHINE_CODE


#: The first bytes of programs on Linux and on macOS.
_MACHINE_CODE = (b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")


def _on_the_way(name: str, near: Sequence[str]) -> Iterator[ModuleSpec]:
    """Each package on the way to a module, then the module, as far as they can be found."""
    first, *parts = name.split(".")
    spec = PathFinder.find_spec(first, near) if first and near else None
    spec = spec or _top(first)
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


def is_installed(file: Path) -> bool:
    """Whether a file is of Python's own modules or of an installed package, Paribus among them."""
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
